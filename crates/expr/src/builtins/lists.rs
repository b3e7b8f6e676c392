//! Lists.

use crate::error::{Error, Result, fail};
use crate::eval::access;
use crate::eval::budget::Budget;
use crate::eval::equal;
use crate::eval::ops;
use crate::eval::value::{Key, List, MapKind, Val};
use std::cmp::Ordering;

/// `len`: elements, entries, or characters.
pub fn len(val: &Val) -> Result<Val> {
    Ok(Val::size(match val {
        Val::List(list) => list.len(),
        Val::Map(map) => map.entries().len(),
        Val::Text(text) => text.chars().count(),
        other => return fail!("invalid argument for len (type {})", other.type_name()),
    }))
}

/// `first` and `last`; nil where there is none.
pub fn end(val: &Val, first: bool) -> Val {
    let at = Val::int(if first { 0 } else { -1 });
    get(val, &at).unwrap_or(Val::Nil)
}

/// `get`; nil where there is none.
pub fn get(val: &Val, key: &Val) -> Result<Val> {
    match val {
        Val::List(_) | Val::Text(_) => {}
        // Not even a group without elements.
        Val::Map(map) if map.kind == MapKind::Groups => {
            return Ok(Key::of(key).and_then(|key| map.entries().get(&key)).cloned().unwrap_or(Val::Nil));
        }
        Val::Map(_) => return access::fetch(val, key),
        _ => return Ok(Val::Nil),
    }
    // What is no number is an error, what is beyond the ends is not.
    ops::to_int(key)?;
    Ok(access::fetch(val, key).unwrap_or(Val::Nil))
}

/// The kind of `val` as Go's reflection names it, for complaints.
pub fn kind(val: &Val) -> String {
    match val {
        Val::Nil => "invalid".to_owned(),
        Val::List(_) => "slice".to_owned(),
        Val::Map(_) => "map".to_owned(),
        Val::Time(_) | Val::Struct(_) => "struct".to_owned(),
        Val::Duration(_) => "int64".to_owned(),
        Val::Function(_) => "func".to_owned(),
        other => other.type_name(),
    }
}

fn list<'v>(val: &'v Val, what: &str) -> Result<&'v List> {
    match val {
        Val::List(list) => Ok(list),
        other => fail!("cannot {what} {}", kind(other)),
    }
}

/// `take`.
pub fn take(val: &Val, count: &Val) -> Result<Val> {
    let Val::List(list) = val else { return fail!("cannot take from {}", kind(val)) };
    let Val::Int(_, count) = count else { return fail!("cannot take {} elements", kind(count)) };
    let Ok(count) = usize::try_from(*count) else {
        return fail!("reflect.Value.Slice: slice index out of bounds");
    };
    Ok(Val::List(list.cut(0, count.min(list.len()))))
}

/// `reverse`.
pub fn reversed(val: &Val) -> Result<Vec<Val>> {
    Ok(list(val, "reverse")?.items().iter().rev().cloned().collect())
}

/// `uniq`: the first of those that are equal.
pub fn unique(budget: &mut Budget, val: &Val) -> Result<Vec<Val>> {
    let mut kept: Vec<Val> = Vec::new();
    for item in list(val, "uniq")?.items() {
        let mut known = false;
        for other in &kept {
            if equal::equal(budget, item, other)? {
                known = true;
                break;
            }
        }
        if !known {
            kept.push(item.clone());
        }
    }
    Ok(kept)
}

/// `concat`.
pub fn joined(lists: &[Val]) -> Result<Vec<Val>> {
    let mut all = Vec::new();
    for one in lists {
        all.extend_from_slice(list(one, "concat")?.items());
    }
    Ok(all)
}

/// `flatten`.
pub fn flattened(budget: &mut Budget, val: &Val) -> Result<Vec<Val>> {
    let mut all = Vec::new();
    flatten(budget, list(val, "flatten")?, &mut all)?;
    Ok(all)
}

fn flatten(budget: &mut Budget, list: &List, into: &mut Vec<Val>) -> Result<()> {
    for item in list.items() {
        budget.step()?;
        match item {
            Val::List(inner) => flatten(budget, inner, into)?,
            item => into.push(item.clone()),
        }
    }
    Ok(())
}

/// How many comparisons [`sorted`] may make.
pub fn cost_of_sorting(val: &Val) -> usize {
    match val {
        Val::List(list) => list.len().saturating_mul(list.len().checked_ilog2().unwrap_or(0) as usize + 1),
        _ => 0,
    }
}

/// `sort`.
pub fn sorted(val: &Val, order: Option<&Val>) -> Result<Vec<Val>> {
    let mut items = match val {
        Val::List(list) => list.items().to_vec(),
        // Go sorts what it knows and takes all else for nothing.
        _ => Vec::new(),
    };
    sort(&mut items, order, |item| item)?;
    Ok(items)
}

/// Sorts by keys, ascending unless `order` says `desc`. Equal ones keep their order.
pub fn sort<T>(items: &mut [T], order: Option<&Val>, key: impl Fn(&T) -> &Val) -> Result<()> {
    let descending = match order {
        None => false,
        Some(Val::Text(order)) if &**order == "asc" => false,
        Some(Val::Text(order)) if &**order == "desc" => true,
        Some(Val::Text(order)) => return fail!("invalid order {order}, expected asc or desc"),
        Some(other) => return fail!("sort order argument must be a string (got {})", other.type_name()),
    };
    // One that cannot be compared with its neighbour fails as Go fails on it.
    for (a, b) in items.iter().zip(items.iter().skip(1)) {
        if ops::compare(key(b), key(a)).is_none() {
            return Err(if descending { incomparable(key(a), key(b)) } else { incomparable(key(b), key(a)) });
        }
    }
    items.sort_by(|a, b| {
        let (a, b) = if descending { (b, a) } else { (a, b) };
        ops::compare(key(a), key(b)).flatten().unwrap_or_else(|| nan(key(a)).cmp(&nan(key(b))))
    });
    Ok(())
}

fn incomparable(a: &Val, b: &Val) -> Error {
    Error::new(format!("invalid operation: {} < {}", a.type_name(), b.type_name()))
}

/// Where what is no number goes: behind the numbers. An order it must have.
fn nan(val: &Val) -> Ordering {
    match val {
        Val::Float(f) if f.is_nan() => Ordering::Greater,
        _ => Ordering::Less,
    }
}

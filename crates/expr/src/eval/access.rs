//! Looking into values.

use super::budget::Budget;
use super::equal;
use super::ops;
use super::value::{IntKind, Key, List, ListKind, MapKind, Val};
use crate::builtins::lists;
use crate::error::{Result, fail};
use crate::go::print;
use std::sync::Arc;

/// `base[key]`, `base.key`.
pub fn fetch(base: &Val, key: &Val) -> Result<Val> {
    match base {
        Val::List(list) => {
            let at = position(key, list.len())?;
            Ok(list.items()[at].clone())
        }
        Val::Text(text) => {
            let at = position(key, text.len())?;
            Ok(Val::Int(IntKind::Byte, i64::from(text.as_bytes()[at])))
        }
        Val::Map(map) => match (map.kind, key) {
            (MapKind::Texts, Val::Text(text)) => Ok(found(map.entries().get(&Key::Text(text.clone())))),
            (MapKind::Texts, Val::Nil) => Ok(Val::Nil),
            (MapKind::Texts, key) => unassignable(key),
            (kind, key) => {
                let val = Key::of(key).and_then(|key| map.entries().get(&key)).cloned();
                // A group without elements is an empty list.
                let nothing = || Val::List(List::flat(ListKind::Any, Vec::new()));
                Ok(val.unwrap_or_else(|| if kind == MapKind::Groups { nothing() } else { Val::Nil }))
            }
        },
        Val::Struct(one) => match key {
            Val::Text(name) if one.field(name).is_some() => Ok(found(one.field(name))),
            key => fail!("cannot fetch {} from {}", print::plain(key), base.type_name()),
        },
        base => fail!("cannot fetch {} from {}", print::plain(key), base.type_name()),
    }
}

/// What Go says of a key that is no string.
fn unassignable<T>(key: &Val) -> Result<T> {
    fail!("reflect.Value.MapIndex: value of type {} is not assignable to type string", key.type_name())
}

fn found(val: Option<&Val>) -> Val {
    val.cloned().unwrap_or(Val::Nil)
}

/// Which of `len` elements `key` means: from the end when it is negative. The message has the sum.
fn position(key: &Val, len: usize) -> Result<usize> {
    let index = ops::to_int(key)?;
    let size = i64::try_from(len).unwrap_or(i64::MAX);
    let at = if index < 0 { size.saturating_add(index) } else { index };
    match usize::try_from(at) {
        Ok(at) if at < len => Ok(at),
        _ => fail!("index out of range: {at} (array length is {len})"),
    }
}

/// `base[from:to]`: bounds beyond the ends are the ends.
pub fn slice(base: &Val, from: Option<&Val>, to: Option<&Val>) -> Result<Val> {
    // Without an end the length is asked for first, which more values have.
    let end = to.map_or_else(|| lists::len(base).map(|_| None), |to| Ok(Some(to)))?;
    let start = from.cloned().unwrap_or(Val::int(0));
    let len = match base {
        Val::List(list) => list.len(),
        Val::Text(text) => text.len(),
        _ => return fail!("cannot slice {}", print::plain(&start)),
    };
    let to = end.map_or(Ok(len), |to| bound(to, len))?;
    let from = bound(&start, len)?.min(to);
    Ok(match base {
        Val::List(list) => Val::List(list.cut(from, to)),
        Val::Text(text) => match text.get(from..to) {
            Some(part) => Val::text(part),
            // A cut through a character leaves a replacement for what remains of it.
            None => Val::Text(Arc::from(String::from_utf8_lossy(&text.as_bytes()[from..to]))),
        },
        _ => Val::Nil,
    })
}

fn bound(val: &Val, len: usize) -> Result<usize> {
    let bound = ops::to_int(val)?;
    let size = i64::try_from(len).unwrap_or(i64::MAX);
    let at = if bound < 0 { size.saturating_add(bound) } else { bound };
    Ok(usize::try_from(at.clamp(0, size)).unwrap_or(len))
}

/// `needle in container`.
pub fn found_in(budget: &mut Budget, needle: &Val, container: &Val) -> Result<bool> {
    match container {
        Val::Nil => Ok(false),
        Val::List(list) => {
            for item in list.items() {
                if equal::equal(budget, item, needle)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Val::Map(map) => match (map.kind, needle) {
            (MapKind::Texts, Val::Text(text)) => Ok(map.entries().contains_key(&Key::Text(text.clone()))),
            (MapKind::Texts, Val::Nil) => Ok(false),
            (MapKind::Texts, needle) => unassignable(needle),
            (_, needle) => match Key::of(needle) {
                Some(key) => Ok(map.entries().contains_key(&key)),
                None => fail!("runtime error: hash of unhashable type {}", needle.type_name()),
            },
        },
        Val::Struct(one) => match needle {
            Val::Text(name) => Ok(one.field(name).is_some()),
            needle => fail!("cannot use {} as field name of {}", needle.type_name(), container.type_name()),
        },
        Val::Time(_) => match needle {
            Val::Text(_) => Ok(false),
            needle => fail!("cannot use {} as field name of {}", needle.type_name(), container.type_name()),
        },
        other => fail!("operator \"in\" not defined on {}", other.type_name()),
    }
}

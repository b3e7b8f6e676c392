//! Texts.

use super::Function;
use crate::error::{Result, fail};
use crate::eval::budget::Budget;
use crate::eval::ops;
use crate::eval::value::{List, ListKind, Val};
use std::sync::Arc;

/// A builtin on texts.
pub fn apply(budget: &mut Budget, function: Function, arguments: &[Val]) -> Result<Val> {
    if function == Function::Join {
        return join(budget, arguments);
    }
    let text = ops::text(arguments.first().unwrap_or(&Val::Nil))?;
    match function {
        Function::IndexOf | Function::LastIndexOf | Function::HasPrefix | Function::HasSuffix => {
            budget.looks(text.len() / 16)?;
        }
        _ => budget.text(text.len())?,
    }
    let second = arguments.get(1).map(ops::text);
    // Only `repeat` takes no text there.
    if function == Function::Repeat {
        return repeat(budget, &text, arguments.get(1).unwrap_or(&Val::Nil));
    }
    let second = second.transpose()?;
    let other = second.as_deref();
    Ok(match function {
        Function::Trim => {
            let chars = other.map(|chars| chars.chars().collect::<Vec<_>>());
            Val::text(match chars {
                Some(chars) => text.trim_matches(chars.as_slice()),
                None => text.trim(),
            })
        }
        Function::TrimPrefix => {
            let prefix = other.unwrap_or(" ");
            Val::text(text.strip_prefix(prefix).unwrap_or(&text))
        }
        Function::TrimSuffix => {
            let suffix = other.unwrap_or(" ");
            Val::text(text.strip_suffix(suffix).unwrap_or(&text))
        }
        Function::Upper => Val::text(&text.chars().map(|c| alone(c, c.to_uppercase())).collect::<String>()),
        Function::Lower => Val::text(&text.chars().map(|c| alone(c, c.to_lowercase())).collect::<String>()),
        Function::Split | Function::SplitAfter => {
            let limit = arguments.get(2).map(ops::to_int).transpose()?.unwrap_or(-1);
            split(budget, &text, other.unwrap_or_default(), limit, function == Function::SplitAfter)?
        }
        Function::Replace => {
            let new = ops::text(arguments.get(2).unwrap_or(&Val::Nil))?;
            let limit = arguments.get(3).map(ops::to_int).transpose()?.unwrap_or(-1);
            replace(budget, &text, other.unwrap_or_default(), &new, limit)?
        }
        Function::IndexOf => position(text.find(other.unwrap_or_default())),
        Function::LastIndexOf => position(text.rfind(other.unwrap_or_default())),
        Function::HasPrefix => Val::Bool(text.starts_with(other.unwrap_or_default())),
        Function::HasSuffix => Val::Bool(text.ends_with(other.unwrap_or_default())),
        other => return fail!("unknown name {}", other.name()),
    })
}

/// The one character that Go makes of `c`, where Unicode may have several: `ß` stays, `İ` loses its dot.
fn alone(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        (Some('i'), Some('\u{307}')) => 'i',
        _ => c,
    }
}

/// Bytes before what was found, or -1.
fn position(at: Option<usize>) -> Val {
    at.map_or(Val::int(-1), Val::size)
}

fn repeat(budget: &mut Budget, text: &str, count: &Val) -> Result<Val> {
    let count = ops::to_int(count)?;
    let Ok(times) = usize::try_from(count) else {
        return fail!("invalid argument for repeat (expected positive integer, got {count})");
    };
    // Go's expr counts the times, and so a text is never too long that was not there.
    budget.cells(times)?;
    budget.text(text.len().saturating_mul(times))?;
    Ok(Val::Text(Arc::from(text.repeat(times))))
}

/// `strings.SplitN` and `SplitAfterN`: a negative limit is none.
fn split(budget: &mut Budget, text: &str, by: &str, limit: i64, after: bool) -> Result<Val> {
    let limit = match limit {
        0 => return Ok(Val::List(List::flat(ListKind::Texts, Vec::new()))),
        limit => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let parts: Vec<&str> = match (by, after) {
        ("", _) => characters(text, limit),
        (by, false) => text.splitn(limit, by).collect(),
        (by, true) => {
            let mut parts = Vec::new();
            let mut rest = text;
            while let Some(at) = rest.find(by).filter(|_| parts.len() + 1 < limit) {
                let (part, tail) = rest.split_at(at + by.len());
                parts.push(part);
                rest = tail;
            }
            parts.push(rest);
            parts
        }
    };
    budget.cells(parts.len())?;
    Ok(Val::List(List::flat(ListKind::Texts, parts.into_iter().map(Val::text).collect())))
}

/// The characters of `text`, the last of at most `limit` with all that remains.
fn characters(text: &str, limit: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if parts.len() + 1 == limit {
            parts.push(rest);
            break;
        }
        let (part, tail) = rest.split_at(first.len_utf8());
        parts.push(part);
        rest = tail;
    }
    parts
}

fn replace(budget: &mut Budget, text: &str, old: &str, new: &str, limit: i64) -> Result<Val> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = text.matches(old).take(limit).count();
    budget.text(text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(Val::Text(Arc::from(text.replacen(old, new, limit))))
}

fn join(budget: &mut Budget, arguments: &[Val]) -> Result<Val> {
    let between = arguments.get(1).map(ops::text).transpose()?;
    let list = match arguments.first().unwrap_or(&Val::Nil) {
        Val::List(list) if matches!(list.kind, ListKind::Any | ListKind::Texts) => list,
        Val::Nil => return fail!("invalid argument for join (type %!s(<nil>))"),
        other => return fail!("invalid argument for join (type {})", other.type_name()),
    };
    let mut texts = Vec::with_capacity(list.len());
    for item in list.items() {
        texts.push(ops::text(item)?);
    }
    let between = between.as_deref().unwrap_or_default();
    let size = texts.iter().map(|text| text.len().saturating_add(between.len())).fold(0, usize::saturating_add);
    budget.text(size)?;
    Ok(Val::Text(Arc::from(texts.join(between))))
}

//! When values are equal.

use super::budget::Budget;
use super::value::{IntKind, List, Val};
use crate::error::Result;

/// `left == right`: numbers by their size, lists by their elements, times by their instant, maps strictly.
pub fn equal(budget: &mut Budget, left: &Val, right: &Val) -> Result<bool> {
    use IntKind::{Byte, Int, Int64};
    budget.step()?;
    Ok(match (left, right) {
        (Val::Int(Int | Int64 | Byte, a), Val::Int(Int | Int64 | Byte, b)) => a == b,
        (Val::Int(Int | Int64 | Byte, a), Val::Float(b)) => *a as f64 == *b,
        (Val::Float(a), Val::Int(Int | Int64 | Byte, b)) => *a == *b as f64,
        (Val::Time(a), Val::Time(b)) => a.timestamp() == b.timestamp(),
        (Val::List(a), Val::List(b)) => lists(budget, a, b, equal)?,
        (a, b) => strictly(budget, a, b)?,
    })
}

impl PartialEq for Val {
    /// The same literal.
    fn eq(&self, other: &Self) -> bool {
        strictly(&mut Budget::default(), self, other).unwrap_or(false)
    }
}

fn lists(
    budget: &mut Budget,
    left: &List,
    right: &List,
    same: impl Fn(&mut Budget, &Val, &Val) -> Result<bool>,
) -> Result<bool> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for (a, b) in left.items().iter().zip(right.items()) {
        if !same(budget, a, b)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `reflect.DeepEqual`: 1 and 1.0 differ.
fn strictly(budget: &mut Budget, left: &Val, right: &Val) -> Result<bool> {
    budget.step()?;
    Ok(match (left, right) {
        (Val::Nil, Val::Nil) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Int(kind, a), Val::Int(other, b)) => kind == other && a == b,
        (Val::Float(a), Val::Float(b)) => a == b,
        (Val::Text(a), Val::Text(b)) => {
            budget.looks(a.len().min(b.len()) / 16)?;
            a == b
        }
        (Val::List(a), Val::List(b)) => a.kind == b.kind && lists(budget, a, b, strictly)?,
        (Val::Map(a), Val::Map(b)) => {
            if a.kind != b.kind || a.entries().len() != b.entries().len() {
                return Ok(false);
            }
            for ((key, a), (other, b)) in a.entries().iter().zip(b.entries()) {
                if key != other || !strictly(budget, a, b)? {
                    return Ok(false);
                }
            }
            true
        }
        (Val::Time(a), Val::Time(b)) => a == b,
        (Val::Duration(a), Val::Duration(b)) => a == b,
        (Val::Location(a), Val::Location(b)) => a == b,
        (Val::Struct(a), Val::Struct(b)) => {
            if a.of != b.of {
                return Ok(false);
            }
            for (a, b) in a.fields.iter().zip(&b.fields) {
                if !strictly(budget, a, b)? {
                    return Ok(false);
                }
            }
            true
        }
        // Functions equal nothing.
        _ => false,
    })
}

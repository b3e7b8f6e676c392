//! `contains`, `startsWith`, `endsWith`.

use super::budget::Budget;
use super::ops;
use super::value::Val;
use crate::error::Result;
use crate::syntax::operator::Binary;

/// `left op right`; nil contains nothing and is contained in nothing.
pub(super) fn compare(budget: &mut Budget, op: Binary, left: &Val, right: &Val) -> Result<Val> {
    if matches!(left, Val::Nil) || matches!(right, Val::Nil) {
        return Ok(Val::Bool(false));
    }
    let (left, right) = (ops::text(left)?, ops::text(right)?);
    budget.looks(left.len() / 16)?;
    Ok(Val::Bool(match op {
        Binary::Contains => left.contains(&*right),
        Binary::StartsWith => left.starts_with(&*right),
        _ => left.ends_with(&*right),
    }))
}

//! Which operands operators take.

use super::Checker;
use crate::error::{Result, fail};
use crate::eval::value::Val;
use crate::go::regexp;
use crate::limits::MAX_PATTERNS;
use crate::syntax::ast::{Alike, Node, Operation};
use crate::syntax::operator::{Binary, Unary};
use crate::types::Type;

/// The type of `op x`.
pub(super) fn unary(op: Unary, of: &Type) -> Result<Type> {
    match op {
        Unary::Bang | Unary::Not if of.is_bool() || of.is_unknown() => Ok(Type::Bool),
        Unary::Minus | Unary::Plus if of.is_unknown() => Ok(Type::Computed),
        Unary::Minus | Unary::Plus if of.is_number() => Ok(of.clone()),
        _ => fail!("invalid operation: {} (mismatched type {of})", op.text()),
    }
}

impl Checker<'_> {
    /// The type of `a op b`.
    pub(super) fn operation(&mut self, operation: &mut Operation) -> Result<Type> {
        let left = self.node(&mut operation.left)?;
        let right = self.node(&mut operation.right)?;
        if operation.op == Binary::Matches
            && let Node::Constant(Val::Text(pattern)) = &operation.right
        {
            self.patterns += 1;
            if self.patterns > MAX_PATTERNS {
                return fail!("expression has more than {MAX_PATTERNS} regular expressions");
            }
            regexp::compile(pattern)?;
        }
        if operation.op == Binary::In {
            found_in(&left, &right)?;
        }
        operation.alike = match (operation.op, &left, &right) {
            (Binary::Equal | Binary::NotEqual, &Type::INT, &Type::INT) => Some(Alike::Ints),
            (Binary::Equal | Binary::NotEqual, &Type::TEXT, &Type::TEXT) => Some(Alike::Texts),
            _ => None,
        };
        match result(operation.op, &left, &right) {
            Some(of) => Ok(of),
            None => fail!("invalid operation: {} (mismatched types {left} and {right})", operation.written),
        }
    }
}

/// What more than a mismatch can be wrong with `a in b`.
fn found_in(left: &Type, right: &Type) -> Result<()> {
    match right {
        Type::Map(crate::eval::value::MapKind::Texts) | Type::Environment if !left.is_unknown() && !left.is_text() => {
            fail!("cannot use {left} as type string in map key")
        }
        Type::List(_, of) if !left.comparable(of) => fail!("cannot use {left} as type {of} in array"),
        _ => Ok(()),
    }
}

/// Whether at least one is unknown, and the other unknown too or one for which `of` holds.
fn dynamic(left: &Type, right: &Type, of: impl Fn(&Type) -> bool) -> bool {
    (left.is_unknown() && (right.is_unknown() || of(right))) || (right.is_unknown() && of(left))
}

/// The type of `left op right`; none when they do not go together.
fn result(op: Binary, left: &Type, right: &Type) -> Option<Type> {
    let both = |of: fn(&Type) -> bool| of(left) && of(right);
    let ordered = |of: &Type| of.is_number() || of.is_text() || of.is_time() || of.is_duration();
    match op {
        Binary::Equal | Binary::NotEqual => left.comparable(right).then_some(Type::Bool),
        Binary::Or | Binary::And => (both(Type::is_bool) || dynamic(left, right, Type::is_bool)).then_some(Type::Bool),
        Binary::Less | Binary::Greater | Binary::LessOrEqual | Binary::GreaterOrEqual => {
            let same = both(Type::is_number) || both(Type::is_text) || both(Type::is_time) || both(Type::is_duration);
            (same || dynamic(left, right, ordered)).then_some(Type::Bool)
        }
        Binary::In => {
            let container = right.is_list() || right.is_map() || right.is_unknown();
            let text_in_struct = matches!(right, Type::Struct(_) | Type::Time) && (left.is_text() || left.is_unknown());
            let late = left.is_unknown() && right.is_text();
            (container || text_in_struct || late).then_some(Type::Bool)
        }
        Binary::Matches | Binary::Contains | Binary::StartsWith | Binary::EndsWith => {
            (both(Type::is_text) || dynamic(left, right, Type::is_text)).then_some(Type::Bool)
        }
        Binary::Range => {
            let integers = both(Type::is_integer) || dynamic(left, right, Type::is_integer);
            integers.then(|| Type::list(Type::INT))
        }
        Binary::Add => add(left, right, ordered),
        Binary::Subtract => subtract(left, right),
        Binary::Multiply => multiply(left, right),
        Binary::Divide | Binary::Power => {
            (both(Type::is_number) || dynamic(left, right, Type::is_number)).then_some(Type::Float)
        }
        Binary::Modulo => (both(Type::is_integer) || dynamic(left, right, Type::is_integer)).then_some(Type::INT),
        Binary::Coalesce => Some(match (left, right) {
            (Type::Nil, right) => right.clone(),
            (left, Type::Nil) => left.clone(),
            (left, right) if right.assignable_to(left) => left.clone(),
            _ => Type::Computed,
        }),
        // The parser makes calls of these.
        Binary::Pipe => None,
    }
}

fn numbers(left: &Type, right: &Type) -> Option<Type> {
    (left.is_number() && right.is_number())
        .then(|| if left.is_integer() && right.is_integer() { Type::INT } else { Type::Float })
}

fn add(left: &Type, right: &Type, ordered: impl Fn(&Type) -> bool) -> Option<Type> {
    match (left, right) {
        (Type::Text(_), Type::Text(_)) => Some(Type::TEXT),
        (Type::Time, Type::Duration) | (Type::Duration, Type::Time) => Some(Type::Time),
        (Type::Duration, Type::Duration) => Some(Type::Duration),
        _ => numbers(left, right).or_else(|| dynamic(left, right, ordered).then_some(Type::Computed)),
    }
}

fn subtract(left: &Type, right: &Type) -> Option<Type> {
    let late = |of: &Type| of.is_number() || of.is_time() || of.is_duration();
    match (left, right) {
        (Type::Time, Type::Time) | (Type::Duration, Type::Duration) => Some(Type::Duration),
        (Type::Time, Type::Duration) => Some(Type::Time),
        _ => numbers(left, right).or_else(|| dynamic(left, right, late).then_some(Type::Computed)),
    }
}

fn multiply(left: &Type, right: &Type) -> Option<Type> {
    let late = |of: &Type| of.is_number() || of.is_duration();
    match (left, right) {
        (Type::Duration, other) | (other, Type::Duration) if other.is_number() || other.is_duration() => {
            Some(Type::Duration)
        }
        _ => numbers(left, right).or_else(|| dynamic(left, right, late).then_some(Type::Computed)),
    }
}

//! Operators on values.

use super::value::{IntKind, Val};
use crate::error::{Result, fail};
use crate::go::{pow::pow, print};
use crate::syntax::operator::{Binary, Unary};
use rollouts_api::GoDuration;
use std::cmp::Ordering;
use std::sync::Arc;

/// The bool that `val` is.
pub fn truth(val: &Val) -> Result<bool> {
    match val {
        Val::Bool(b) => Ok(*b),
        other => fail!("interface conversion: interface {{}} is {}, not bool", other.asserted_name()),
    }
}

/// The string that `val` is.
pub fn text(val: &Val) -> Result<Arc<str>> {
    match val {
        Val::Text(text) => Ok(text.clone()),
        other => fail!("interface conversion: interface {{}} is {}, not string", other.asserted_name()),
    }
}

/// The integer that `val` is or is cut to.
pub fn to_int(val: &Val) -> Result<i64> {
    match val {
        Val::Int(IntKind::Int | IntKind::Int64 | IntKind::Byte, n) => Ok(*n),
        Val::Float(f) => Ok(print::truncate(*f)),
        other => fail!("invalid operation: int({})", other.type_name()),
    }
}

/// The float that `val` is.
pub fn to_float(val: &Val) -> Result<f64> {
    match val {
        Val::Int(IntKind::Int | IntKind::Int64 | IntKind::Byte, n) => Ok(*n as f64),
        Val::Float(f) => Ok(*f),
        other => fail!("invalid operation: float({})", other.type_name()),
    }
}

/// `op val`.
pub fn unary(op: Unary, val: &Val) -> Result<Val> {
    match (op, val) {
        (Unary::Bang | Unary::Not, val) => Ok(Val::Bool(!truth(val)?)),
        (Unary::Minus, Val::Int(kind, n)) => Ok(Val::Int(*kind, n.wrapping_neg())),
        (Unary::Minus, Val::Float(f)) => Ok(Val::Float(-f)),
        (Unary::Minus, val) => fail!("invalid operation: - {}", val.type_name()),
        (Unary::Plus, val) => Ok(val.clone()),
    }
}

/// What two operands are together.
enum Pair<'v> {
    Ints(i64, i64),
    Floats(f64, f64),
    Texts(&'v str, &'v str),
    Other,
}

fn pair<'v>(left: &'v Val, right: &'v Val) -> Pair<'v> {
    use IntKind::{Byte, Int, Int64};
    match (left, right) {
        (Val::Int(Int | Int64 | Byte, a), Val::Int(Int | Int64 | Byte, b)) => Pair::Ints(*a, *b),
        (Val::Int(Int | Int64 | Byte, a), Val::Float(b)) => Pair::Floats(*a as f64, *b),
        (Val::Float(a), Val::Int(Int | Int64 | Byte, b)) => Pair::Floats(*a, *b as f64),
        (Val::Float(a), Val::Float(b)) => Pair::Floats(*a, *b),
        (Val::Text(a), Val::Text(b)) => Pair::Texts(a, b),
        _ => Pair::Other,
    }
}

/// `left op right` for operators that reckon or order.
pub fn binary(op: Binary, left: &Val, right: &Val) -> Result<Val> {
    let computed = match op {
        Binary::Less | Binary::Greater | Binary::LessOrEqual | Binary::GreaterOrEqual => {
            compare(left, right).map(|order| Val::Bool(holds(op, order)))
        }
        Binary::Power => return Ok(Val::Float(pow(to_float(left)?, to_float(right)?))),
        _ => reckon(op, left, right)?,
    };
    match computed {
        Some(val) => Ok(val),
        None => fail!("invalid operation: {} {} {}", left.type_name(), sign(op), right.type_name()),
    }
}

fn reckon(op: Binary, left: &Val, right: &Val) -> Result<Option<Val>> {
    Ok(match (op, pair(left, right)) {
        (Binary::Add, Pair::Ints(a, b)) => Some(Val::int(a.wrapping_add(b))),
        (Binary::Add, Pair::Floats(a, b)) => Some(Val::Float(a + b)),
        (Binary::Add, Pair::Texts(a, b)) => Some(Val::Text(Arc::from([a, b].concat()))),
        (Binary::Subtract, Pair::Ints(a, b)) => Some(Val::int(a.wrapping_sub(b))),
        (Binary::Subtract, Pair::Floats(a, b)) => Some(Val::Float(a - b)),
        (Binary::Multiply, Pair::Ints(a, b)) => Some(Val::int(a.wrapping_mul(b))),
        (Binary::Multiply, Pair::Floats(a, b)) => Some(Val::Float(a * b)),
        (Binary::Divide, Pair::Ints(a, b)) => Some(Val::Float(a as f64 / b as f64)),
        (Binary::Divide, Pair::Floats(a, b)) => Some(Val::Float(a / b)),
        (Binary::Modulo, Pair::Ints(_, 0)) => return fail!("runtime error: integer divide by zero"),
        (Binary::Modulo, Pair::Ints(a, b)) => Some(Val::int(a.wrapping_rem(b))),
        _ => times(op, left, right)?,
    })
}

/// Times and durations.
fn times(op: Binary, left: &Val, right: &Val) -> Result<Option<Val>> {
    Ok(match (op, left, right) {
        (Binary::Add, Val::Time(time), Val::Duration(by)) | (Binary::Add, Val::Duration(by), Val::Time(time)) => {
            Some(shifted(time, by.nanos())?)
        }
        (Binary::Subtract, Val::Time(time), Val::Duration(by)) => Some(shifted(time, by.nanos().saturating_neg())?),
        (Binary::Subtract, Val::Time(a), Val::Time(b)) => Some(Val::Duration(between(b, a))),
        (Binary::Add, Val::Duration(a), Val::Duration(b)) => Some(duration(a.nanos().wrapping_add(b.nanos()))),
        (Binary::Subtract, Val::Duration(a), Val::Duration(b)) => Some(duration(a.nanos().wrapping_sub(b.nanos()))),
        (Binary::Multiply, Val::Duration(a), Val::Duration(b)) => Some(duration(a.nanos().wrapping_mul(b.nanos()))),
        (Binary::Multiply, Val::Duration(a), Val::Int(_, b)) | (Binary::Multiply, Val::Int(_, b), Val::Duration(a)) => {
            Some(duration(a.nanos().wrapping_mul(*b)))
        }
        (Binary::Multiply, Val::Duration(a), Val::Float(b)) | (Binary::Multiply, Val::Float(b), Val::Duration(a)) => {
            Some(Val::Float(a.nanos() as f64 * b))
        }
        _ => None,
    })
}

fn duration(nanos: i64) -> Val {
    Val::Duration(GoDuration::from_nanos(nanos))
}

/// `time` and so many nanoseconds more.
pub fn shifted(time: &jiff::Zoned, nanos: i64) -> Result<Val> {
    match time.checked_add(jiff::SignedDuration::from_nanos(nanos)) {
        Ok(time) => Ok(Val::time(time)),
        Err(_) => fail!("time out of range"),
    }
}

/// From `a` to `b`, at most what a duration holds.
pub fn between(a: &jiff::Zoned, b: &jiff::Zoned) -> GoDuration {
    let nanos = b.timestamp().as_nanosecond() - a.timestamp().as_nanosecond();
    let limit = if nanos < 0 { i64::MIN } else { i64::MAX };
    GoDuration::from_nanos(i64::try_from(nanos).unwrap_or(limit))
}

/// How two values are ordered: none when they are not; `Some(None)` for a NaN.
pub fn compare(left: &Val, right: &Val) -> Option<Option<Ordering>> {
    match (pair(left, right), left, right) {
        (Pair::Ints(a, b), ..) => Some(Some(a.cmp(&b))),
        (Pair::Floats(a, b), ..) => Some(a.partial_cmp(&b)),
        (Pair::Texts(a, b), ..) => Some(Some(a.cmp(b))),
        (_, Val::Time(a), Val::Time(b)) => Some(Some(a.timestamp().cmp(&b.timestamp()))),
        (_, Val::Duration(a), Val::Duration(b)) => Some(Some(a.cmp(b))),
        _ => None,
    }
}

fn holds(op: Binary, order: Option<Ordering>) -> bool {
    match op {
        Binary::Less => order == Some(Ordering::Less),
        Binary::Greater => order == Some(Ordering::Greater),
        Binary::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

fn sign(op: Binary) -> &'static str {
    match op {
        Binary::Less => "<",
        Binary::Greater => ">",
        Binary::LessOrEqual => "<=",
        Binary::GreaterOrEqual => ">=",
        Binary::Add => "+",
        Binary::Subtract => "-",
        Binary::Multiply => "*",
        Binary::Divide => "/",
        _ => "%",
    }
}

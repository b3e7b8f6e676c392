//! Numbers.

use super::Function;
use crate::error::{Result, fail};
use crate::eval::budget::Budget;
use crate::eval::ops;
use crate::eval::value::{IntKind, Val};
use std::cmp::Ordering;

/// `abs`, `ceil`, `floor`, `round`.
pub fn rounded(function: Function, val: &Val) -> Result<Val> {
    Ok(match (function, val) {
        (Function::Abs, Val::Int(kind @ (IntKind::Int | IntKind::Int64 | IntKind::Byte), n)) => {
            Val::Int(*kind, n.wrapping_abs())
        }
        (Function::Abs, Val::Float(f)) => Val::Float(if *f < 0.0 { -f } else { *f }),
        (Function::Ceil, Val::Float(f)) => Val::Float(f.ceil()),
        (Function::Floor, Val::Float(f)) => Val::Float(f.floor()),
        (Function::Round, Val::Float(f)) => Val::Float(f.round()),
        (_, Val::Int(IntKind::Int | IntKind::Int64 | IntKind::Byte, n)) => Val::Float(*n as f64),
        (_, other) => return fail!("invalid argument for {} (type {})", function.name(), other.type_name()),
    })
}

/// `max`, `min`, `mean`, `median` of numbers and lists of them, however nested.
pub fn aggregated(budget: &mut Budget, function: Function, arguments: &[Val]) -> Result<Val> {
    // A single argument that is neither a number nor a list is its own extreme.
    if let (Function::Max | Function::Min, [only]) = (function, arguments)
        && !matches!(only, Val::List(_))
    {
        return Ok(only.clone());
    }
    let mut numbers = Vec::new();
    for argument in arguments {
        collect(budget, function, argument, &mut numbers)?;
    }
    match function {
        Function::Mean => Ok(Val::Float(mean(&numbers)?)),
        Function::Median => median(&numbers),
        _ => {
            let wanted = if function == Function::Max { Ordering::Greater } else { Ordering::Less };
            let mut best: Option<Val> = None;
            for number in numbers {
                let better = best.as_ref().is_none_or(|best| ops::compare(&number, best) == Some(Some(wanted)));
                if better {
                    best = Some(number);
                }
            }
            Ok(best.unwrap_or(Val::Nil))
        }
    }
}

fn collect(budget: &mut Budget, function: Function, val: &Val, into: &mut Vec<Val>) -> Result<()> {
    budget.step()?;
    match val {
        Val::Int(IntKind::Int | IntKind::Int64 | IntKind::Byte, _) | Val::Float(_) => into.push(val.clone()),
        Val::List(list) => {
            for item in list.items() {
                collect(budget, function, item, into)?;
            }
        }
        other => return fail!("invalid argument for {} (type {})", function.name(), other.type_name()),
    }
    Ok(())
}

fn mean(numbers: &[Val]) -> Result<f64> {
    if numbers.is_empty() {
        return Ok(0.0);
    }
    let sum = numbers.iter().try_fold(0.0, |sum, number| ops::to_float(number).map(|number| sum + number))?;
    Ok(sum / numbers.len() as f64)
}

fn median(numbers: &[Val]) -> Result<Val> {
    let mut floats = numbers.iter().map(ops::to_float).collect::<Result<Vec<_>>>()?;
    // As Go sorts floats: what is no number comes first.
    floats.sort_by(|a, b| a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())));
    let middle = floats.len() / 2;
    Ok(Val::Float(match floats.len() {
        0 => 0.0,
        len if len % 2 == 1 => floats[middle],
        _ => f64::midpoint(floats[middle - 1], floats[middle]),
    }))
}

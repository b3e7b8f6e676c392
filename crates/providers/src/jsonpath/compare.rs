//! Comparisons in filters: of Go's templates, so that values of different types do not compare.

use rollouts_expr::Value;
use std::cmp::Ordering;

/// Whether `left operator right` holds.
pub(super) fn compare(left: &Value, operator: &str, right: &Value) -> Result<bool, String> {
    let ordered = match operator {
        "==" | "!=" => false,
        "<" | ">" | "<=" | ">=" => true,
        _ => return Err(format!("unrecognized filter operator {operator}")),
    };
    let bad = || "invalid type for comparison".to_owned();
    let order = match (left, right) {
        (Value::Nil | Value::List(_) | Value::Map(_), _) | (_, Value::Nil | Value::List(_) | Value::Map(_)) => {
            return Err(bad());
        }
        (Value::Bool(_), Value::Bool(_)) if ordered => return Err(bad()),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => return Err("incompatible types for comparison".to_owned()),
    };
    Ok(match operator {
        "==" => order == Some(Ordering::Equal),
        "!=" => order != Some(Ordering::Equal),
        "<" => order == Some(Ordering::Less),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        ">" => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

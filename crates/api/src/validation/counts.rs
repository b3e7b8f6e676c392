//! Numbers of pods that cannot be meant: negative, or no number at all. The Go controller reads what it cannot parse as 0
//! and lets negative numbers through; so these checks come after all of its own.

use super::NOT_NEGATIVE;
use crate::IntOrString;
use crate::field::{BadValue, FieldError, Path};

const UNREADABLE: &str = "must be a number of pods or a percentage";

/// `maxSurge` or `maxUnavailable` at `path`.
pub(super) fn share(value: Option<&IntOrString>, path: &Path, errors: &mut Vec<FieldError>) {
    let Some(value) = value else { return };
    let number = match value {
        IntOrString::Int(n) => Some(*n),
        IntOrString::String(s) => s.strip_suffix('%').unwrap_or(s).parse::<i32>().ok().map(i64::from),
    };
    let detail = match number {
        None => UNREADABLE,
        Some(n) if n < 0 => NOT_NEGATIVE,
        Some(_) => return,
    };
    errors.push(FieldError::invalid(path, BadValue::from(value), detail));
}

/// A plain number of pods at `path`.
pub(super) fn pods(value: Option<i32>, path: &Path, errors: &mut Vec<FieldError>) {
    if let Some(n) = value {
        super::not_negative(path, n, errors);
    }
}

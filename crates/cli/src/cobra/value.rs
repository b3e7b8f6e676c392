//! Values of flags, read and printed as Go does.

use super::Kind;
use rollouts_api::GoDuration;

/// A flag's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Bool(bool),
    Int(i64),
    Duration(GoDuration),
    Text(String),
    List(Vec<String>),
}

impl Value {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Duration(_) => Kind::Duration,
            Value::Text(_) => Kind::Text,
            Value::List(_) => Kind::List,
        }
    }

    /// Reads `text`; the error is in Go's words.
    pub(super) fn read(kind: Kind, text: &str) -> Result<Value, String> {
        Ok(match kind {
            Kind::Bool => Value::Bool(read_bool(text)?),
            Kind::Int => Value::Int(read_int(text)?),
            Kind::Duration => Value::Duration(GoDuration::parse(text).map_err(|e| e.to_string())?),
            Kind::Text => Value::Text(text.into()),
            Kind::List => Value::List(vec![text.into()]),
        })
    }

    /// `(default …)` for help; `None` for values that need no mention.
    pub(super) fn as_default(&self) -> Option<String> {
        match self {
            Value::Bool(false) | Value::Int(0) => None,
            Value::Duration(d) if d.nanos() == 0 => None,
            Value::Bool(true) => Some("true".into()),
            Value::Int(n) => Some(n.to_string()),
            Value::Duration(d) => Some(d.to_string()),
            Value::Text(text) if text.is_empty() => None,
            Value::Text(text) => Some(format!("{text:?}")),
            Value::List(list) if list.is_empty() => None,
            Value::List(list) => Some(format!("[{}]", list.join(","))),
        }
    }
}

/// `strconv.ParseBool`.
fn read_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

/// `strconv.ParseInt` with base 0.
fn read_int(text: &str) -> Result<i64, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, body) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let problem = |what: &str| format!("strconv.ParseInt: parsing {text:?}: {what}");
    let plain = without_underscores(body, radix != 10).ok_or_else(|| problem("invalid syntax"))?;
    if plain.is_empty() || !plain.chars().all(|c| c.is_digit(radix)) {
        return Err(problem("invalid syntax"));
    }
    let magnitude = i128::from_str_radix(&plain, radix).map_err(|_| problem("value out of range"))?;
    let value = if negative { -magnitude } else { magnitude };
    i64::try_from(value).map_err(|_| problem("value out of range"))
}

/// Underscores may stand between digits, and between a prefix and the first digit.
fn without_underscores(digits: &str, prefixed: bool) -> Option<String> {
    let misplaced = digits.ends_with('_') || digits.contains("__") || (digits.starts_with('_') && !prefixed);
    (!misplaced).then(|| digits.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, n) in
            [("7", 7), ("-12", -12), ("+3", 3), ("0x1F", 31), ("010", 8), ("0", 0), ("1_000", 1000), ("0b11", 3)]
        {
            assert_eq!(read_int(text), Ok(n), "{text}");
        }
        for text in ["", "-", "x", "1.5", "08", "1__0", "_1", "0x"] {
            assert_eq!(read_int(text), Err(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")));
        }
        let long = "9223372036854775808";
        assert_eq!(read_int(long), Err(format!("strconv.ParseInt: parsing {long:?}: value out of range")));
    }
}

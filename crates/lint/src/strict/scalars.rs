//! Texts, numbers, and what is written as one of them.

use crate::yaml::Content;
use rollouts_api::Time;
use rollouts_api::go_json;
use rollouts_api::quantity::Quantity;
use serde_json::Value;

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// A text.
    Text,
    /// A boolean.
    Bool,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// An integer of 32 bits, or a text.
    IntOrString,
    /// An amount, as a text or a number.
    Quantity,
    /// A time, RFC 3339.
    Time,
}

/// What became of a value.
#[derive(Debug, PartialEq)]
pub enum Read {
    /// It is this.
    Fits(Value),
    /// It is no text, and Go's reader of YAML takes this for it.
    Reads(String),
    /// It has another type than this.
    Wrong {
        /// As Go's decoder names it.
        found: String,
        /// Go's name of the wanted type.
        type_name: String,
    },
    /// It has the type, and makes no sense.
    Unreadable(String),
}

impl Scalar {
    /// Go's name of the type.
    pub fn go_name(self) -> &'static str {
        match self {
            Scalar::Text => "string",
            Scalar::Bool => "bool",
            Scalar::Int32 | Scalar::IntOrString => "int32",
            Scalar::Int64 => "int64",
            Scalar::Quantity => "resource.Quantity",
            Scalar::Time => "string",
        }
    }
}

/// Reads `content` as `scalar`.
pub fn read(content: &Content, scalar: Scalar) -> Read {
    let wrong = |found: &str| Read::Wrong { found: found.into(), type_name: scalar.go_name().into() };
    match (content, scalar) {
        (Content::Null, _) => Read::Fits(Value::Null),
        (Content::List(_), _) => wrong("array"),
        (Content::Map(_), _) => wrong("object"),
        (Content::Text(text), Scalar::Text | Scalar::IntOrString) => Read::Fits(text.as_str().into()),
        (Content::Bool(truth), Scalar::Bool) => Read::Fits((*truth).into()),
        (Content::Bool(truth), Scalar::Text) => Read::Reads(truth.to_string()),
        (Content::Number(number), Scalar::Text) => Read::Reads(go_json::to_string(&Value::Number(number.clone()))),
        (Content::Number(number), Scalar::Int32 | Scalar::Int64 | Scalar::IntOrString) => {
            let whole = number
                .as_i64()
                .or_else(|| number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 1e15).map(|f| f as i64));
            let fits = |n: &i64| scalar == Scalar::Int64 || i32::try_from(*n).is_ok();
            match whole.filter(fits) {
                Some(whole) => Read::Fits(whole.into()),
                None => wrong(&format!("number {number}")),
            }
        }
        (Content::Text(text), Scalar::Quantity) => quantity(text, content),
        (Content::Number(number), Scalar::Quantity) => quantity(&number.to_string(), content),
        (Content::Text(text), Scalar::Time) => match Time::parse(text) {
            Some(_) => Read::Fits(text.as_str().into()),
            None => Read::Unreadable(format!(
                "parsing time {} as \"2006-01-02T15:04:05Z07:00\": cannot parse it",
                rollouts_api::field::quote(text)
            )),
        },
        (Content::Text(_), _) => wrong("string"),
        (Content::Bool(_), _) => wrong("bool"),
        (Content::Number(_), _) => wrong("number"),
    }
}

fn quantity(text: &str, content: &Content) -> Read {
    let value = match content {
        Content::Number(number) => Value::Number(number.clone()),
        _ => Value::String(text.into()),
    };
    match Quantity::parse(text.trim()) {
        Ok(_) => Read::Fits(value),
        Err(_) => Read::Unreadable(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".into(),
        ),
    }
}

//! Field errors as the API server words them.

use serde_json::Value;
use std::fmt;

use crate::go::{go_float, go_quote};

/// What is wrong with a field; the kinds and words of `k8s.io/apimachinery/pkg/util/validation/field`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// A referenced value does not exist.
    NotFound,
    /// The value is missing, null or empty.
    Required,
    /// The value must be unique but is not.
    Duplicate,
    /// The value is malformed or out of range.
    Invalid,
    /// The value is not one of a fixed list.
    NotSupported,
    /// The value is well formed but not allowed here.
    Forbidden,
    /// A string is too long; the value itself is not printed.
    TooLong,
    /// A list or map has too many items; the count is printed.
    TooMany,
    /// The value has the wrong JSON type.
    TypeInvalid,
    /// The server could not decide.
    Internal,
}

impl ErrorKind {
    /// The machine-readable reason, as in `status.details.causes[].reason`.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::Internal => "InternalError",
        }
    }

    /// The reason a CEL rule names in its `reason`, if it is one of the four allowed there.
    #[must_use]
    pub fn from_rule_reason(reason: &str) -> Option<Self> {
        match reason {
            "FieldValueRequired" => Some(Self::Required),
            "FieldValueInvalid" => Some(Self::Invalid),
            "FieldValueForbidden" => Some(Self::Forbidden),
            "FieldValueDuplicate" => Some(Self::Duplicate),
            _ => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Internal => "Internal error",
        }
    }

    fn prints_value(self) -> bool {
        !matches!(self, Self::Required | Self::Forbidden | Self::TooLong | Self::Internal)
    }
}

/// One problem with one field. `Display` gives `spec.replicas: Invalid value: -1: should be a non-negative integer`.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Dotted path such as `spec.containers[0].image`; empty means the whole object and prints as `<nil>`.
    pub field: String,
    /// The offending value; only printed for kinds that show it.
    pub bad_value: Value,
    /// The rest of the sentence; may be empty.
    pub detail: String,
}

impl FieldError {
    /// Any kind; prefer the named constructors.
    pub fn new(kind: ErrorKind, field: impl Into<String>, bad_value: Value, detail: impl Into<String>) -> Self {
        Self { kind, field: field.into(), bad_value, detail: detail.into() }
    }

    /// `<field>: Required value[: detail]`
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Required, field, Value::String(String::new()), detail)
    }

    /// `<field>: Invalid value: <value>: detail`
    pub fn invalid(field: impl Into<String>, bad_value: Value, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, field, bad_value, detail)
    }

    /// `<field>: Invalid value: <value>: detail`, with the reason `FieldValueTypeInvalid`.
    pub fn type_invalid(field: impl Into<String>, bad_value: Value, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::TypeInvalid, field, bad_value, detail)
    }

    /// `<field>: Forbidden: detail`
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, field, Value::String(String::new()), detail)
    }

    /// `<field>: Duplicate value: <value>`
    pub fn duplicate(field: impl Into<String>, bad_value: Value) -> Self {
        Self::new(ErrorKind::Duplicate, field, bad_value, "")
    }

    /// `<field>: Not found: <value>`
    pub fn not_found(field: impl Into<String>, bad_value: Value) -> Self {
        Self::new(ErrorKind::NotFound, field, bad_value, "")
    }

    /// `<field>: Unsupported value: <value>: supported values: "a", "b"`; the values are printed in the order given.
    pub fn not_supported<S: AsRef<str>>(
        field: impl Into<String>,
        bad_value: Value,
        supported: impl IntoIterator<Item = S>,
    ) -> Self {
        let list: Vec<String> = supported.into_iter().map(|s| go_quote(s.as_ref())).collect();
        let detail = if list.is_empty() { String::new() } else { format!("supported values: {}", list.join(", ")) };
        Self::new(ErrorKind::NotSupported, field, bad_value, detail)
    }

    /// `<field>: Too long: may not be more than <max> bytes`
    pub fn too_long(field: impl Into<String>, max: u64) -> Self {
        let unit = if max == 1 { "byte" } else { "bytes" };
        Self::new(ErrorKind::TooLong, field, Value::Null, format!("may not be more than {max} {unit}"))
    }

    /// `<field>: Too many: <actual>: must have at most <max> items`
    pub fn too_many(field: impl Into<String>, actual: u64, max: u64) -> Self {
        let unit = if max == 1 { "item" } else { "items" };
        Self::new(ErrorKind::TooMany, field, Value::from(actual), format!("must have at most {max} {unit}"))
    }

    /// The message without the field: what goes into `status.details.causes[].message`.
    #[must_use]
    pub fn body(&self) -> String {
        let mut text = self.kind.words().to_owned();
        if self.kind.prints_value() {
            text.push_str(": ");
            match &self.bad_value {
                Value::String(s) => text.push_str(&go_quote(s)),
                Value::Number(n) => match n.as_f64() {
                    Some(f) if n.is_f64() => text.push_str(&go_float(f)),
                    _ => text.push_str(&n.to_string()),
                },
                other => text.push_str(&other.to_string()),
            }
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }

    /// The field as printed: `<nil>` stands for the whole object.
    #[must_use]
    pub fn field_or_nil(&self) -> &str {
        if self.field.is_empty() { "<nil>" } else { &self.field }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field_or_nil(), self.body())
    }
}

impl std::error::Error for FieldError {}

/// Joins errors as Go's `ErrorList.ToAggregate().Error()`: repeated messages once, one alone bare, several in `[a, b]`.
#[must_use]
pub fn aggregate(errors: &[FieldError]) -> String {
    let mut messages: Vec<String> = Vec::with_capacity(errors.len());
    for message in errors.iter().map(ToString::to_string) {
        if !messages.contains(&message) {
            messages.push(message);
        }
    }
    match messages.len() {
        1 => messages.remove(0),
        _ => format!("[{}]", messages.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_match_the_api_server() {
        let cases = [
            (
                FieldError::invalid("spec.replicas", json!(-1), "should be a non-negative integer"),
                "spec.replicas: Invalid value: -1: should be a non-negative integer",
            ),
            (FieldError::required("spec.x", ""), "spec.x: Required value"),
            (
                FieldError::not_supported("spec.type", json!("x"), ["a", "b"]),
                r#"spec.type: Unsupported value: "x": supported values: "a", "b""#,
            ),
            (FieldError::duplicate("a[1]", json!({"b": 1})), r#"a[1]: Duplicate value: {"b":1}"#),
            (FieldError::too_long("a", 5), "a: Too long: may not be more than 5 bytes"),
            (FieldError::too_many("a", 6, 5), "a: Too many: 6: must have at most 5 items"),
            (FieldError::invalid("", json!("object"), "no"), r#"<nil>: Invalid value: "object": no"#),
            (FieldError::invalid("a", json!(1.5), "no"), "a: Invalid value: 1.5: no"),
        ];
        for (error, want) in cases {
            assert_eq!(error.to_string(), want);
        }
    }

    #[test]
    fn aggregate_drops_repeats() {
        let a = FieldError::required("a", "");
        let b = FieldError::required("b", "");
        assert_eq!(aggregate(&[a.clone(), a.clone()]), "a: Required value");
        assert_eq!(aggregate(&[a.clone(), b, a]), "[a: Required value, b: Required value]");
    }
}

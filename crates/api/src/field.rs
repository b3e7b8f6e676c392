//! Errors that name a field, worded as Kubernetes words them (`k8s.io/apimachinery` `field.Error`).
//!
//! `spec.template.spec.containers[0].image: Required value` is a [`Path`], a [`Kind`], a bad value and a detail.

use serde_json::Value;
use std::fmt;

/// Where a field is: `spec.containers[0].env[2].name`, `metadata.annotations[a/b]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(String);

impl Path {
    /// A path of one name, or of several already joined by dots. Empty means the object itself.
    pub fn new(root: impl Into<String>) -> Self {
        Path(root.into())
    }

    /// The field `name` of this object.
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Path(name.to_string()) } else { Path(format!("{}.{name}", self.0)) }
    }

    /// The element at `index` of this list.
    pub fn index(&self, index: usize) -> Self {
        Path(format!("{}[{index}]", self.0))
    }

    /// The entry under `key` of this map.
    pub fn key(&self, key: &str) -> Self {
        Path(format!("{}[{key}]", self.0))
    }

    /// The text of the path; `<nil>` for the object itself, as Go prints it.
    pub fn as_str(&self) -> &str {
        if self.0.is_empty() { "<nil>" } else { &self.0 }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It names something that does not exist.
    NotFound,
    /// It is missing.
    Required,
    /// It repeats what must be unique.
    Duplicate,
    /// It is malformed.
    Invalid,
    /// It is not among the supported values.
    NotSupported,
    /// It must not be set here.
    Forbidden,
    /// It has too many bytes.
    TooLong,
    /// It has too many items.
    TooMany,
    /// It has the wrong JSON type.
    TypeInvalid,
    /// It could not be checked.
    Internal,
}

impl Kind {
    /// The `reason` of a `StatusCause`.
    pub fn reason(self) -> &'static str {
        match self {
            Kind::NotFound => "FieldValueNotFound",
            Kind::Required => "FieldValueRequired",
            Kind::Duplicate => "FieldValueDuplicate",
            Kind::Invalid => "FieldValueInvalid",
            Kind::NotSupported => "FieldValueNotSupported",
            Kind::Forbidden => "FieldValueForbidden",
            Kind::TooLong => "FieldValueTooLong",
            Kind::TooMany => "FieldValueTooMany",
            Kind::TypeInvalid => "FieldValueTypeInvalid",
            Kind::Internal => "InternalError",
        }
    }

    /// The words that open the message.
    pub fn words(self) -> &'static str {
        match self {
            Kind::NotFound => "Not found",
            Kind::Required => "Required value",
            Kind::Duplicate => "Duplicate value",
            Kind::Invalid | Kind::TypeInvalid => "Invalid value",
            Kind::NotSupported => "Unsupported value",
            Kind::Forbidden => "Forbidden",
            Kind::TooLong => "Too long",
            Kind::TooMany => "Too many",
            Kind::Internal => "Internal error",
        }
    }

    fn prints_value(self) -> bool {
        !matches!(self, Kind::Required | Kind::Forbidden | Kind::TooLong | Kind::Internal)
    }
}

/// A bad value in the form in which the message shows it: strings quoted as by Go's `%q`, everything else as
/// compact JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadValue(String);

impl BadValue {
    /// JSON text that is shown as it is: for structs whose fields Go prints in an order of its own.
    pub fn raw(json: impl Into<String>) -> Self {
        BadValue(json.into())
    }

    /// The value as JSON: a text that is no JSON becomes a string.
    pub fn into_json(self) -> Value {
        serde_json::from_str(&self.0).unwrap_or(Value::String(self.0))
    }
}

impl From<&str> for BadValue {
    fn from(s: &str) -> Self {
        BadValue(quote(s))
    }
}

impl From<String> for BadValue {
    fn from(s: String) -> Self {
        BadValue(quote(&s))
    }
}

impl From<&String> for BadValue {
    fn from(s: &String) -> Self {
        BadValue(quote(s))
    }
}

impl From<i64> for BadValue {
    fn from(n: i64) -> Self {
        BadValue(n.to_string())
    }
}

impl From<i32> for BadValue {
    fn from(n: i32) -> Self {
        BadValue(n.to_string())
    }
}

impl From<bool> for BadValue {
    fn from(b: bool) -> Self {
        BadValue(b.to_string())
    }
}

impl From<&Value> for BadValue {
    fn from(v: &Value) -> Self {
        match v {
            Value::String(s) => s.into(),
            other => BadValue(crate::go_json::to_string(other)),
        }
    }
}

/// One field and what is wrong with it. `Display` gives the whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Which field.
    pub path: Path,
    /// What is wrong.
    pub kind: Kind,
    /// The value found, in printed form; `None` where the message has none.
    pub value: Option<BadValue>,
    /// More words; may be empty.
    pub detail: String,
}

impl FieldError {
    fn new(path: &Path, kind: Kind, value: Option<BadValue>, detail: impl Into<String>) -> Self {
        FieldError { path: path.clone(), kind, value, detail: detail.into() }
    }

    /// `PATH: Required value: DETAIL`.
    pub fn required(path: &Path, detail: impl Into<String>) -> Self {
        Self::new(path, Kind::Required, None, detail)
    }

    /// `PATH: Invalid value: VALUE: DETAIL`.
    pub fn invalid(path: &Path, value: impl Into<BadValue>, detail: impl Into<String>) -> Self {
        Self::new(path, Kind::Invalid, Some(value.into()), detail)
    }

    /// `PATH: Not found: VALUE`.
    pub fn not_found(path: &Path, value: impl Into<BadValue>) -> Self {
        Self::new(path, Kind::NotFound, Some(value.into()), "")
    }

    /// `PATH: Duplicate value: VALUE`.
    pub fn duplicate(path: &Path, value: impl Into<BadValue>) -> Self {
        Self::new(path, Kind::Duplicate, Some(value.into()), "")
    }

    /// `PATH: Unsupported value: VALUE: supported values: "A", "B"`.
    pub fn not_supported(path: &Path, value: impl Into<BadValue>, supported: &[&str]) -> Self {
        let quoted: Vec<String> = supported.iter().map(|s| quote(s)).collect();
        let detail = if quoted.is_empty() { String::new() } else { format!("supported values: {}", quoted.join(", ")) };
        Self::new(path, Kind::NotSupported, Some(value.into()), detail)
    }

    /// `PATH: Forbidden: DETAIL`.
    pub fn forbidden(path: &Path, detail: impl Into<String>) -> Self {
        Self::new(path, Kind::Forbidden, None, detail)
    }

    /// `PATH: Too long: may not be more than MAX bytes`.
    pub fn too_long(path: &Path, max_bytes: usize) -> Self {
        let unit = if max_bytes == 1 { "byte" } else { "bytes" };
        Self::new(path, Kind::TooLong, None, format!("may not be more than {max_bytes} {unit}"))
    }

    /// `PATH: Too many: ACTUAL: must have at most MAX items`.
    pub fn too_many(path: &Path, actual: usize, max: usize) -> Self {
        let unit = if max == 1 { "item" } else { "items" };
        let value = BadValue(actual.to_string());
        Self::new(path, Kind::TooMany, Some(value), format!("must have at most {max} {unit}"))
    }

    /// The message without the path: the `message` of a `StatusCause`.
    pub fn body(&self) -> String {
        let mut s = self.kind.words().to_string();
        if let Some(BadValue(value)) = self.value.as_ref().filter(|_| self.kind.prints_value()) {
            s.push_str(": ");
            s.push_str(value);
        }
        if !self.detail.is_empty() {
            s.push_str(": ");
            s.push_str(&self.detail);
        }
        s
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

impl std::error::Error for FieldError {}

/// Go's `ErrorList.ToAggregate().Error()`: repeated messages once, several in brackets.
pub fn aggregate(errors: &[FieldError]) -> Option<String> {
    let mut seen: Vec<String> = Vec::new();
    for message in errors.iter().map(ToString::to_string) {
        if !seen.contains(&message) {
            seen.push(message);
        }
    }
    match seen.len() {
        0 => None,
        1 => seen.pop(),
        _ => Some(format!("[{}]", seen.join(", "))),
    }
}

/// Go's `strconv.Quote`.
pub fn quote(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if is_unprintable(c) && (c as u32) < 0x10000 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Controls, spaces other than U+0020 and format characters that people paste by accident; Go's full table is
/// longer, but nothing else of it occurs in names.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn messages_read_like_kubernetes() {
        let spec = Path::new("spec");
        let image = spec.child("containers").index(0).child("image");
        assert_eq!(FieldError::required(&image, "").to_string(), "spec.containers[0].image: Required value");
        assert_eq!(
            FieldError::invalid(&spec.child("replicas"), -1, "must be greater than or equal to 0").to_string(),
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
        );
        assert_eq!(
            FieldError::not_supported(&spec.child("restartPolicy"), "Never", &["Always"]).to_string(),
            r#"spec.restartPolicy: Unsupported value: "Never": supported values: "Always""#
        );
        assert_eq!(
            FieldError::invalid(&spec.key("a"), &json!({"app":"<x>"}), "no").to_string(),
            r#"spec[a]: Invalid value: {"app":"\u003cx\u003e"}: no"#
        );
        assert_eq!(FieldError::too_long(&spec, 63).to_string(), "spec: Too long: may not be more than 63 bytes");
        assert_eq!(FieldError::too_many(&spec, 3, 1).to_string(), "spec: Too many: 3: must have at most 1 item");
        assert_eq!(FieldError::forbidden(&Path::default(), "x").to_string(), "<nil>: Forbidden: x");
    }

    #[test]
    fn aggregate_joins_and_drops_repeats() {
        let e = FieldError::required(&Path::new("a"), "");
        let f = FieldError::required(&Path::new("b"), "");
        assert_eq!(aggregate(&[]), None);
        assert_eq!(aggregate(&[e.clone(), e.clone()]).as_deref(), Some("a: Required value"));
        assert_eq!(aggregate(&[e, f]).as_deref(), Some("[a: Required value, b: Required value]"));
    }

    #[test]
    fn quotes_like_go() {
        assert_eq!(quote("a\"b\\c\n\u{1}\u{ad}é"), r#""a\"b\\c\n\x01\u00adé""#);
    }
}

//! Marshals untyped JSON as Go would after decoding it into one of its structs.

use super::types::{self, Field, Omit, Type};
use super::{escape, write};
use crate::quantity::Quantity;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Which version of Kubernetes' libraries to imitate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// 0.34 and later: an unset `creationTimestamp` is omitted.
    #[default]
    Current,
    /// Before 0.34: an unset `creationTimestamp` is `null`.
    NullTimestamps,
}

/// The compact JSON that Go writes for `value` decoded into the struct `name` (`core/v1.PodTemplateSpec`): keys in
/// declaration order, empty fields omitted or present as Go has them, quantities canonical, unknown fields dropped.
/// A value of the wrong JSON type, which Go would refuse to decode, is written as it is.
///
/// # Panics
/// If the table has no struct of this name.
pub fn marshal(name: &str, value: &Value, dialect: Dialect) -> String {
    let fields = types::fields(name).unwrap_or_else(|| panic!("no such Go struct: {name}"));
    let mut out = String::new();
    Marshal { dialect, out: &mut out }.object(fields, value.as_object());
    out
}

/// [`marshal`], parsed again: `value` as a client reads it back from an API server.
pub fn normalize(name: &str, value: &Value) -> Value {
    serde_json::from_str(&marshal(name, value, Dialect::Current)).expect("marshal writes JSON")
}

struct Marshal<'a> {
    dialect: Dialect,
    out: &'a mut String,
}

impl Marshal<'_> {
    fn object(&mut self, fields: &[Field], map: Option<&Map<String, Value>>) {
        self.out.push('{');
        let mut first = true;
        for field in fields {
            let value = map.and_then(|m| m.get(field.name)).filter(|v| !v.is_null());
            if self.omitted(field, value) {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.out.push(',');
            }
            escape(field.name, self.out);
            self.out.push(':');
            self.value(&field.ty, value);
        }
        self.out.push('}');
    }

    fn omitted(&self, field: &Field, value: Option<&Value>) -> bool {
        match field.omit {
            Omit::Never => false,
            Omit::Zero => value.is_none() && self.dialect == Dialect::Current,
            Omit::Empty => is_empty(&field.ty, value),
        }
    }

    fn value(&mut self, ty: &Type, value: Option<&Value>) {
        match (ty, value) {
            (Type::Pointer(inner), Some(_)) => self.value(inner, value),
            (Type::List(inner), Some(Value::Array(items))) => self.list(inner, items),
            (Type::Map(inner), Some(Value::Object(map))) => self.map(inner, map),
            (Type::Struct(name), None) => self.object(types::fields(name).unwrap_or_default(), None),
            (Type::Struct(name), Some(Value::Object(map))) => {
                self.object(types::fields(name).unwrap_or_default(), Some(map));
            }
            (Type::Quantity, None) => self.out.push_str("\"0\""),
            (Type::Quantity, Some(v)) => escape(&quantity(v), self.out),
            (Type::Time, Some(Value::String(s))) => escape(&time(s, "%Y-%m-%dT%H:%M:%SZ"), self.out),
            (Type::MicroTime, Some(Value::String(s))) => escape(&time(s, "%Y-%m-%dT%H:%M:%S.%6fZ"), self.out),
            (Type::String, None) => self.out.push_str("\"\""),
            (Type::Bool, None) => self.out.push_str("false"),
            (Type::Int32 | Type::Int64 | Type::IntOrString, None) => self.out.push('0'),
            (_, None) => self.out.push_str("null"),
            (_, Some(v)) => match v.as_f64().filter(|f| v.as_i64().is_none() && f.fract() == 0.0 && f.abs() < 1e15) {
                Some(whole) => self.out.push_str(&format!("{whole}")),
                None => write(v, self.out),
            },
        }
    }

    fn list(&mut self, inner: &Type, items: &[Value]) {
        self.out.push('[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            self.value(inner, Some(item).filter(|v| !v.is_null()));
        }
        self.out.push(']');
    }

    fn map(&mut self, inner: &Type, map: &Map<String, Value>) {
        self.out.push('{');
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_by_key(|(key, _)| key.as_str());
        for (i, (key, value)) in entries.into_iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            escape(key, self.out);
            self.out.push(':');
            self.value(inner, Some(value).filter(|v| !v.is_null()));
        }
        self.out.push('}');
    }
}

/// `omitempty`: false, 0, "", nil and empty lists and maps; never a struct.
fn is_empty(ty: &Type, value: Option<&Value>) -> bool {
    match (ty, value) {
        (Type::Struct(_) | Type::Quantity | Type::IntOrString | Type::Time | Type::MicroTime | Type::Duration, _) => {
            false
        }
        (Type::Pointer(_), value) => value.is_none(),
        (_, None) => true,
        (Type::List(_), Some(v)) => v.as_array().is_some_and(Vec::is_empty),
        (Type::Map(_), Some(v)) => v.as_object().is_some_and(Map::is_empty),
        (Type::String | Type::Bytes, Some(v)) => v.as_str() == Some(""),
        (Type::Bool, Some(v)) => v.as_bool() == Some(false),
        (Type::Int32 | Type::Int64, Some(v)) => v.as_f64() == Some(0.0),
        (Type::Raw, Some(_)) => false,
    }
}

fn quantity(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), |s| s.trim().to_string());
    Quantity::parse(&text).map_or(text, |q| q.canonical())
}

fn time(text: &str, format: &str) -> String {
    text.parse::<Timestamp>().map_or_else(|_| text.to_string(), |t| t.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(value: Value) -> String {
        marshal("core/v1.PodTemplateSpec", &value, Dialect::Current)
    }

    #[test]
    fn structs_are_always_there_and_empty_fields_are_not() {
        assert_eq!(template(json!({})), r#"{"metadata":{},"spec":{"containers":null}}"#);
        let got =
            template(json!({"spec": {"hostNetwork": false, "nodeSelector": {}, "securityContext": {}, "unknown": 1,
            "containers": [{"image": "a&b", "name": "c", "env": [], "ports": [{"containerPort": 80.0}],
                "readinessProbe": {"httpGet": {}}, "resources": {"limits": {"memory": 1000, "cpu": "0.5"}}}]}}));
        assert_eq!(
            got,
            concat!(
                r#"{"metadata":{},"spec":{"containers":[{"name":"c","image":"a\u0026b","ports":[{"containerPort":80}],"#,
                r#""resources":{"limits":{"cpu":"500m","memory":"1k"}},"readinessProbe":{"httpGet":{"port":0}}}],"#,
                r#""securityContext":{}}}"#
            )
        );
    }

    #[test]
    fn older_libraries_wrote_null_timestamps() {
        let old =
            marshal("core/v1.PodTemplateSpec", &json!({"metadata": {"labels": {"a": "b"}}}), Dialect::NullTimestamps);
        assert_eq!(old, r#"{"metadata":{"creationTimestamp":null,"labels":{"a":"b"}},"spec":{"containers":null}}"#);
    }
}

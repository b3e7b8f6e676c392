//! Equality in meaning of untyped JSON that stands for a Go struct.

use super::types::{self, Type};
use crate::quantity::Quantity;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Whether `a` and `b`, decoded into the struct `name`, are equal as `apiequality.Semantic.DeepEqual` sees it: absent
/// and empty lists and maps are equal, quantities and times are compared by amount, unknown fields are ignored.
pub fn equal(name: &str, a: &Value, b: &Value) -> bool {
    structs(name, a.as_object(), b.as_object())
}

fn structs(name: &str, a: Option<&Map<String, Value>>, b: Option<&Map<String, Value>>) -> bool {
    fn get<'a>(map: Option<&'a Map<String, Value>>, key: &str) -> Option<&'a Value> {
        map.and_then(|m| m.get(key)).filter(|v| !v.is_null())
    }
    types::fields(name).unwrap_or_default().iter().all(|f| equal_values(&f.ty, get(a, f.name), get(b, f.name)))
}

/// [`equal`] for one value of type `ty`; absent values are `None`.
pub fn equal_values(ty: &Type, a: Option<&Value>, b: Option<&Value>) -> bool {
    match ty {
        Type::Pointer(inner) => a.is_some() == b.is_some() && (a.is_none() || equal_values(inner, a, b)),
        Type::Struct(name) => structs(name, a.and_then(Value::as_object), b.and_then(Value::as_object)),
        Type::List(inner) => {
            let (a, b) = (array(a), array(b));
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal_values(inner, present(a), present(b)))
        }
        Type::Map(inner) => {
            let (empty_a, empty_b) = (Map::new(), Map::new());
            let a = a.and_then(Value::as_object).unwrap_or(&empty_a);
            let b = b.and_then(Value::as_object).unwrap_or(&empty_b);
            a.len() == b.len()
                && a.iter().all(|(k, v)| b.get(k).is_some_and(|other| equal_values(inner, present(v), present(other))))
        }
        Type::String | Type::Bytes | Type::Duration => text(a) == text(b) && same_type(a, b),
        Type::Bool => flag(a) == flag(b),
        Type::Int32 | Type::Int64 => number(a) == number(b),
        Type::Quantity => amounts(a, b),
        Type::Time | Type::MicroTime => match (instant(a), instant(b)) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        },
        Type::IntOrString => int_or_string(a) == int_or_string(b),
        Type::Raw => a == b,
    }
}

fn present(v: &Value) -> Option<&Value> {
    Some(v).filter(|v| !v.is_null())
}

fn array(v: Option<&Value>) -> &[Value] {
    v.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(v: Option<&Value>) -> &str {
    v.and_then(Value::as_str).unwrap_or_default()
}

/// Values of a wrong type count as different unless both are alike.
fn same_type(a: Option<&Value>, b: Option<&Value>) -> bool {
    let wrong = |v: Option<&Value>| v.is_some_and(|v| !v.is_string());
    if wrong(a) || wrong(b) { a == b } else { true }
}

fn flag(v: Option<&Value>) -> bool {
    v.and_then(Value::as_bool).unwrap_or_default()
}

fn number(v: Option<&Value>) -> Option<i64> {
    match v {
        None => Some(0),
        Some(v) => v.as_i64().or_else(|| v.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64)),
    }
}

fn int_or_string(v: Option<&Value>) -> Result<Option<i64>, &str> {
    v.and_then(Value::as_str).map_or_else(|| Ok(number(v)), Err)
}

fn amounts(a: Option<&Value>, b: Option<&Value>) -> bool {
    let parse = |v: Option<&Value>| match v {
        None => Ok(Quantity::ZERO),
        Some(Value::String(s)) => Quantity::parse(s.trim()),
        Some(other) => Quantity::parse(&other.to_string()),
    };
    match (parse(a), parse(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

fn instant(v: Option<&Value>) -> Option<Timestamp> {
    v?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn same(a: Value, b: Value) -> bool {
        equal("core/v1.PodSpec", &a, &b)
    }

    #[test]
    fn meaning_counts() {
        let limits = |cpu: Value| json!({"containers": [{"resources": {"limits": {"cpu": cpu}}}]});
        assert!(same(limits(json!("1000m")), limits(json!(1))));
        assert!(!same(limits(json!("1001m")), limits(json!("1"))));
        assert!(same(
            json!({"nodeSelector": {}, "volumes": [], "x": 1}),
            json!({"hostNetwork": false, "nodeName": ""})
        ));
        assert!(!same(json!({"securityContext": {}}), json!({})));
        assert!(!same(json!({"enableServiceLinks": false}), json!({})));
        assert!(!same(json!({"nodeSelector": {"a": "b"}}), json!({"nodeSelector": {"a": "c"}})));
        assert!(!same(json!({"containers": [{"name": "a"}, {"name": "b"}]}), json!({"containers": [{"name": "a"}]})));
        let probe = |port: Value| json!({"containers": [{"livenessProbe": {"httpGet": {"port": port}}}]});
        assert!(same(probe(json!(80)), probe(json!(80.0))));
        assert!(!same(probe(json!(80)), probe(json!("80"))));
    }
}

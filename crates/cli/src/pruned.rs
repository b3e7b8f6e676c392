//! Objects decoded without the parts that nobody looks at, which are often the larger half of them.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Keys on the way to a part.
pub(crate) type Path = &'static [&'static str];

const MANAGED_FIELDS: Path = &["metadata", "managedFields"];
const LAST_APPLIED: Path = &["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];

/// What tells how an object came to be.
pub(crate) const HISTORY: &[Path] = &[MANAGED_FIELDS, LAST_APPLIED];

/// That, and the pod template, which a line about an object does not show.
pub(crate) const HISTORY_AND_TEMPLATE: &[Path] = &[MANAGED_FIELDS, LAST_APPLIED, &["spec", "template"]];

/// Decodes an object without these parts.
pub(crate) fn without<'de, D: Deserializer<'de>>(parts: &[Path], d: D) -> Result<Value, D::Error> {
    Without { parts: parts.to_vec() }.deserialize(d)
}

/// Decodes a value without parts of it.
struct Without<'p> {
    parts: Vec<&'p [&'p str]>,
}

impl<'de> DeserializeSeed<'de> for Without<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Without<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut fields: M) -> Result<Value, M::Error> {
        let mut object = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let below: Vec<&[&str]> = self.parts.iter().filter(|p| p[0] == key).map(|p| &p[1..]).collect();
            if below.iter().any(|path| path.is_empty()) {
                fields.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = match below.is_empty() {
                true => fields.next_value()?,
                false => fields.next_value_seed(Without { parts: below })?,
            };
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }

    /// `null` where an object could be.
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_parts_are_left_out() {
        let object = json!({
            "metadata": {"name": "a", "managedFields": [{"x": 1}], "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}", "b": "c",
            }},
            "spec": {"template": {"spec": {}}, "replicas": 2, "strategy": {"template": 1}},
            "status": null,
        });
        let rest = json!({
            "metadata": {"name": "a", "annotations": {"b": "c"}},
            "spec": {"replicas": 2, "strategy": {"template": 1}},
            "status": null,
        });
        assert_eq!(without(HISTORY_AND_TEMPLATE, &object).expect("an object"), rest);
        let odd = json!({"metadata": null, "spec": {"template": 3}});
        assert_eq!(without(HISTORY_AND_TEMPLATE, &odd).expect("an object"), json!({"metadata": null, "spec": {}}));
    }
}

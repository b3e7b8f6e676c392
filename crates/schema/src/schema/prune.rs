//! Unknown fields: found, and removed.

use serde_json::Value;

use super::{Additional, Schema};
use crate::path::Path;

/// What an embedded resource may always hold.
const META_FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

impl Schema {
    /// Removes fields the schema does not know. Gives their paths sorted, such as `spec.foo`,
    /// `spec.containers[0].imagee`; the strict error over all of them is [`crate::strict_json::strict_error`].
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        let mut unknown = Vec::new();
        prune(self, object, &Path::Root, &mut unknown);
        unknown.sort_unstable();
        unknown
    }

    /// As [`Schema::prune`] without removing.
    #[must_use]
    pub fn unknown_fields(&self, object: &Value) -> Vec<String> {
        self.prune(&mut object.clone())
    }

    /// What happens to a field without a schema of its own.
    fn keeps_unknown(&self, name: &str) -> bool {
        if self.preserve_unknown || self.embedded_resource && META_FIELDS.contains(&name) {
            return true;
        }
        match self.additional {
            Additional::Any => true,
            Additional::None | Additional::Schema(_) => false,
            // A node that says nothing about its type says nothing about fields either.
            Additional::Unsaid => self.properties.is_empty() && self.ty == super::Type::Any && !self.int_or_string,
        }
    }
}

fn prune(schema: &Schema, value: &mut Value, path: &Path<'_>, unknown: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.retain(|name, value| match schema.field(name) {
            Some(child) => {
                prune(child, value, &path.field(name), unknown);
                true
            }
            None if schema.keeps_unknown(name) => true,
            None => {
                unknown.push(path.field(name).to_string());
                false
            }
        }),
        Value::Array(items) => {
            if let Some(child) = &schema.items {
                for (index, item) in items.iter_mut().enumerate() {
                    prune(child, item, &path.index(index), unknown);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;
    use serde_json::json;

    #[test]
    fn removes_and_names_unknown_fields_of_built_ins() {
        let schema = builtin::schema("apps", "v1", "Deployment").unwrap();
        let mut object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "labels": {"any": "thing"}, "foo": 1},
            "spec": {"foo": 1, "template": {"spec": {"containers": [{"name": "a", "imagee": "x", "resources": {"limits": {"cpu": 1}}}]}}},
        });
        let unknown = schema.prune(&mut object);
        assert_eq!(unknown, ["metadata.foo", "spec.foo", "spec.template.spec.containers[0].imagee"]);
        assert_eq!(
            object["spec"]["template"]["spec"]["containers"][0],
            json!({"name": "a", "resources": {"limits": {"cpu": 1}}})
        );
        assert_eq!(object["metadata"]["labels"]["any"], "thing");
    }

    #[test]
    fn free_form_parts_survive() {
        let schema = builtin::schema("apps", "v1", "ControllerRevision").unwrap();
        let mut object = json!({"data": {"anything": {"goes": [1]}}, "revision": 1, "metadata": {"managedFields": [{"fieldsV1": {"f:a": {}}}]}});
        assert!(schema.prune(&mut object).is_empty());
        assert_eq!(object["data"]["anything"]["goes"], json!([1]));
    }

    #[test]
    fn structural_rules() {
        let schema = Schema::parse(&json!({
            "type": "object",
            "properties": {
                "keep": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                    "properties": {"known": {"type": "object", "properties": {"a": {"type": "string"}}}}},
                "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"a": {"type": "string"}}}},
                "empty": {"type": "object"},
                "embedded": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"spec": {"type": "object"}}},
                "either": {"x-kubernetes-int-or-string": true},
            },
        }))
        .unwrap();
        let mut object = json!({
            "keep": {"x": {"y": 1}, "known": {"a": "1", "b": 2}},
            "map": {"k": {"a": "1", "b": 2}},
            "empty": {"gone": 1},
            "embedded": {"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}, "gone": 1},
            "either": 5,
            "gone": true,
        });
        let unknown = schema.prune(&mut object);
        assert_eq!(unknown, ["embedded.gone", "empty.gone", "gone", "keep.known.b", "map.k.b"]);
        assert_eq!(
            object,
            json!({
                "keep": {"x": {"y": 1}, "known": {"a": "1"}},
                "map": {"k": {"a": "1"}},
                "empty": {},
                "embedded": {"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}},
                "either": 5,
            })
        );
    }
}

//! Schema defaults.

use serde_json::Value;

use super::Schema;

impl Schema {
    /// Null is a value of its own here: nullable, or nothing is known about the type.
    pub(crate) fn takes_null(&self) -> bool {
        self.nullable || self.preserve_unknown && self.ty == super::Type::Any
    }

    /// Fills in schema defaults, also below what was just filled in, and drops nulls of fields that are not nullable
    /// (or replaces them by the default), as the API server does before it validates.
    ///
    /// For built-in kinds the defaults are those of Kubernetes' OpenAPI: the empty structs and zero values that Go
    /// always writes (`strategy: {}`), and few real ones (a port's `protocol: TCP`); the kind's own defaulting is the
    /// server's.
    pub fn default_fields(&self, object: &mut Value) {
        match object {
            Value::Object(fields) => {
                fields.retain(|name, value| {
                    if !value.is_null() {
                        return true;
                    }
                    let Some(child) = self.field(name) else { return true };
                    if child.takes_null() {
                        return true;
                    }
                    match child.default_value() {
                        Some(default) => {
                            value.clone_from(default);
                            true
                        }
                        None => false,
                    }
                });
                if !self.below.defaults && !fields.values().any(|value| value.is_object() || value.is_array()) {
                    return;
                }
                for (name, child) in &self.properties {
                    match fields.get_mut(name.as_ref()) {
                        Some(value) => child.default_fields(value),
                        None => {
                            if let Some(default) = child.default_value() {
                                let mut value = default.clone();
                                child.default_fields(&mut value);
                                fields.insert(name.to_string(), value);
                            }
                        }
                    }
                }
                if let super::Additional::Schema(child) = &self.additional {
                    for (name, value) in fields.iter_mut() {
                        if !self.properties.contains_key(name.as_str()) {
                            child.default_fields(value);
                        }
                    }
                }
            }
            Value::Array(items) => {
                let Some(child) = &self.items else { return };
                for item in items {
                    if let (true, false, Some(default)) = (item.is_null(), child.takes_null(), child.default_value()) {
                        item.clone_from(default);
                    }
                    child.default_fields(item);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;
    use serde_json::json;

    fn schema() -> Schema {
        Schema::parse(&json!({
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "default": {},
                    "properties": {
                        "replicas": {"type": "integer", "default": 1},
                        "nullable": {"type": "string", "nullable": true, "default": "x"},
                        "plain": {"type": "string"},
                        "list": {"type": "array", "items": {"type": "object", "properties": {"p": {"type": "string", "default": "TCP"}}}},
                        "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"p": {"type": "integer", "default": 7}}}},
                        "absent": {"type": "object", "properties": {"p": {"type": "integer", "default": 7}}},
                    },
                },
            },
        }))
        .unwrap()
    }

    #[test]
    fn defaults_nest() {
        let mut object = json!({});
        schema().default_fields(&mut object);
        assert_eq!(object, json!({"spec": {"replicas": 1, "nullable": "x"}}));
        let mut object = json!({"spec": {"list": [{}, {"p": "UDP"}], "map": {"a": {}}}});
        schema().default_fields(&mut object);
        assert_eq!(
            object["spec"],
            json!({"replicas": 1, "nullable": "x", "list": [{"p": "TCP"}, {"p": "UDP"}], "map": {"a": {"p": 7}}})
        );
    }

    #[test]
    fn nulls_are_replaced_kept_or_dropped() {
        let mut object = json!({"spec": {"replicas": null, "nullable": null, "plain": null}});
        schema().default_fields(&mut object);
        assert_eq!(object["spec"], json!({"replicas": 1, "nullable": null}));
    }

    #[test]
    fn built_ins_get_what_go_always_writes() {
        let deployment = builtin::schema("apps", "v1", "Deployment").unwrap();
        let mut object = json!({"metadata": {"name": "a", "creationTimestamp": null}, "spec": {"template": {"spec": {
            "containers": [{"name": "a", "ports": [{"containerPort": 80}]}]}}}});
        deployment.default_fields(&mut object);
        assert_eq!(object["spec"]["strategy"], json!({}));
        assert_eq!(object["status"], json!({}));
        assert_eq!(object["metadata"], json!({"name": "a"}));
        let container = &object["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["ports"][0], json!({"containerPort": 80, "protocol": "TCP"}));
        assert_eq!(container["resources"], json!({}));
    }
}

use serde_json::{Value, json};

use crate::{Schema, builtin};

fn messages(schema: &Value, object: &Value) -> Vec<String> {
    let root = json!({"type": "object", "properties": {"spec": schema}});
    let schema = Schema::parse(&root).unwrap();
    schema.validate(&json!({"spec": object}), None).iter().map(ToString::to_string).collect()
}

#[test]
fn one_keyword_at_a_time() {
    let cases = [
        (
            json!({"type": "integer"}),
            json!("x"),
            r#"spec: Invalid value: "string": spec in body must be of type integer: "string""#,
        ),
        (
            json!({"type": "string"}),
            json!(null),
            r#"spec: Invalid value: "null": spec in body must be of type string: "null""#,
        ),
        (
            json!({"x-kubernetes-int-or-string": true}),
            json!(true),
            r#"spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean""#,
        ),
        (
            json!({"type": "integer", "minimum": 0}),
            json!(-1),
            "spec: Invalid value: -1: spec in body should be greater than or equal to 0",
        ),
        (
            json!({"type": "integer", "maximum": 5, "exclusiveMaximum": true}),
            json!(5),
            "spec: Invalid value: 5: spec in body should be less than 5",
        ),
        (
            json!({"type": "number", "maximum": 1.5}),
            json!(2.5),
            "spec: Invalid value: 2.5: spec in body should be less than or equal to 1.5",
        ),
        (
            json!({"type": "integer", "multipleOf": 5}),
            json!(7),
            "spec: Invalid value: 7: spec in body should be a multiple of 5",
        ),
        (
            json!({"type": "string", "minLength": 2}),
            json!("a"),
            r#"spec: Invalid value: "a": spec in body should be at least 2 chars long"#,
        ),
        (json!({"type": "string", "maxLength": 2}), json!("abc"), "spec: Too long: may not be more than 2 bytes"),
        (
            json!({"type": "string", "pattern": "^a+$"}),
            json!("b"),
            r#"spec: Invalid value: "b": spec in body should match '^a+$'"#,
        ),
        (
            json!({"type": "string", "enum": ["a", "b"]}),
            json!("x"),
            r#"spec: Unsupported value: "x": supported values: "a", "b""#,
        ),
        (
            json!({"type": "array", "minItems": 1, "items": {"type": "string"}}),
            json!([]),
            "spec: Invalid value: 0: spec in body should have at least 1 items",
        ),
        (
            json!({"type": "array", "maxItems": 1, "items": {"type": "string"}}),
            json!(["a", "b"]),
            "spec: Too many: 2: must have at most 1 item",
        ),
        (
            json!({"type": "object", "maxProperties": 1}),
            json!({"a": 1, "b": 2}),
            "spec: Too many: 2: must have at most 1 item",
        ),
        (
            json!({"type": "object", "minProperties": 1}),
            json!({}),
            "spec: Invalid value: 0: spec in body should have at least 1 properties",
        ),
        (json!({"type": "object", "required": ["a"]}), json!({}), "spec.a: Required value"),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"k": 1}),
            r#"spec.k: Invalid value: "integer": spec.k in body must be of type string: "integer""#,
        ),
        (
            json!({"type": "string", "format": "date-time"}),
            json!("yesterday"),
            r#"spec: Invalid value: "yesterday": spec in body must be of type date-time: "yesterday""#,
        ),
        (
            json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}),
            json!(["a", "b", "a", "a"]),
            r#"spec[2]: Duplicate value: "a""#,
        ),
        (
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": {"type": "object"}}),
            json!([{"name": "a"}, {"name": "a"}]),
            r#"spec[1]: Duplicate value: {"name":"a"}"#,
        ),
        (
            json!({"type": "integer", "not": {"enum": [5]}}),
            json!(5),
            r#"<nil>: Invalid value: "": "spec" must not validate the schema (not)"#,
        ),
    ];
    for (schema, object, want) in cases {
        assert_eq!(messages(&schema, &object), [want], "{schema}");
    }
}

#[test]
fn alternatives_report_the_closest() {
    let schema = json!({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
    assert_eq!(
        messages(&schema, &json!({})),
        [
            r#"<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid"#,
            "spec.a: Required value",
        ]
    );
    assert_eq!(
        messages(&schema, &json!({"a": 1, "b": 1})),
        [
            r#"<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives"#
        ]
    );
    assert!(messages(&schema, &json!({"b": 1})).is_empty());
    let schema = json!({"anyOf": [{"type": "integer"}, {"type": "string"}]});
    assert_eq!(
        messages(&schema, &json!(true))[0],
        r#"<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)"#
    );
}

#[test]
fn whole_floats_are_integers() {
    assert!(messages(&json!({"type": "integer"}), &json!(3.0)).is_empty());
    assert!(messages(&json!({"type": "number"}), &json!(3)).is_empty());
}

#[test]
fn built_in_types_and_list_keys() {
    let schema = builtin::schema("apps", "v1", "Deployment").unwrap();
    let object = json!({
        "metadata": {"name": "a"},
        "spec": {"replicas": "3", "selector": {}, "template": {"spec": {"containers": [
            {"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP"}]},
            {"name": "a"},
        ]}}},
    });
    let found: Vec<String> = schema.validate(&object, None).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            r#"spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string""#,
            r#"spec.template.spec.containers[1]: Duplicate value: {"name":"a"}"#,
        ]
    );
}

#[test]
fn what_did_not_change_is_not_an_error() {
    let root = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "a": {"type": "integer", "maximum": 1}, "b": {"type": "string"},
        "list": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"],
            "items": {"type": "object", "properties": {"n": {"type": "string"}, "v": {"type": "integer", "minimum": 5}}}}}}}});
    let schema = Schema::parse(&root).unwrap();
    let old = json!({"spec": {"a": 7, "list": [{"n": "x", "v": 1}]}});
    let new = json!({"spec": {"a": 7, "b": "new", "list": [{"n": "y", "v": 2}, {"n": "x", "v": 1}]}});
    let found: Vec<String> = schema.validate(&new, Some(&old)).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["spec.list[0].v: Invalid value: 2: spec.list[0].v in body should be greater than or equal to 5"]
    );
}

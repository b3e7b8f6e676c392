use serde_json::{Value, json};

use super::{Crd, default_crd};

fn crd(schema: Value) -> Value {
    let mut object = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing", "shortNames": ["th"], "categories": ["all"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}},
                "additionalPrinterColumns": [{"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"}],
            }],
        },
    });
    default_crd(&mut object);
    object
}

fn good_schema() -> Value {
    json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}, "color": {"type": "string"}}},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }})
}

fn problems(object: &Value) -> Vec<String> {
    Crd::parse(object).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_one() {
    let mut object = crd(good_schema());
    object["spec"]["versions"][0]["selectableFields"] = json!([{"jsonPath": ".spec.color"}]);
    let crd = Crd::parse(&object).unwrap();
    assert_eq!((crd.names.singular.as_str(), crd.names.list_kind.as_str()), ("thing", "ThingList"));
    assert!(crd.namespaced);
    let version = crd.storage_version().unwrap();
    assert!(version.status_subresource && version.served);
    assert_eq!(version.scale.as_ref().unwrap().spec_replicas.field_names().unwrap(), ["spec", "replicas"]);
    assert_eq!(version.selectable_fields.keys().collect::<Vec<_>>(), ["spec.color"]);
    assert_eq!(version.printer_columns[0].name, "Replicas");
    let mut object = json!({"apiVersion": "example.com/v1", "kind": "Thing",
        "metadata": {"name": "a", "labels": {"l": "1"}, "nonsense": 1}, "spec": {"replicas": 1, "x": 2}, "status": {"any": 1}, "extra": 1});
    assert_eq!(version.schema.prune(&mut object), ["extra", "metadata.nonsense", "spec.x"]);
    assert!(version.schema.validate(&object, None).is_empty());
}

#[test]
fn defaults_and_the_age_column() {
    let mut object = crd(good_schema());
    assert_eq!(object["spec"]["conversion"], json!({"strategy": "None"}));
    object["spec"]["versions"][0]["additionalPrinterColumns"] = json!([]);
    object["spec"]["versions"][0]["deprecated"] = json!(true);
    let crd = Crd::parse(&object).unwrap();
    assert_eq!(crd.versions[0].printer_columns[0].name, "Age");
    assert_eq!(crd.versions[0].deprecation_warning.as_deref(), Some("example.com/v1 Thing is deprecated"));
}

#[test]
fn names_group_and_versions() {
    let mut object = crd(good_schema());
    object["metadata"]["name"] = json!("wrong.example.com");
    assert_eq!(
        problems(&object),
        [r#"metadata.name: Invalid value: "wrong.example.com": must be spec.names.plural+"."+spec.group"#]
    );

    let mut object = crd(good_schema());
    object["spec"]["scope"] = json!("Galaxy");
    object["spec"]["versions"][0]["additionalPrinterColumns"][0]["type"] = json!("int");
    object["spec"]["versions"][0]["subresources"]["scale"]["specReplicasPath"] = json!(".status.x");
    assert_eq!(
        problems(&object),
        [
            r#"spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced""#,
            r#"spec.additionalPrinterColumns[0].type: Invalid value: "int": must be one of boolean,date,integer,number,string"#,
            r#"spec.subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec"#,
        ]
    );

    let mut object = crd(good_schema());
    object["spec"]["versions"][0]["storage"] = json!(false);
    assert!(problems(&object)[0].ends_with("must have exactly one version marked as storage version"));

    let mut object = crd(good_schema());
    object["spec"]["conversion"] = json!({"strategy": "Webhook"});
    assert_eq!(
        problems(&object),
        [r#"spec.conversion.strategy: Unsupported value: "Webhook": supported values: "None""#]
    );

    let mut object = crd(good_schema());
    object["spec"]["names"]["kind"] = json!("Bad Kind");
    assert!(problems(&object)[0].starts_with(
        r#"spec.names.kind: Invalid value: "Bad Kind": may have mixed case, but should otherwise match: a DNS-1035 label must"#
    ));
}

#[test]
fn schemas_must_be_structural() {
    let cases = [
        (
            json!({"type": "object", "properties": {"spec": {"properties": {"a": {"type": "string"}}}}}),
            "spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields",
        ),
        (
            json!({"type": "string"}),
            r#"spec.validation.openAPIV3Schema.type: Invalid value: "string": must be object at the root"#,
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "array"}}}),
            "spec.validation.openAPIV3Schema.properties[a].items: Required value: must be specified",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "array", "items": {}}}}),
            "spec.validation.openAPIV3Schema.properties[a].items.type: Required value: must not be empty for specified array items",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "object", "additionalProperties": {"type": "string"}, "properties": {"b": {"type": "string"}}}}}),
            "spec.validation.openAPIV3Schema.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            json!({"type": "object", "properties": {"a": {"$ref": "#/x", "type": "string"}}}),
            "spec.validation.openAPIV3Schema.properties[a].$ref: Forbidden: $ref is not supported",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "object", "anyOf": [{"type": "object"}]}}}),
            "spec.validation.openAPIV3Schema.properties[a].anyOf[0].type: Forbidden: must be empty to be structural",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}),
            r#"spec.validation.openAPIV3Schema.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn't"#,
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"], "items": {"type": "object", "properties": {"n": {"type": "string"}}}}}}),
            "spec.validation.openAPIV3Schema.properties[a].items.properties[n].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ),
        (
            json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}}}),
            "spec.validation.openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "int"}}}),
            r#"spec.validation.openAPIV3Schema.properties[a].type: Unsupported value: "int": supported values: "array", "boolean", "integer", "number", "object", "string""#,
        ),
    ];
    for (schema, want) in cases {
        let found = problems(&crd(schema));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(want), "{}", found[0]);
    }
    let mut object = crd(good_schema());
    object["spec"]["versions"][0].as_object_mut().unwrap().remove("schema");
    assert_eq!(problems(&object), ["spec.versions[0].schema.openAPIV3Schema: Required value"]);
}

#[test]
fn metadata_name_may_be_restricted() {
    let mut schema = good_schema();
    schema["properties"]["metadata"] =
        json!({"type": "object", "properties": {"name": {"type": "string", "pattern": "^a"}}});
    let crd = Crd::parse(&crd(schema)).unwrap();
    let found = crd.versions[0].schema.validate(&json!({"metadata": {"name": "b"}}), None);
    assert_eq!(found[0].to_string(), r#"metadata.name: Invalid value: "b": metadata.name in body should match '^a'"#);
}

#[test]
fn int_or_string_spellings_are_structural() {
    let schema = json!({"type": "object", "properties": {
        "a": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "b": {"x-kubernetes-int-or-string": true, "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"pattern": "^x"}]},
    }});
    assert!(Crd::parse(&crd(schema)).is_ok());
}

//! From a CustomResourceDefinition object to [`Crd`].

use serde_json::Value;

use super::names::{self, subdomain_problems};
use super::{Crd, version};
use crate::FieldError;

impl Crd {
    /// Validates and compiles a CustomResourceDefinition (after [`super::default_crd`]).
    ///
    /// # Errors
    /// All problems, with the API server's words, for a Status 422.
    pub fn parse(object: &Value) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let none = Value::Null;
        let spec = object.get("spec").unwrap_or(&none);
        let text = |key: &str| spec.get(key).and_then(Value::as_str).unwrap_or_default();

        let group = text("group").to_owned();
        check_group(&group, &mut errors);
        let scope = text("scope");
        match scope {
            "" => errors.push(FieldError::required("spec.scope", "")),
            "Namespaced" | "Cluster" => {}
            other => {
                errors.push(FieldError::not_supported("spec.scope", Value::from(other), ["Cluster", "Namespaced"]));
            }
        }
        if spec.get("preserveUnknownFields").and_then(Value::as_bool) == Some(true) {
            let detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
            errors.push(FieldError::invalid("spec.preserveUnknownFields", Value::Bool(true), detail));
        }
        let names = names::parse(spec, &mut errors);
        check_name(object, &names.plural, &group, &mut errors);
        check_conversion(spec, &mut errors);

        let list = spec.get("versions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        check_versions(spec, list, &mut errors);
        let versions = version::parse_all(list, &group, &names.kind, &mut errors);
        if errors.is_empty() {
            Ok(Self { group, names, namespaced: scope == "Namespaced", versions })
        } else {
            Err(errors)
        }
    }
}

fn check_group(group: &str, errors: &mut Vec<FieldError>) {
    let bad = || Value::from(group);
    if group.is_empty() {
        errors.push(FieldError::required("spec.group", ""));
        return;
    }
    let problems = subdomain_problems(group);
    if !problems.is_empty() {
        errors.push(FieldError::invalid("spec.group", bad(), problems.join(",")));
    } else if !group.contains('.') {
        errors.push(FieldError::invalid("spec.group", bad(), "should be a domain with at least one dot"));
    }
}

fn check_name(object: &Value, plural: &str, group: &str, errors: &mut Vec<FieldError>) {
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let bad = || Value::from(name);
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
        return;
    }
    for problem in subdomain_problems(name) {
        errors.push(FieldError::invalid("metadata.name", bad(), problem));
    }
    if name != format!("{plural}.{group}") {
        errors.push(FieldError::invalid("metadata.name", bad(), r#"must be spec.names.plural+"."+spec.group"#));
    }
}

/// Objects are stored as they are written, so only the strategy `None` can be served.
fn check_conversion(spec: &Value, errors: &mut Vec<FieldError>) {
    let field = "spec.conversion.strategy";
    match spec.pointer("/conversion/strategy").and_then(Value::as_str) {
        None | Some("None") => {}
        Some("") => errors.push(FieldError::required(field, "")),
        Some(other) => errors.push(FieldError::not_supported(field, Value::from(other), ["None"])),
    }
}

fn check_versions(spec: &Value, list: &[Value], errors: &mut Vec<FieldError>) {
    let bad = || spec.get("versions").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    let storage = list.iter().filter(|version| version.get("storage").and_then(Value::as_bool) == Some(true)).count();
    let repeated = list.iter().enumerate().any(|(index, version)| {
        list[..index].iter().any(|other| other.get("name").is_some() && other.get("name") == version.get("name"))
    });
    if repeated {
        errors.push(FieldError::invalid("spec.versions", bad(), "must contain unique version names"));
    }
    if storage != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid("spec.versions", bad(), detail));
    }
}

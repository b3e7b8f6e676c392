//! `spec.names` and the rules for names.

use serde_json::Value;

use super::Names;
use crate::FieldError;

const LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Why a name is no DNS-1035 label.
pub(super) fn label_problems(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name.len() > 63 {
        problems.push("must be no more than 63 bytes".to_owned());
    }
    if !(name.starts_with(|c: char| c.is_ascii_lowercase()) && part(name)) {
        problems.push(LABEL.to_owned());
    }
    problems
}

/// Why a name is no DNS subdomain.
pub(super) fn subdomain_problems(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name.len() > 253 {
        problems.push("must be no more than 253 bytes".to_owned());
    }
    if !name.split('.').all(part) {
        problems.push(SUBDOMAIN.to_owned());
    }
    problems
}

fn part(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Reads and checks `spec.names`.
pub(super) fn parse(spec: &Value, errors: &mut Vec<FieldError>) -> Names {
    let none = Value::Null;
    let json = spec.get("names").unwrap_or(&none);
    let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let texts = |key: &str| -> Vec<String> {
        json.get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let names = Names {
        plural: text("plural"),
        singular: text("singular"),
        kind: text("kind"),
        list_kind: text("listKind"),
        short_names: texts("shortNames"),
        categories: texts("categories"),
    };
    let required = [
        ("plural", &names.plural),
        ("singular", &names.singular),
        ("kind", &names.kind),
        ("listKind", &names.list_kind),
    ];
    for (key, value) in required {
        if value.is_empty() {
            errors.push(FieldError::required(format!("spec.names.{key}"), ""));
        }
    }
    let mut check = |field: String, value: &str, shown: &str, lead: &str| {
        let problems = label_problems(value);
        if !value.is_empty() && !problems.is_empty() {
            errors.push(FieldError::invalid(field, Value::from(shown), format!("{lead}{}", problems.join(","))));
        }
    };
    const MIXED: &str = "may have mixed case, but should otherwise match: ";
    check("spec.names.plural".to_owned(), &names.plural, &names.plural, "");
    check("spec.names.singular".to_owned(), &names.singular, &names.singular, "");
    check("spec.names.kind".to_owned(), &names.kind.to_lowercase(), &names.kind, MIXED);
    check("spec.names.listKind".to_owned(), &names.list_kind.to_lowercase(), &names.list_kind, MIXED);
    for (index, name) in names.short_names.iter().enumerate() {
        check(format!("spec.names.shortNames[{index}]"), name, name, "");
    }
    for (index, name) in names.categories.iter().enumerate() {
        check(format!("spec.names.categories[{index}]"), name, name, "");
    }
    if !names.kind.is_empty() && names.kind == names.list_kind {
        let bad = Value::from(names.list_kind.as_str());
        errors.push(FieldError::invalid("spec.names.listKind", bad, "kind and listKind may not be the same"));
    }
    names
}

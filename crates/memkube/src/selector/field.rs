//! `fieldSelector`: equality on the few fields each kind offers.

use crate::resource::Resource;
use serde_json::Value;

/// All requirements must hold; none selects everything.
#[derive(Debug, Clone, Default)]
pub struct FieldSelector(Vec<Requirement>);

#[derive(Debug, Clone)]
struct Requirement {
    path: Vec<String>,
    equal: bool,
    value: String,
}

/// Fields a kind offers besides `metadata.name` and `metadata.namespace`.
fn supported(resource: &Resource, field: &str) -> bool {
    if matches!(field, "metadata.name" | "metadata.namespace") {
        return resource.namespaced || field == "metadata.name";
    }
    let fields: &[&str] = match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("" | "events.k8s.io", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "secrets") => &["type"],
        ("", "namespaces") => &["status.phase"],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("", "replicationcontrollers") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        _ => &[],
    };
    fields.contains(&field) || resource.crd_version().is_some_and(|v| v.selectable_fields.contains_key(field))
}

/// Kinds that offer more than name and namespace; the others refuse in other words.
fn has_fields_of_its_own(resource: &Resource) -> bool {
    resource.is_custom()
        || matches!(
            (resource.group.as_str(), resource.plural.as_str()),
            ("", "pods" | "events" | "secrets" | "namespaces" | "nodes" | "services" | "replicationcontrollers")
                | ("events.k8s.io", "events")
                | ("batch", "jobs")
                | ("certificates.k8s.io", "certificatesigningrequests")
        )
}

impl FieldSelector {
    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name it pins with `metadata.name=`, if any: such a list reads a single object.
    pub fn name(&self) -> Option<&str> {
        self.0.iter().find(|r| r.equal && r.path == ["metadata", "name"]).map(|r| r.value.as_str())
    }

    /// Whether the object's fields satisfy it.
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|r| (value_at(object, &r.path) == r.value) == r.equal)
    }

    /// Parses the text of `?fieldSelector=`.
    ///
    /// # Errors
    /// The real server's message.
    pub fn parse(text: &str, resource: &Resource) -> Result<Self, String> {
        let mut all = Vec::new();
        for term in split_terms(text) {
            let (field, equal, value) = if let Some((f, v)) = term.split_once("!=") {
                (f, false, v)
            } else if let Some((f, v)) = term.split_once("==").or_else(|| term.split_once('=')) {
                (f, true, v)
            } else {
                return Err(format!("invalid selector: '{text}'; can't understand '{term}'"));
            };
            if !supported(resource, field) {
                return Err(if has_fields_of_its_own(resource) {
                    format!("field label not supported: {field}")
                } else {
                    format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
                });
            }
            let field = storage_field(resource, field);
            all.push(Requirement {
                path: field.split('.').map(str::to_owned).collect(),
                equal,
                value: unescape(value),
            });
        }
        Ok(FieldSelector(all))
    }
}

/// Stored events are core events: their newer names lead to the older ones.
fn storage_field(resource: &Resource, field: &str) -> String {
    match (resource.plural.as_str(), field) {
        ("events", "source") => "source.component".to_owned(),
        ("events", f) => f.replacen("regarding.", "involvedObject.", 1),
        (_, f) => f.to_owned(),
    }
}

fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (i, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == ',' {
            terms.push(&text[start..i]);
            start = i + 1;
        }
    }
    terms.push(&text[start..]);
    terms.retain(|t| !t.is_empty());
    terms
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            out.extend(chars.next());
        } else {
            out.push(c);
        }
    }
    out
}

/// The field as text; absent fields are empty, or what an absent number or flag means.
fn value_at(object: &Value, path: &[String]) -> String {
    let mut at = object;
    for segment in path {
        match at.get(segment) {
            Some(next) => at = next,
            None => {
                return match segment.as_str() {
                    "replicas" | "successful" => "0".into(),
                    "unschedulable" | "hostNetwork" => "false".into(),
                    _ => String::new(),
                };
            }
        }
    }
    match at {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

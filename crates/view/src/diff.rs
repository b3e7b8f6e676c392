//! Two pod templates, field by field.

use crate::read::text;
use rollouts_api::pod_template;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Characters of a value that are shown to people.
const SHOWN_MAX: usize = 120;

/// A field that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where, such as `spec.containers[web].env[LOG].value`.
    pub path: String,
    /// What was there; `None` if it was added.
    pub old: Option<Value>,
    /// What is there; `None` if it was removed.
    pub new: Option<Value>,
}

/// What differs between two templates, in the order of their fields. What one says and the other leaves to its default
/// is the same.
pub fn templates(old: &Value, new: &Value) -> Vec<Change> {
    let defaulted = |template: &Value| {
        let mut template = template.clone();
        pod_template::default(&mut template);
        template
    };
    let mut changes = Vec::new();
    compare("", "", &defaulted(old), &defaulted(new), &mut changes);
    changes
}

fn compare(path: &str, field: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    match (old, new) {
        _ if old == new || (is_nothing(old) && is_nothing(new)) => {}
        (Value::Object(old), Value::Object(new)) => objects(path, old, new, changes),
        // What is there on one side only is told field by field, too, unless it is an element of a list.
        (Value::Object(old), Value::Null) if !path.ends_with(']') => objects(path, old, &Map::new(), changes),
        (Value::Null, Value::Object(new)) if !path.ends_with(']') => objects(path, &Map::new(), new, changes),
        (Value::Array(old), Value::Null) if is_named(field, old) => lists(path, field, old, &[], changes),
        (Value::Null, Value::Array(new)) if is_named(field, new) => lists(path, field, &[], new, changes),
        (Value::Array(old), Value::Array(new)) => lists(path, field, old, new, changes),
        _ => {
            let there = |value: &Value| (!is_nothing(value)).then(|| value.clone());
            changes.push(Change { path: path.to_owned(), old: there(old), new: there(new) });
        }
    }
}

/// Empty objects and lists, and null, are absent.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn objects(path: &str, old: &Map<String, Value>, new: &Map<String, Value>, changes: &mut Vec<Change>) {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let side = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
        compare(&join(path, key), key, &side(old), &side(new), changes);
    }
}

/// Elements that have a name are compared with those of the same name, wherever they are; others by their place.
fn lists(path: &str, field: &str, old: &[Value], new: &[Value], changes: &mut Vec<Change>) {
    let names = |list: &[Value]| list.iter().map(|item| identity(field, item)).collect::<Option<Vec<String>>>();
    let (Some(before), Some(after)) = (names(old), names(new)) else {
        for i in 0..old.len().max(new.len()) {
            let side = |list: &[Value]| list.get(i).cloned().unwrap_or_default();
            compare(&format!("{path}[{i}]"), "", &side(old), &side(new), changes);
        }
        return;
    };
    let find = |list: &[Value], names: &[String], name: &String| {
        names.iter().position(|n| n == name).map_or(Value::Null, |i| list[i].clone())
    };
    let mut shown = BTreeSet::new();
    for name in before.iter().chain(&after).filter(|name| shown.insert((*name).clone())) {
        compare(&format!("{path}[{name}]"), "", &find(old, &before, name), &find(new, &after, name), changes);
    }
    // Init containers run one after the other, and a variable may use those before it.
    let common = |names: &[String], others: &[String]| -> Vec<String> {
        names.iter().filter(|name| others.contains(name)).cloned().collect()
    };
    let (old_order, new_order) = (common(&before, &after), common(&after, &before));
    if matches!(field, "initContainers" | "env") && old_order != new_order {
        changes.push(Change {
            path: format!("{path} (order)"),
            old: Some(json!(old_order)),
            new: Some(json!(new_order)),
        });
    }
}

/// What tells an element of a list apart from the others.
fn identity(field: &str, item: &Value) -> Option<String> {
    let key = match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "sysctls"
        | "resourceClaims" => "/name",
        "volumeMounts" => "/mountPath",
        "volumeDevices" => "/devicePath",
        "hostAliases" => "/ip",
        "topologySpreadConstraints" => "/topologyKey",
        "readinessGates" => "/conditionType",
        "ports" => {
            let port = item.pointer("/containerPort")?;
            let protocol = text(item, "/protocol");
            return Some(if matches!(protocol, "" | "TCP") { port.to_string() } else { format!("{port}/{protocol}") });
        }
        "items" => "/key",
        _ => return None,
    };
    Some(text(item, key)).filter(|name| !name.is_empty()).map(str::to_owned)
}

fn is_named(field: &str, list: &[Value]) -> bool {
    list.iter().all(|item| identity(field, item).is_some())
}

fn join(path: &str, key: &str) -> String {
    let key = if key.contains(['.', '/']) { format!("[{key}]") } else { key.to_owned() };
    match () {
        () if path.is_empty() || key.starts_with('[') => format!("{path}{key}"),
        () => format!("{path}.{key}"),
    }
}

impl Change {
    /// The change for programs.
    pub fn json(&self) -> Value {
        let kind = match (&self.old, &self.new) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        json!({"path": self.path, "change": kind, "old": self.old, "new": self.new})
    }

    /// A value for people: texts as they are, the rest as JSON in one line.
    pub fn shown(value: &Value) -> String {
        let text = match value {
            Value::String(text) if !text.is_empty() && !text.contains(['\n', '\r']) => text.clone(),
            other => other.to_string(),
        };
        match text.char_indices().nth(SHOWN_MAX) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

#[cfg(test)]
mod tests;

//! The downward API's `fieldRef` paths into `metadata`.

use crate::ObjectMeta;
use crate::label;
use std::collections::BTreeMap;

/// What `path` (such as `metadata.name` or `metadata.labels['team']`) says about an object. A label or annotation
/// that is not there is empty text. The error is Kubernetes': the path is none of the supported ones.
pub fn extract(meta: &ObjectMeta, path: &str) -> Result<String, String> {
    let unsupported = || format!("unsupported fieldPath: {path}");
    if let Some((map, key)) = path.strip_suffix("']").and_then(|p| p.split_once("['")) {
        let entry = |entries: &BTreeMap<String, String>| entries.get(key).cloned().unwrap_or_default();
        // Annotation keys may have capitals in their prefix, label keys may not.
        let (entries, checked_key) = match map {
            "metadata.annotations" => (&meta.annotations, key.to_ascii_lowercase()),
            "metadata.labels" => (&meta.labels, key.to_string()),
            _ => return Err(format!("fieldPath {path:?} does not support subscript")),
        };
        let errors = label::key_errors(&checked_key);
        if !errors.is_empty() {
            return Err(format!("invalid key subscript in {map}: {}", errors.join(";")));
        }
        return Ok(entry(entries));
    }
    match path {
        "metadata.name" => Ok(meta.name.clone()),
        "metadata.namespace" => Ok(meta.namespace.clone()),
        "metadata.uid" => Ok(meta.uid.clone()),
        "metadata.labels" => Ok(lines(&meta.labels)),
        "metadata.annotations" => Ok(lines(&meta.annotations)),
        _ => Err(unsupported()),
    }
}

/// One `key="value"` a line.
fn lines(entries: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = entries.iter().map(|(k, v)| format!("{k}={}", crate::field::quote(v))).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let mut meta =
            ObjectMeta { name: "shop".into(), namespace: "ns".into(), uid: "u".into(), ..Default::default() };
        meta.labels.insert("team".into(), "a".into());
        meta.labels.insert("b".into(), "\"".into());
        meta.annotations.insert("Ex.com/x".into(), "y".into());
        let get = |path| extract(&meta, path);
        assert_eq!(get("metadata.name").as_deref(), Ok("shop"));
        assert_eq!(get("metadata.labels['team']").as_deref(), Ok("a"));
        assert_eq!(get("metadata.labels['nope']").as_deref(), Ok(""));
        assert_eq!(get("metadata.annotations['Ex.com/x']").as_deref(), Ok("y"));
        assert_eq!(get("metadata.labels").as_deref(), Ok("b=\"\\\"\"\nteam=\"a\""));
        assert_eq!(get("metadata.owner").unwrap_err(), "unsupported fieldPath: metadata.owner");
        assert!(get("metadata.labels['a b']").is_err() && get("metadata.uid['x']").is_err());
    }
}

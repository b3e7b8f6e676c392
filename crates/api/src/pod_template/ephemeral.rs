//! Labels and annotations that pods carry while their ReplicaSet plays a role (rollout.md §11).

use super::json::{child, remove_entry, set};
use crate::go_json;
use crate::rollout::PodTemplateMetadata;
use serde_json::Value;

/// Makes `object.metadata` (of a pod or a pod template) carry `desired`: sets each of its keys, and deletes those
/// that were `recorded` as injected earlier and are desired no more. Nothing else is deleted, and a value of the
/// user's that was overwritten is not restored. Says whether anything changed.
pub fn apply(
    object: &mut Value,
    desired: Option<&PodTemplateMetadata>,
    recorded: Option<&PodTemplateMetadata>,
) -> bool {
    let before = object.get("metadata").cloned();
    let nothing = PodTemplateMetadata::default();
    let (desired, recorded) = (desired.unwrap_or(&nothing), recorded.unwrap_or(&nothing));
    let maps =
        [("labels", &desired.labels, &recorded.labels), ("annotations", &desired.annotations, &recorded.annotations)];
    for (field, desired, recorded) in maps {
        for key in recorded.keys().filter(|key| !desired.contains_key(*key)) {
            remove_entry(object, &["metadata", field], key);
        }
        for (key, value) in desired {
            set(child(child(object, "metadata"), field), key, value.clone());
        }
    }
    object.get("metadata") != before.as_ref()
}

/// Deletes from `object.metadata` what was `recorded` as injected.
pub fn remove(object: &mut Value, recorded: &PodTemplateMetadata) {
    apply(object, None, Some(recorded));
}

/// The metadata recorded in the annotation `rollout.argoproj.io/ephemeral-metadata`; `None` if it is absent or
/// cannot be read.
pub fn parse_annotation(annotation: Option<&str>) -> Option<PodTemplateMetadata> {
    serde_json::from_str(annotation?).ok()
}

/// The text of the annotation: Go's JSON, labels first, empty maps left out.
pub fn annotation(metadata: &PodTemplateMetadata) -> String {
    let maps = [("labels", &metadata.labels), ("annotations", &metadata.annotations)];
    let entries: Vec<String> = maps
        .into_iter()
        .filter(|(_, map)| !map.is_empty())
        .map(|(name, map)| {
            let map = map.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect();
            format!("\"{name}\":{}", go_json::to_string(&Value::Object(map)))
        })
        .collect();
    format!("{{{}}}", entries.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metadata(value: Value) -> PodTemplateMetadata {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn roles_change_and_leave_the_rest_alone() {
        let canary = metadata(json!({"labels": {"role": "canary"}, "annotations": {"note": "new"}}));
        let stable = metadata(json!({"labels": {"role": "stable", "tier": "gold"}}));
        let original = json!({"metadata": {"labels": {"app": "x"}}, "spec": {}});
        let mut template = original.clone();
        assert!(apply(&mut template, Some(&canary), None));
        assert_eq!(
            template["metadata"],
            json!({"labels": {"app": "x", "role": "canary"}, "annotations": {"note": "new"}})
        );
        assert!(!apply(&mut template, Some(&canary), Some(&canary)));
        assert!(apply(&mut template, Some(&stable), Some(&canary)));
        assert_eq!(template["metadata"], json!({"labels": {"app": "x", "role": "stable", "tier": "gold"}}));
        remove(&mut template, &stable);
        assert_eq!(template, original);
    }

    #[test]
    fn annotation_is_read_and_written() {
        let text = r#"{"labels":{"role":"stable","tier":"gold"}}"#;
        let stable = parse_annotation(Some(text)).unwrap();
        assert_eq!(annotation(&stable), text);
        assert_eq!(annotation(&PodTemplateMetadata::default()), "{}");
        let note = metadata(json!({"labels": {"a": "b"}, "annotations": {"note": "<x>"}}));
        assert_eq!(annotation(&note), r#"{"labels":{"a":"b"},"annotations":{"note":"\u003cx\u003e"}}"#);
        assert_eq!(parse_annotation(Some("no json")), None);
        assert_eq!(parse_annotation(None), None);
    }
}

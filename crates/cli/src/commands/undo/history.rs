//! The ReplicaSets of a Rollout as its history.

use rollouts_api::names::REVISION;
use serde_json::Value;

/// The ReplicaSet of a revision; of the one before the latest when `revision` is 0.
pub(super) fn find<'a>(
    rollout: &Value,
    replica_sets: &'a [Value],
    revision: i64,
    name: &str,
) -> Result<&'a Value, String> {
    let history = revisions(rollout, replica_sets);
    let found = match revision {
        0 => history.iter().filter(|(r, _)| *r > 0).nth(1),
        wanted => history.iter().find(|(r, _)| *r == wanted),
    };
    match found {
        Some((_, rs)) => Ok(rs),
        None if revision > 0 => Err(format!("unable to find specified revision {revision} in history")),
        None => Err(format!("no revision found for rollout {name:?}")),
    }
}

/// The ReplicaSets of a Rollout with their revisions, the latest first.
pub(crate) fn revisions<'a>(rollout: &Value, replica_sets: &'a [Value]) -> Vec<(i64, &'a Value)> {
    let owned = replica_sets.iter().filter(|rs| controls(rollout, rs));
    let mut history: Vec<(i64, &Value)> = owned.filter_map(|rs| Some((revision_of(rs)?, rs))).collect();
    // Stable: among equals, which a healthy Rollout has not, the server's order decides.
    history.sort_by_key(|(revision, _)| std::cmp::Reverse(*revision));
    history
}

fn controls(rollout: &Value, rs: &Value) -> bool {
    let owners = rs.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|o| o["controller"] == true && o["uid"] == rollout["metadata"]["uid"])
}

/// 0 without the annotation, nothing if it is no number.
fn revision_of(rs: &Value) -> Option<i64> {
    match rs["metadata"]["annotations"][REVISION].as_str() {
        Some(revision) => revision.parse().ok(),
        None => Some(0),
    }
}

/// A label selector in the syntax of `kubectl -l`.
pub(crate) fn selector_text(selector: &Value) -> String {
    let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let mut parts: Vec<String> = labels.map(|(key, value)| format!("{key}={}", text(value))).collect();
    for requirement in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = text(&requirement["key"]);
        let values = requirement["values"].as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(",");
        parts.push(match requirement["operator"].as_str() {
            Some("In") => format!("{key} in ({values})"),
            Some("NotIn") => format!("{key} notin ({values})"),
            Some("DoesNotExist") => format!("!{key}"),
            _ => key,
        });
    }
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rs(revision: Option<&str>, owner: &str) -> Value {
        json!({"metadata": {
            "name": revision, "annotations": {"rollout.argoproj.io/revision": revision},
            "ownerReferences": [{"controller": true, "uid": owner}],
        }})
    }

    #[test]
    fn revisions() {
        let rollout = json!({"metadata": {"uid": "u"}});
        let all = [rs(Some("2"), "u"), rs(None, "u"), rs(Some("5"), "u"), rs(Some("4"), "x"), rs(Some("x"), "u")];
        let find =
            |sets: &[Value], revision| find(&rollout, sets, revision, "web").map(|rs| rs["metadata"]["name"].clone());
        assert_eq!(find(&all, 0), Ok(json!("2")));
        assert_eq!(find(&all, 5), Ok(json!("5")));
        assert_eq!(find(&all, 4), Err("unable to find specified revision 4 in history".into()));
        assert_eq!(find(&all, -1), Err("no revision found for rollout \"web\"".into()));
        assert_eq!(find(&all[..2], 0), Err("no revision found for rollout \"web\"".into()));
    }

    #[test]
    fn selectors() {
        let selector = json!({"matchLabels": {"app": "web"}, "matchExpressions": [
            {"key": "a", "operator": "In", "values": ["x", "y"]}, {"key": "b", "operator": "Exists"},
            {"key": "c", "operator": "DoesNotExist"}, {"key": "d", "operator": "NotIn", "values": ["z"]},
        ]});
        assert_eq!(selector_text(&selector), "app=web,a in (x,y),b,!c,d notin (z)");
        assert_eq!(selector_text(&json!(null)), "");
    }
}

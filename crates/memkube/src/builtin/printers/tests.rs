use super::*;
use crate::builtin::{default_object, golden::differences};
use rollouts_api::pod_template::json::text;
use serde_json::json;

/// One JSON object a line: an object, and the cells that Kubernetes 1.34 prints for it.
const GOLDEN: &str = include_str!("golden.jsonl");

fn now() -> Timestamp {
    "2026-01-01T01:00:00Z".parse().unwrap()
}

#[test]
fn cells_are_those_of_kubernetes() {
    let mut wrong = Vec::new();
    for line in GOLDEN.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let mut obj = case["in"].clone();
        let group = text(&obj, "apiVersion").rsplit_once('/').map_or("", |(group, _)| group).to_string();
        let kind = text(&obj, "kind").to_string();
        default_object(&group, &kind, &mut obj);
        let table = table(&group, &kind, &[&obj], now()).unwrap();
        assert_eq!(table.rows[0].len(), table.columns.len(), "{}", case["name"]);
        for difference in differences(&Value::from(table.rows[0].clone()), &case["cells"]) {
            wrong.push(format!("{}: {difference}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn times_are_shown_as_ages() {
    let pod = json!({
        "metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:56:40Z"},
        "status": {"containerStatuses": [{
            "name": "c", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T00:59:55Z"}},
        }]},
    });
    let rows = table("", "Pod", &[&pod], now()).unwrap().rows;
    assert_eq!(rows[0][3], format!("2 ({} ago)", format::human(5)));
    assert_eq!(rows[0][4], format::human(200));
}

#[test]
fn other_kinds_have_no_columns() {
    assert_eq!(table("rbac.authorization.k8s.io", "Role", &[], now()), None);
    assert_eq!(table("argoproj.io", "Rollout", &[], now()), None);
}

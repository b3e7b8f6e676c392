//! Cases whose results were computed by Kubernetes' own implementation (gen/golden_strategic.go).

use serde_json::Value;

use super::strategic_merge_patch;
use crate::builtin;

#[test]
fn golden() {
    let text = include_str!("../../../tests/data/strategic.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    for case in cases {
        let kind = case["kind"].as_str().unwrap();
        let mut parts = kind.rsplitn(3, '/');
        let (kind, version, group) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap_or(""));
        let schema = builtin::schema(group, version, kind).unwrap();
        match (strategic_merge_patch(schema, &case["doc"], &case["patch"]), case.get("error")) {
            (Ok(got), None) => assert_eq!(got, case["want"], "{}", case["name"]),
            (Err(got), Some(want)) => assert_eq!(got.to_string(), *want, "{}", case["name"]),
            (got, _) => panic!("{}: {got:?}, want {case}", case["name"]),
        }
    }
}

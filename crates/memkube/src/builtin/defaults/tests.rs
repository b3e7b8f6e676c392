use super::*;
use crate::builtin::golden::differences;

/// One JSON object a line: an object, and the object as Kubernetes 1.34 defaults it.
const GOLDEN: &str = include_str!("golden.jsonl");

#[test]
fn defaults_are_those_of_kubernetes() {
    let mut wrong = Vec::new();
    for line in GOLDEN.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let mut obj = case["in"].clone();
        let group = text(&obj, "apiVersion").rsplit_once('/').map_or("", |(group, _)| group).to_string();
        let kind = text(&obj, "kind").to_string();
        apply(&group, &kind, &mut obj);
        for difference in differences(&obj, &case["out"]) {
            wrong.push(format!("{}: {difference}", case["name"]));
        }
        let mut again = obj.clone();
        apply(&group, &kind, &mut again);
        assert_eq!(again, obj, "{}: a second pass changes nothing", case["name"]);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

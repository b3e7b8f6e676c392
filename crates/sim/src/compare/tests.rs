use super::*;
use std::collections::BTreeMap;

fn recording(sizes: &[i64], messages: &[&str]) -> Recording {
    let event = |message: &&str| ("Rollout/tea".into(), "Normal".into(), "R".into(), (*message).into(), 1);
    Recording {
        scenario: "s".into(),
        commands: vec![vec!["get".into(), 0.into(), "tea-6bc68bdf46-abc12  5s".into()]],
        events: messages.iter().map(event).collect(),
        tracks: BTreeMap::from([("replicasets/tea".into(), sizes.iter().map(|n| json!({"replicas": n})).collect())]),
        ..Default::default()
    }
}

#[test]
fn a_repeated_size_is_no_difference() {
    assert_eq!(diff(&recording(&[0, 1], &["a"]), &recording(&[0, 0, 1], &["a"])), "");
}

#[test]
fn another_order_is_a_difference() {
    let text = diff(&recording(&[0, 1, 2], &["a", "b"]), &recording(&[0, 2], &["b", "a"]));
    assert!(text.contains("golden replicasets/tea") && text.contains("-1\n"), "{text}");
    assert!(text.contains("golden events of Rollout/tea"), "{text}");
}

#[test]
fn ages_and_pods_in_output_are_no_difference() {
    let mut ours = recording(&[0], &["a"]);
    ours.commands[0][2] = "tea-6bc68bdf46-zzz99  12s".into();
    assert_eq!(diff(&recording(&[0], &["a"]), &ours), "");
}

use super::*;
use rollouts_kube::Key;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

fn rollouts() -> PerObject {
    Counters::default().rollouts
}

fn counted(counters: &PerObject) -> Vec<String> {
    let mut text = Text::default();
    counters.write_reconciles(&mut text);
    counters.write_events(&mut text);
    text.finish().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn numbers_live_a_little_longer_than_their_object() {
    let (counters, key) = (rollouts(), Key::new("shop", "web"));
    counters.reconciled(&key, Duration::from_millis(10), false);
    counters.reconciled(&key, Duration::from_millis(200), true);
    counters.event(key.clone(), "Normal", "RolloutUpdated");
    let of = r#"namespace="shop",name="web""#;
    let expected = [
        format!(r#"rollout_reconcile_bucket{{{of},le="0.01"}} 1"#),
        format!(r#"rollout_reconcile_bucket{{{of},le="0.15"}} 1"#),
        format!(r#"rollout_reconcile_bucket{{{of},le="0.25"}} 2"#),
        format!(r#"rollout_reconcile_bucket{{{of},le="0.5"}} 2"#),
        format!(r#"rollout_reconcile_bucket{{{of},le="1"}} 2"#),
        format!(r#"rollout_reconcile_bucket{{{of},le="+Inf"}} 2"#),
        format!("rollout_reconcile_sum{{{of}}} 0.21000000000000002"),
        format!("rollout_reconcile_count{{{of}}} 2"),
        format!("rollout_reconcile_error{{{of}}} 1"),
        format!(r#"rollout_events_total{{{of},type="Normal",reason="RolloutUpdated"}} 1"#),
    ];
    assert_eq!(counted(&counters), expected);
    counters.gone(&key);
    sleep(Duration::from_secs(64)).await;
    assert_eq!(counted(&counters).len(), 10, "one more scrape sees them");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(counted(&counters), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_back_keeps_its_numbers() {
    let (counters, key) = (rollouts(), Key::new("shop", "web"));
    counters.reconciled(&key, Duration::ZERO, false);
    counters.gone(&key);
    sleep(Duration::from_secs(30)).await;
    counters.reconciled(&key, Duration::ZERO, false);
    sleep(Duration::from_secs(60)).await;
    assert!(counted(&counters).contains(&r#"rollout_reconcile_count{namespace="shop",name="web"} 2"#.to_string()));
}

#[test]
fn rollouts_as_the_go_controller_tells_them() {
    let rollout = |strategy: serde_json::Value, status: serde_json::Value| {
        let object = json!({
            "metadata": { "name": "a\"b", "namespace": "shop" },
            "spec": { "strategy": strategy },
            "status": status,
        });
        Arc::new(serde_json::from_value::<rollouts_api::Rollout>(object).expect("a Rollout"))
    };
    let time = "2026-01-01T00:00:00Z";
    let condition = |kind: &str, reason: &str| json!({ "type": kind, "status": "True", "reason": reason, "lastUpdateTime": time, "lastTransitionTime": time });
    let status =
        |conditions: &[serde_json::Value]| json!({ "replicas": 3, "availableReplicas": 2, "conditions": conditions });
    let info = |ro| {
        let mut text = Text::default();
        rollouts::write(&mut text, &[ro]);
        let text = text.finish();
        let lines: Vec<String> = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        lines
    };
    let lines = info(rollout(json!({ "blueGreen": {} }), status(&[condition("Progressing", "RolloutPaused")])));
    let of = r#"namespace="shop",name="a\"b""#;
    assert_eq!(lines[0], format!(r#"rollout_info{{{of},strategy="blueGreen",traffic_router="",phase="Paused"}} 1"#));
    assert_eq!(lines[1], format!("rollout_info_replicas_available{{{of}}} 2"));
    assert_eq!(lines[2], format!("rollout_info_replicas_unavailable{{{of}}} 1"));
    assert_eq!(lines[3], format!("rollout_info_replicas_desired{{{of}}} 1"));
    assert_eq!(lines[4], format!("rollout_info_replicas_updated{{{of}}} 0"));
    assert_eq!(lines.len(), 11);
    assert!(lines.contains(&format!(r#"rollout_phase{{{of},strategy="blueGreen",phase="Paused"}} 1"#)));

    let routing = json!({ "canary": { "trafficRouting": { "alb": {}, "istio": {} } } });
    let invalid = [condition("Progressing", "NewReplicaSetAvailable"), condition("InvalidSpec", "InvalidSpec")];
    let lines = info(rollout(routing, status(&invalid)));
    let expected = format!(r#"rollout_info{{{of},strategy="canary",traffic_router="Istio",phase="InvalidSpec"}} 1"#);
    assert_eq!(lines[0], expected);
    assert!(!lines.iter().any(|line| line.starts_with("rollout_phase") && line.ends_with(" 1")));
}

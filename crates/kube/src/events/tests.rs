use super::*;
use crate::resource::ROLLOUTS;
use crate::testing::{Reply, Script, Seen};
use crate::tokio_clock;
use rollouts_api::ObjectMeta;
use serde_json::json;

fn object(name: &str) -> ObjectReference {
    let meta = ObjectMeta {
        namespace: "ns".into(),
        name: name.into(),
        uid: "u".into(),
        resource_version: "7".into(),
        ..ObjectMeta::default()
    };
    ObjectReference::new(&ROLLOUTS, &meta)
}

fn recorder(script: &Script) -> Recorder {
    let start = "2026-01-01T00:00:00Z".parse().expect("a time");
    Recorder::start(script.client(), "rollouts-controller", tokio_clock(start), &CancellationToken::new())
}

fn ok() -> Reply {
    Reply::Text(201, "{}".into())
}

fn refused(code: u16, reason: &str) -> Reply {
    Reply::Text(code, json!({"kind": "Status", "code": code, "reason": reason, "message": reason}).to_string())
}

#[tokio::test(start_paused = true)]
async fn writes_in_order_what_the_api_server_expects() {
    let script = Script::new([ok(), ok(), ok()]);
    let recorder = recorder(&script);
    recorder.event(&object("a"), EventType::Normal, "First", "one");
    recorder.event(&object("a"), EventType::Warning, "Second", "two");
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    recorder.event(&object("a"), EventType::Normal, "First", "one");
    recorder.flush().await;
    let collection = "/api/v1/namespaces/ns/events";
    let nanos: i64 = 1_767_225_600_000_000_000;
    let body = |nanos: i64, kind: &str, reason: &str, message: &str| {
        json!({
            "apiVersion": "v1", "kind": "Event", "type": kind, "reason": reason, "message": message, "count": 1,
            "metadata": {"namespace": "ns", "name": format!("a.{nanos:x}")},
            "involvedObject": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "namespace": "ns", "name": "a",
                               "uid": "u", "resourceVersion": "7"},
            "source": {"component": "rollouts-controller"},
            "reportingComponent": "rollouts-controller", "reportingInstance": "", "eventTime": null,
            "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z",
        })
    };
    let expected = [
        Seen { line: format!("POST {collection}"), body: body(nanos, "Normal", "First", "one") },
        Seen { line: format!("POST {collection}"), body: body(nanos + 1, "Warning", "Second", "two") },
        Seen {
            line: format!("PATCH {collection}/a.{nanos:x}"),
            body: json!({"count": 2, "lastTimestamp": "2026-01-01T00:00:02Z", "message": "one"}),
        },
    ];
    assert_eq!(script.seen(), expected);
}

#[tokio::test(start_paused = true)]
async fn trouble_is_waited_out_and_refusals_are_not() {
    let replies = [
        refused(500, "InternalError"),
        Reply::Broken,
        ok(),
        refused(403, "Forbidden"),
        Reply::Broken,
        refused(409, "AlreadyExists"),
        ok(),
    ];
    let script = Script::new(replies);
    let recorder = recorder(&script);
    for name in ["a", "b", "c", "d"] {
        recorder.event(&object(name), EventType::Normal, "Reason", "m");
    }
    recorder.flush().await;
    let names: Vec<String> =
        script.seen().iter().map(|s| s.body["involvedObject"]["name"].as_str().unwrap_or("").to_owned()).collect();
    assert_eq!(names, ["a", "a", "a", "b", "c", "c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn an_expired_event_is_created_again() {
    let script = Script::new([ok(), refused(404, "NotFound"), ok()]);
    let recorder = recorder(&script);
    recorder.event(&object("a"), EventType::Normal, "Reason", "m");
    recorder.event(&object("a"), EventType::Normal, "Reason", "m");
    recorder.flush().await;
    let seen = script.seen();
    assert!(seen[1].line.starts_with("PATCH") && seen[2].line.starts_with("POST"), "{:?}", script.lines());
    assert_eq!(seen[2].body["count"], 2);
    assert_eq!(seen[2].body["metadata"]["name"], seen[0].body["metadata"]["name"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_in_lasting_trouble_loses_events_but_does_not_stop_them() {
    let script = Script::new((0..writer::TRIES_MAX).map(|_| Reply::Broken).chain([ok()]));
    let recorder = recorder(&script);
    recorder.event(&object("a"), EventType::Normal, "Reason", "lost");
    recorder.event(&object("a"), EventType::Normal, "Reason", "written");
    recorder.flush().await;
    assert_eq!(script.seen().len(), 13);
    assert_eq!(script.seen()[12].body["message"], "written");
}

#[tokio::test(start_paused = true)]
async fn too_many_drop_the_oldest() {
    let script = Script::new([Reply::Silence]);
    let recorder = recorder(&script);
    for i in 0..QUEUED_EVENTS_MAX + 5 {
        recorder.event(&object(&format!("o{i}")), EventType::Normal, "Reason", "m");
    }
    let queue = recorder.lock();
    assert_eq!(queue.waiting.len(), QUEUED_EVENTS_MAX);
    assert_eq!(queue.waiting.front().map(|e| e.object.name.as_str()), Some("o5"));
}

#[test]
fn names_of_events_fit() {
    assert_eq!(stem("short"), "short");
    let long = format!("{}-{}", "a".repeat(235), "b".repeat(17));
    assert_eq!(stem(&long), "a".repeat(235));
}

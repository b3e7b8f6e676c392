//! Requests, answers and what is said of them.

use crate::testing::{Bench, Reply};
use rollouts_api::Time;
use rollouts_api::analysis::{Measurement, Metric};
use rollouts_core::analysis::run::Ask;
use serde_json::{Value, json};
use std::time::Duration;

fn kayenta() -> Value {
    let scope = |region: &str| json!({"scope": "app=guestbook and hash=a", "region": region, "step": 60});
    json!({"address": "https://k.example/", "application": "guest book", "canaryConfigName": "my-test",
        "metricsAccountName": "wavefront", "configurationAccountName": "conf", "storageAccountName": "store",
        "threshold": {"pass": 90, "marginal": 75},
        "scopes": [{"name": "default", "controlScope": scope("east"), "experimentScope": scope("west")}]})
}

fn metric(kayenta: Value) -> Value {
    json!({"name": "m", "interval": "5m", "provider": {"kayenta": kayenta}})
}

fn configurations() -> Reply {
    Reply::json(&json!([{"id": "0", "name": "other"}, {"id": "c 1", "name": "my-test"}]))
}

fn started() -> Reply {
    Reply::json(&json!({"canaryExecutionId": "01E/X"}))
}

/// What is asked to be judged, with these times for both groups.
fn judged(times: &str) -> String {
    let scope = |region: &str| {
        format!("{{\"scope\":\"app=guestbook and hash=a\",\"location\":\"{region}\",\"step\":60,{times}}}")
    };
    format!(
        "POST https://k.example/canary/c%201?application=guest+book&metricsAccountName=wavefront&configurationAccountName=conf&storageAccountName=store\nContent-Type: application/json\n\n{{\"scopes\":{{\"default\":{{\"controlScope\":{},\"experimentScope\":{}}}}},\"thresholds\":{{\"pass\":90,\"marginal\":75}}}}",
        scope("east"),
        scope("west")
    )
}

#[tokio::test]
async fn a_canary_is_handed_in() {
    let bench = Bench::new([configurations(), started()]);
    let measurement = bench.measure(metric(kayenta())).await.measurement;
    let find = "GET https://k.example/canaryConfig?application=guest+book&configurationAccountName=conf\n";
    let times = "\"start\":\"2026-01-02T02:59:05Z\",\"end\":\"2026-01-02T03:04:05Z\"";
    assert_eq!(bench.http.wire(), [find.to_owned(), judged(times)]);
    assert!(bench.http.sent().iter().all(|request| request.timeout == Duration::from_secs(15)));
    assert_eq!((measurement.phase.as_str(), measurement.finished_at), ("Running", None));
    assert_eq!(measurement.started_at, Time::parse("2026-01-02T03:04:05Z"));
    assert_eq!(measurement.resume_at, Time::parse("2026-01-02T03:04:20Z"));
    assert_eq!(measurement.metadata["canaryExecutionId"], "01E/X");
}

#[tokio::test]
async fn times_of_a_canary() {
    let mut fixed = kayenta();
    for group in ["controlScope", "experimentScope"] {
        fixed["scopes"][0][group]["start"] = json!("2025-01-01T00:00:00Z");
        fixed["scopes"][0][group]["end"] = json!("2025-01-01T01:00:00Z");
    }
    let mut back = kayenta();
    back["lookback"] = json!(true);
    for (kayenta, times) in [
        (fixed, "\"start\":\"2025-01-01T00:00:00Z\",\"end\":\"2025-01-01T01:00:00Z\""),
        (back, "\"start\":\"2026-01-02T01:00:00Z\",\"end\":\"2026-01-02T03:04:05Z\""),
    ] {
        let mut bench = Bench::new([configurations(), started()]);
        bench.run.status.started_at = Time::parse("2026-01-02T01:00:00Z");
        bench.measure(metric(kayenta)).await;
        assert_eq!(bench.http.wire()[1], judged(times));
    }
    for (name, want) in [
        ("start", "controlScope.start and experimentScope.start must both be set or be empty"),
        ("end", "controlScope.end and experimentScope.end must both be set or be empty"),
    ] {
        let mut one = kayenta();
        one["scopes"][0]["controlScope"][name] = json!("2025-01-01T00:00:00Z");
        assert_eq!(Bench::new([]).measure(metric(one)).await.measurement.message, want);
    }
    let mut aimless = metric(kayenta());
    aimless["interval"] = json!("x");
    let said = Bench::new([]).measure(aimless).await.measurement.message;
    assert_eq!(said, "Invalid duration \"x\": time: invalid duration \"x\"");
}

#[tokio::test]
async fn what_goes_wrong_at_the_start() {
    let find = "https://k.example/canaryConfig?application=guest+book&configurationAccountName=conf";
    let table = [
        (vec![Reply::status(429, "x")], "Invalid Response: HTTP 429".to_owned()),
        (vec![Reply::ok("[]")], "Canary config not found".to_owned()),
        (vec![configurations(), Reply::status(500, "x")], "Invalid Response".to_owned()),
        (vec![configurations(), Reply::ok("{}")], "Missing canaryExecutionId".to_owned()),
        (vec![Reply::Error("EOF".to_owned())], format!("Get \"{find}\": EOF")),
        (
            vec![Reply::ok(vec![b' '; (10 << 20) + 1])],
            format!("Get \"{find}\": the response body is longer than 10 MiB"),
        ),
    ];
    for (replies, want) in table {
        let measurement = Bench::new(replies).measure(metric(kayenta())).await.measurement;
        assert_eq!((measurement.phase.as_str(), measurement.message), ("Error", want));
        assert!(measurement.finished_at.is_some() && measurement.metadata.is_empty());
    }
    for garbage in ["", "<html>", "{}", "[7]"] {
        let said = Bench::new([Reply::ok(garbage)]).measure(metric(kayenta())).await.measurement.message;
        assert!(said.starts_with("could not parse JSON body: "), "{said}");
    }
}

/// What comes of looking again at a measurement that began at three.
async fn again(reply: Reply, ask: Ask, execution: Option<&str>) -> (Measurement, Vec<String>) {
    let bench = Bench::new([reply]);
    let metric: Metric = serde_json::from_value(metric(kayenta())).expect("a metric");
    let metadata = execution.map(|id| ("canaryExecutionId".to_owned(), id.to_owned())).into_iter().collect();
    let (phase, started_at) = ("Running".to_owned(), Time::parse("2026-01-02T03:00:00Z"));
    let previous = Measurement { phase, started_at, metadata, ..Measurement::default() };
    let outcome = bench.providers.measure(&bench.run, &metric, ask, Some(previous)).await;
    (outcome.measurement, bench.http.wire())
}

fn scored(score: Value) -> Reply {
    Reply::json(&json!({"complete": true, "result": {"judgeResult": {"score": {"score": score}}}}))
}

#[tokio::test]
async fn verdicts() {
    let table = [
        (scored(json!(100)), "Successful 100"),
        (scored(json!(90.0)), "Successful 90"),
        (scored(json!(89.99)), "Inconclusive 89"),
        (scored(json!(75)), "Inconclusive 75"),
        (scored(json!(74.9)), "Failed 74"),
        (scored(json!(-3.5)), "Failed -3"),
        (scored(json!("x")), "Error Missing Score"),
        (scored(json!(null)), "Error Missing Score"),
        (Reply::ok("{\"complete\":true}"), "Error Missing Score"),
        (Reply::ok("{}"), "Error Missing Complete Status"),
        (Reply::status(404, ""), "Error Invalid Response: HTTP 404"),
        (Reply::Error("EOF".to_owned()), "Error Get \"https://k.example/canary/01E%2FX\": EOF"),
    ];
    for (reply, want) in table {
        let (measurement, wire) = again(reply, Ask::Resume, Some("01E/X")).await;
        assert_eq!(format!("{} {}{}", measurement.phase, measurement.value, measurement.message), want);
        assert_eq!(measurement.started_at, Time::parse("2026-01-02T03:00:00Z"));
        assert!(measurement.finished_at.is_some() && measurement.resume_at.is_none());
        assert_eq!(measurement.metadata["canaryExecutionId"], "01E/X");
        assert_eq!(wire, ["GET https://k.example/canary/01E%2FX\n"]);
    }
    let (unknown, wire) = again(Reply::ok("{}"), Ask::Resume, None).await;
    assert_eq!((unknown.message.as_str(), wire.len()), ("Missing canaryExecutionId", 0));
}

#[tokio::test]
async fn a_verdict_is_waited_for() {
    let (measurement, _) = again(Reply::ok("{\"complete\":false}"), Ask::Resume, Some("x")).await;
    assert_eq!((measurement.phase.as_str(), measurement.finished_at), ("Running", None));
    assert_eq!(measurement.resume_at, Time::parse("2026-01-02T03:04:20Z"));
}

#[tokio::test]
async fn a_judge_nobody_waits_for_is_told_to_stop() {
    for reply in [Reply::ok(""), Reply::status(500, "x"), Reply::Error("EOF".to_owned())] {
        let (ended, wire) = again(reply, Ask::Terminate, Some("01E/X")).await;
        assert_eq!(wire, ["PUT https://k.example/pipelines/01E%2FX/cancel\nContent-Type: application/json\n\n"]);
        assert_eq!((ended.phase.as_str(), ended.finished_at.is_some()), ("Inconclusive", true));
        assert_eq!(ended.started_at, Time::parse("2026-01-02T03:00:00Z"));
    }
    let (ended, wire) = again(Reply::ok(""), Ask::Terminate, None).await;
    assert_eq!((ended.phase.as_str(), wire.len()), ("Inconclusive", 0));
}

#[tokio::test(start_paused = true)]
async fn time_is_bounded() {
    let slow = || Reply::Slow(Duration::from_secs(60), crate::Response::default());
    let said = Bench::new([slow()]).measure(metric(kayenta())).await.measurement.message;
    assert!(said.ends_with("context deadline exceeded"), "{said}");
    assert!(again(slow(), Ask::Resume, Some("x")).await.0.message.ends_with("context deadline exceeded"));
}

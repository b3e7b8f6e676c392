//! Requests, answers and what is said of them.

use crate::testing::{Bench, Reply, said};
use serde_json::{Value, json};
use std::time::Duration;

fn metric(skywalking: Value) -> Value {
    json!({"name": "m", "provider": {"skywalking": skywalking}})
}

fn apdex() -> Value {
    metric(json!({"address": "http://h", "query": "query q($duration: Duration!) { a }", "interval": "3m"}))
}

#[tokio::test]
async fn what_is_sent() {
    let headers = "Content-Type: application/json; charset=utf-8\nAccept: application/json; charset=utf-8\n";
    for (zone, start, end) in [
        ("", "2026-01-02 0301", "2026-01-02 0304"),
        ("Europe/Berlin", "2026-01-02 0401", "2026-01-02 0404"),
        ("Mars/Olympus", "2026-01-02 0301", "2026-01-02 0304"),
    ] {
        for address in ["http://h:12800", "http://h:12800/"] {
            let bench = Bench::new([Reply::ok("{\"data\":{}}")]).variable("TZ", zone);
            let mut metric = apdex();
            metric["provider"]["skywalking"]["address"] = json!(address);
            bench.measure(metric).await;
            let body = format!(
                "{{\"query\":\"query q($duration: Duration!) {{ a }}\",\"variables\":{{\"duration\":{{\"start\":\"{start}\",\"end\":\"{end}\",\"step\":\"MINUTE\"}}}}}}"
            );
            assert_eq!(bench.http.wire(), [format!("POST http://h:12800/graphql\n{headers}\n{body}")]);
            assert_eq!(bench.http.sent()[0].timeout, Duration::from_secs(30));
        }
    }
}

#[tokio::test]
async fn what_answers_say() {
    let data = json!({"data": {"service_apdex": {"label": null, "values": {"values": [{"value": 9900}]}}}});
    let none = "Error no results returned from SkyWalking query";
    let table = [
        (
            Reply::json(&data),
            "Successful {\"service_apdex\":{\"label\":null,\"values\":{\"values\":[{\"value\":9900}]}}}",
        ),
        (Reply::ok("{\"data\":null}"), none),
        (Reply::ok("{}"), none),
        (Reply::json(&json!({"errors": [{"message": "one"}, {"message": "two"}]})), "Error graphql: one"),
        (Reply::status(400, "{\"errors\":[{\"message\":\"bad\"}]}"), "Error graphql: bad"),
        (Reply::status(429, "slow down"), "Error graphql: server returned a non-200 status code: 429"),
        (Reply::status(500, "{\"data\":{}}"), "Error graphql: server returned a non-200 status code: 500"),
        (Reply::Error("EOF".to_owned()), "Error Post \"http://h/graphql\": EOF"),
        (
            Reply::ok(vec![b' '; (10 << 20) + 1]),
            "Error Post \"http://h/graphql\": the response body is longer than 10 MiB",
        ),
    ];
    for (reply, want) in table {
        assert_eq!(said(reply, apdex()).await, want);
    }
    for garbage in ["", "<html>", "[", "{\"errors\":7}"] {
        let said = said(Reply::ok(garbage), apdex()).await;
        assert!(said.starts_with("Error decoding response: "), "{said}");
    }
}

#[tokio::test]
async fn an_interval_is_needed() {
    for (interval, want) in [("", "Error time: invalid duration \"\""), ("x", "Error time: invalid duration \"x\"")] {
        let metric = metric(json!({"address": "http://h", "query": "q", "interval": interval}));
        assert_eq!(said(Reply::ok("{}"), metric).await, want);
    }
    let mut metric = apdex();
    metric["provider"]["skywalking"]["address"] = json!("h");
    assert_eq!(said(Reply::ok("{}"), metric).await, "Error Post \"h/graphql\": unsupported protocol scheme \"\"");
}

#[tokio::test(start_paused = true)]
async fn time_is_bounded() {
    let slow = Reply::Slow(Duration::from_secs(60), crate::Response::default());
    assert!(said(slow, apdex()).await.ends_with("context deadline exceeded"));
}

#[tokio::test]
async fn conditions_see_the_data() {
    let mut metric = apdex();
    metric["successCondition"] = json!("all(result.service_apdex.values.values, {asFloat(.value) >= 9900})");
    let data = json!({"data": {"service_apdex": {"values": {"values": [{"value": "9900"}]}}}});
    assert!(said(Reply::json(&data), metric).await.starts_with("Successful "));
}

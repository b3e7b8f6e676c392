//! Requests, answers and what is said of them.

use crate::testing::{Bench, Reply};
use serde_json::{Value, json};
use std::time::Duration;

fn metric(prometheus: Value) -> Value {
    json!({"name": "m", "provider": {"prometheus": prometheus}})
}

fn vector(values: &[&str]) -> Value {
    let series: Vec<Value> = values.iter().map(|v| json!({"metric": {}, "value": [1.5, v]})).collect();
    json!({"status": "success", "data": {"resultType": "vector", "result": series}})
}

async fn measured(reply: Reply) -> String {
    let outcome = Bench::new([reply]).measure(metric(json!({"address": "http://h", "query": "up"}))).await;
    assert_eq!(outcome.metadata["ResolvedPrometheusQuery"], "up");
    format!("{} {}{}", outcome.measurement.phase, outcome.measurement.value, outcome.measurement.message)
}

#[tokio::test]
async fn an_instant_is_posted_and_asked_for_again_where_that_is_not_allowed() {
    for code in [403, 405, 501] {
        let bench = Bench::new([Reply::status(code, "no"), Reply::json(&vector(&["1"]))]);
        let outcome = bench.measure(metric(json!({"address": "http://h:9090/p/?tenant=1", "query": "a{b=\"c\"} > 1",
            "headers": [{"key": "X-Scope", "value": "me"}],
            "authentication": {"basicAuth": {"username": "u", "password": "p"}}})));
        assert_eq!(outcome.await.measurement.value, "[1]");
        let form = "query=a%7Bb%3D%22c%22%7D+%3E+1&time=1767323045";
        let headers = "X-Scope: me\nAuthorization: Basic dTpw\n";
        let post = format!(
            "POST http://h:9090/p/api/v1/query?tenant=1\nContent-Type: application/x-www-form-urlencoded\n{headers}\n{form}"
        );
        let get = format!("GET http://h:9090/p/api/v1/query?tenant=1&{form}\n{headers}");
        assert_eq!(bench.http.wire(), [post, get]);
    }
}

#[tokio::test]
async fn a_range() {
    let matrix = json!({"status": "success", "data": {"resultType": "matrix", "result":
        [{"metric": {}, "values": [[1, "1"], [2, "2"]]}, {"metric": {}, "values": [[1, "0.5"]]}]}});
    let bench = Bench::new([Reply::json(&matrix)]);
    let range = json!({"start": "now() - duration('5m')", "end": "now()", "step": "1m30s"});
    let outcome = bench.measure(metric(json!({"address": "http://h", "query": "up", "rangeQuery": range}))).await;
    assert_eq!(outcome.measurement.value, "[1,2,0.5]");
    let want = "POST http://h/api/v1/query_range\nContent-Type: application/x-www-form-urlencoded\n\nend=1767323045&query=up&start=1767322745&step=90";
    assert_eq!(bench.http.wire(), [want]);
    let with = |name: &str, value: &str| {
        let mut range = json!({"start": "now()", "end": "now()", "step": "1m"});
        range[name] = json!(value);
        metric(json!({"address": "http://h", "query": "up", "rangeQuery": range}))
    };
    for (name, value, said) in [
        ("start", "1", "failed to parse rangeQuery.start as time: expected time.Time, but got int"),
        ("end", "x", "failed to parse rangeQuery.end as time: unknown name x"),
        ("step", "x", "failed to parse rangeQuery.step as duration: time: invalid duration \"x\""),
    ] {
        assert_eq!(Bench::new([]).measure(with(name, value)).await.measurement.message, said);
    }
}

#[tokio::test]
async fn what_answers_say() {
    let scalar = |v: &str| json!({"status": "success", "data": {"resultType": "scalar", "result": [1, v]}});
    let error = json!({"status": "error", "errorType": "execution", "error": "boom"});
    let histogram = json!({"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "histogram": [1, {}]}]}});
    let table = [
        (Reply::json(&scalar("10")), "Successful 10"),
        (Reply::json(&vector(&["0.95", "NaN", "+Inf", "-Inf", "1e-9"])), "Successful [0.95,NaN,+Inf,-Inf,0.000000001]"),
        (Reply::json(&vector(&[])), "Successful []"),
        (Reply::status(422, error.to_string()), "Error execution: boom"),
        (Reply::json(&error), "Error execution: boom"),
        (Reply::status(401, ""), "Error client_error: client error: 401"),
        (Reply::status(429, ""), "Error client_error: client error: 429"),
        (Reply::status(503, ""), "Error server_error: server error: 503"),
        (Reply::status(400, "{}"), "Error bad_response: inconsistent body for response code"),
        (Reply::json(&histogram), "Error the query gives histograms, which are no numbers"),
        (Reply::json(&vector(&["x"])), "Error bad_response: \"x\" is no number"),
        (Reply::Error("dial tcp: refused".to_owned()), "Error Post \"http://h/api/v1/query\": dial tcp: refused"),
    ];
    for (reply, want) in table {
        assert_eq!(measured(reply).await, want);
    }
    let text = json!({"status": "success", "data": {"resultType": "string", "result": [1, "v"]}});
    assert!(
        measured(Reply::json(&text)).await.starts_with("Error unmarshalerDecoder: unexpected value type \"string\"")
    );
    for garbage in ["", "<html>", "{\"data\":{\"resultType\":\"vector\",\"result\":7}}", "[]"] {
        assert!(measured(Reply::ok(garbage)).await.starts_with("Error "), "{garbage}");
    }
}

#[tokio::test]
async fn warnings_are_kept() {
    let mut answer = vector(&["1"]);
    answer["warnings"] = json!(["one", "two"]);
    let outcome =
        Bench::new([Reply::json(&answer)]).measure(metric(json!({"address": "http://h", "query": "up"}))).await;
    assert_eq!(outcome.measurement.metadata["warnings"], "\"one\", \"two\"");
}

#[tokio::test]
async fn what_is_refused() {
    let table = [
        (json!({}), "prometheus address is not configured"),
        (json!({"address": "h:9090"}), "prometheus address is not is url format"),
        (json!({"address": "http://h", "timeout": -1}), "prometheus timeout should not be negative"),
        (
            json!({"address": "http://h", "authentication": {"basicAuth": {"username": "u"}}}),
            "missing mandatory parameter in metric for basic auth setup: password",
        ),
        (
            json!({"address": "http://h", "authentication": {"basicAuth": {"password": "p"}}}),
            "missing mandatory parameter in metric for basic auth setup: username",
        ),
        (
            json!({"address": "http://h", "authentication": {"oauth2": {"tokenUrl": "http://t"}}}),
            "missing mandatory parameter in metric for OAuth2 setup",
        ),
    ];
    for (mut prometheus, want) in table {
        prometheus["query"] = json!("up");
        let outcome = Bench::new([]).measure(metric(prometheus)).await;
        assert_eq!((outcome.measurement.message.as_str(), outcome.metadata.len()), (want, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn time_is_bounded() {
    let slow = || Reply::Slow(Duration::from_secs(60), crate::Response::default());
    for (timeout, replies) in [(json!(0), vec![]), (json!(null), vec![slow()]), (json!(30), vec![slow()])] {
        let bench = Bench::new(replies);
        let outcome = bench.measure(metric(json!({"address": "http://h", "query": "up", "timeout": timeout}))).await;
        assert_eq!(outcome.measurement.message, "Post \"http://h/api/v1/query\": context deadline exceeded");
    }
}

#[tokio::test]
async fn the_address_may_come_from_the_environment() {
    let bench = Bench::new([Reply::json(&vector(&["1"]))]).variable("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS", "http://e");
    assert_eq!(bench.measure(metric(json!({"query": "up"}))).await.measurement.value, "[1]");
}

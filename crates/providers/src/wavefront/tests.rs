//! Requests, answers and what is said of them.

use crate::testing::{Bench, FakeSecrets, Reply};
use serde_json::{Value, json};
use std::time::Duration;

/// What is asked, but for the time that it takes.
const URL: &str = "https://h.wavefront.com/api/v2/chart/api?autoEvents=false&e=1767323045000&g=s&i=true&includeObsoleteMetrics=false&listmode=false&p=1&q=ts%28a+b%29&s=1767323045000&strict=false";

fn bench(replies: impl IntoIterator<Item = Reply>) -> Bench {
    let secrets = FakeSecrets::default().with("argo-rollouts", "wavefront-api-tokens", &[("h.wavefront.com", "t0ken")]);
    Bench::with_secrets(replies, secrets)
}

fn metric() -> Value {
    json!({"name": "m", "provider": {"wavefront": {"address": "h.wavefront.com", "query": "ts(a b)"}}})
}

async fn said(reply: Reply) -> String {
    let measurement = bench([reply]).measure(metric()).await.measurement;
    format!("{} {}{} {:?}", measurement.phase, measurement.value, measurement.message, measurement.metadata)
}

#[tokio::test]
async fn what_is_sent() {
    let bench = bench([Reply::ok("{}")]);
    bench.measure(metric()).await;
    assert_eq!(bench.http.wire(), [format!("GET {URL}\nAuthorization: Bearer t0ken\n")]);
    assert_eq!(bench.http.sent()[0].timeout, Duration::from_secs(30));
}

#[tokio::test]
async fn what_answers_say() {
    let none = "Error No TimeSeries found in response from Wavefront {}";
    let one =
        json!({"timeseries": [{"data": [[1767322985, 5], [1767323040, 12.345], [1767323055, 7]]}], "warnings": "w"});
    let many = json!({"timeseries": [{"data": [[1767323045, 1]]}, {"data": [[1767323050, 2.5], [1767323040, 2]]}, {"data": []}]});
    let table = [
        (one, "Successful 12.35 {\"drift\": \"5\", \"timestamps\": \"1767323040\", \"warnings\": \"w\"}"),
        (many, "Successful [1.00,2.00] {\"drift\": \"[0,5]\", \"timestamps\": \"[1767323045,1767323040]\"}"),
        (
            json!({"timeseries": [{"data": [[1767323045, 1]]}, {"data": []}]}),
            "Successful [1.00] {\"drift\": \"[0]\", \"timestamps\": \"[1767323045]\"}",
        ),
        (json!({"timeseries": [{"data": []}]}), none),
        (json!({"timeseries": [{"label": "x"}, {}]}), none),
        (json!({"timeseries": []}), none),
        (json!({}), none),
        (
            json!({"timeseries": [{"data": [[1e300, 1]]}, {"data": [[-1e300, 1]]}]}),
            "Successful [1.00,1.00] {\"drift\": \"[9223372035087452762,9223372036854775807]\", \"timestamps\": \"[9223372036854775807,-9223372036854775808]\"}",
        ),
    ];
    for (answer, want) in table {
        assert_eq!(said(Reply::json(&answer)).await, want);
    }
}

#[tokio::test]
async fn refusals_and_garbage() {
    let table = [
        (Reply::status(401, "not with t0ken"), "Error server returned 401: not with ***** {}".to_owned()),
        (Reply::status(429, "slow down"), "Error server returned 429: slow down {}".to_owned()),
        (Reply::Error("EOF".to_owned()), format!("Error Get \"{URL}\": EOF {{}}")),
        (
            Reply::ok(vec![b' '; (10 << 20) + 1]),
            format!("Error Get \"{URL}\": the response body is longer than 10 MiB {{}}"),
        ),
    ];
    for (reply, want) in table {
        assert_eq!(said(reply).await, want);
    }
    for garbage in ["", "<html>", "[7]", "{\"timeseries\":7}", "{\"timeseries\":[{\"data\":[[1]]}]}"] {
        let said = said(Reply::ok(garbage)).await;
        assert!(said.starts_with("Error could not parse JSON body: "), "{said}");
    }
}

#[tokio::test]
async fn tokens() {
    let said = async |bench: Bench, metric| bench.measure(metric).await.measurement.message;
    let mut other = metric();
    other["provider"]["wavefront"]["address"] = json!("other");
    assert_eq!(said(bench([]), other).await, "API token not found");
    assert_eq!(said(Bench::new([]), metric()).await, "secrets \"wavefront-api-tokens\" not found");
}

#[tokio::test(start_paused = true)]
async fn time_is_bounded() {
    let slow = Reply::Slow(Duration::from_secs(60), crate::Response::default());
    assert!(said(slow).await.ends_with("context deadline exceeded {}"));
}

#[tokio::test]
async fn conditions_see_a_number_or_a_list() {
    for (condition, answer) in [
        ("result > 12", json!({"timeseries": [{"data": [[1, 13]]}]})),
        ("all(result, # > 10)", json!({"timeseries": [{"data": [[1, 11]]}, {"data": [[1, 12]]}]})),
    ] {
        let mut metric = metric();
        metric["successCondition"] = json!(condition);
        assert_eq!(bench([Reply::json(&answer)]).measure(metric).await.measurement.phase, "Successful");
    }
}

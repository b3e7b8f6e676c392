//! Requests, answers and what is said of them.

use crate::testing::{Bench, FakeSecrets, Reply};
use serde_json::{Value, json};
use std::time::Duration;

fn metric(mut datadog: Value) -> Value {
    if datadog.get("apiVersion").is_none() {
        datadog["apiVersion"] = json!("v1");
    }
    json!({"name": "m", "provider": {"datadog": datadog}})
}

fn secrets() -> FakeSecrets {
    FakeSecrets::default()
        .with("argo-rollouts", "datadog", &[("api-key", "api1"), ("app-key", "app1")])
        .with("argo-rollouts", "other", &[("api-key", "api2"), ("app-key", "app2"), ("address", "https://h/")])
        .with("default", "other", &[("api-key", "api3"), ("app-key", "app3"), ("address", "")])
        .with("default", "half", &[("api-key", "api4")])
}

fn bench(replies: impl IntoIterator<Item = Reply>) -> Bench {
    Bench::with_secrets(replies, secrets())
}

async fn said(reply: Reply, datadog: Value) -> String {
    let measurement = bench([reply]).measure(metric(datadog)).await.measurement;
    format!("{} {}{}", measurement.phase, measurement.value, measurement.message)
}

fn v2() -> Value {
    json!({"apiVersion": "v2", "query": "q"})
}

fn columns(columns: Value) -> Reply {
    Reply::json(&json!({"data": {"attributes": {"columns": columns}}}))
}

fn headers(n: u8) -> String {
    format!("Content-Type: application/json\nDD-API-KEY: api{n}\nDD-APPLICATION-KEY: app{n}\n")
}

#[tokio::test]
async fn the_first_version_is_asked_for_a_series() {
    let bench_ = bench([Reply::ok("{}")]);
    bench_.measure(metric(json!({"query": "avg:a{b:c} by {d}", "interval": "1m30s", "requestTimeout": "30s"}))).await;
    let url =
        "https://api.datadoghq.com/api/v1/query?from=1767322955&query=avg%3Aa%7Bb%3Ac%7D+by+%7Bd%7D&to=1767323045";
    assert_eq!(bench_.http.wire(), [format!("GET {url}\n{}", headers(1))]);
    assert_eq!(bench_.http.sent()[0].timeout, Duration::from_secs(30));
}

#[tokio::test]
async fn the_second_version_is_asked_for_scalars() {
    let table = [
        (
            json!({"query": "a > 1"}),
            r#""queries":[{"aggregator":"last","data_source":"metrics","name":"query","query":"a \u003e 1"}],"formulas":[]"#,
        ),
        (
            json!({"queries": {"b": "y", "a": "x"}, "formula": "a / b", "aggregator": "avg"}),
            r#""queries":[{"aggregator":"avg","data_source":"metrics","name":"a","query":"x"},{"aggregator":"avg","data_source":"metrics","name":"b","query":"y"}],"formulas":[{"formula":"a / b"}]"#,
        ),
    ];
    for (mut datadog, want) in table {
        for version in ["v2", ""] {
            datadog["apiVersion"] = json!(version);
            let bench_ = bench([Reply::ok("{}")]);
            bench_.measure(metric(datadog.clone())).await;
            let body = format!(
                "{{\"data\":{{\"attributes\":{{\"from\":1767322745000,\"to\":1767323045000,{want}}},\"type\":\"scalar_request\"}}}}"
            );
            let url = "https://api.datadoghq.com/api/v2/query/scalar";
            assert_eq!(bench_.http.wire(), [format!("POST {url}\n{}\n{body}", headers(1))]);
            assert_eq!(bench_.http.sent()[0].timeout, Duration::from_secs(10));
        }
    }
}

#[tokio::test]
async fn credentials() {
    let of = |secret: Value| metric(json!({"query": "q", "secretRef": secret}));
    for (secret, address, n) in [
        (json!({}), "https://api.datadoghq.com", 1),
        (json!({"name": "other"}), "https://h", 2),
        (json!({"name": "other", "namespaced": true}), "https://api.datadoghq.com", 3),
    ] {
        let bench = bench([Reply::ok("{}")]);
        bench.measure(of(secret)).await;
        let wire = bench.http.wire();
        assert!(wire[0].starts_with(&format!("GET {address}/api/v1/query?")), "{wire:?}");
        assert!(wire[0].ends_with(&headers(n)), "{wire:?}");
    }
    let none = "failed to find the credentials for datadog metrics provider";
    for (secret, want) in [
        (json!({"namespaced": true}), "secret name is required for namespaced credentials"),
        (json!({"name": "half", "namespaced": true}), none),
        (json!({"name": "gone"}), "secrets \"gone\" not found"),
    ] {
        let bench =
            bench([]).variable("DD_API_KEY", "a").variable("DD_APP_KEY", "b").variable("DD_ADDRESS", "http://e");
        assert_eq!(bench.measure(of(secret)).await.measurement.message, want);
    }
    assert_eq!(Bench::new([]).measure(of(json!({}))).await.measurement.message, none);
}

#[tokio::test]
async fn the_environment_counts_when_it_is_complete() {
    let ask = metric(json!({"query": "q"}));
    let bench_ =
        bench([Reply::ok("{}"), Reply::ok("{}")]).variable("DD_API_KEY", "api5").variable("DD_APP_KEY", "app5");
    bench_.measure(ask.clone()).await;
    let bench_ = bench_.variable("DD_ADDRESS", "http://e");
    bench_.measure(ask).await;
    let wire = bench_.http.wire();
    assert!(wire[0].ends_with(&headers(1)) && wire[1].ends_with(&headers(5)), "{wire:?}");
    assert!(wire[1].starts_with("GET http://e/api/v1/query?"), "{wire:?}");
}

#[tokio::test]
async fn what_does_not_fit_together() {
    let review = "Please review the Analysis Template.";
    let table = [
        (json!({}), format!("Must have either a query or queries. {review}")),
        (json!({"query": "q", "queries": {"a": "b"}}), format!("Cannot have both a query and queries. {review}")),
        (
            json!({"queries": {"a": "b"}}),
            "Query is empty. API Version v1 only supports using the query parameter in your Analysis Template."
                .to_owned(),
        ),
        (json!({"query": "q", "formula": "f"}), format!("Formula are only valid when queries are set. {review}")),
        (
            json!({"apiVersion": "v2", "queries": {"a": "b", "c": "d"}}),
            "When multiple queries are provided you must include a formula.".to_owned(),
        ),
        (json!({"query": "q", "aggregator": "avg"}), format!("Aggregator is not supported in v1. {review}")),
        (
            json!({"query": "q", "requestTimeout": "soon"}),
            format!("Could not parse the request timeout: time: invalid duration \"soon\". {review}"),
        ),
        (
            json!({"query": "q", "requestTimeout": "0s"}),
            format!("Request timeout must be a positive duration (e.g. 30s). {review}"),
        ),
        (
            json!({"query": "q", "requestTimeout": "-1s"}),
            format!("Request timeout must be a positive duration (e.g. 30s). {review}"),
        ),
        (json!({"query": "q", "interval": "x"}), "time: invalid duration \"x\"".to_owned()),
    ];
    for (datadog, want) in table {
        assert_eq!(said(Reply::ok("{}"), datadog).await, format!("Error {want}"));
    }
}

#[tokio::test]
async fn the_last_point_of_the_first_series() {
    let table = [
        (json!({"series": [{"pointlist": [[1, 0.5], [2, 0.006121]]}, {"pointlist": [[1, 9]]}]}), "Successful 0.006121"),
        (json!({"series": [{"pointlist": [[1, 7], [2, null]]}]}), "Successful 7"),
        (json!({"series": [{"pointlist": [[1, null]]}]}), "Successful []"),
        (json!({"series": []}), "Successful []"),
        (json!({"series": [{"pointlist": []}]}), "Successful [{\"pointlist\":[]}]"),
        (json!({}), "Successful null"),
        (json!({"series": [{"pointlist": [[1]]}]}), "Error Datapoint does not have 2 values"),
    ];
    for (answer, want) in table {
        assert_eq!(said(Reply::json(&answer), json!({"query": "q"})).await, want);
    }
}

#[tokio::test]
async fn scalars_and_groups() {
    let table = [
        (json!([{"name": "q", "type": "number", "values": [null, 0.25, 3]}]), "Successful 0.25"),
        (json!([{"name": "q", "values": [1]}]), "Successful 1"),
        (json!([{"name": "q", "type": "number", "values": [null]}]), "Successful []"),
        (json!([{"name": "q", "type": "number", "values": []}]), "Successful []"),
        (json!([{"name": "q", "type": "text", "values": [1]}]), "Successful []"),
        (json!([]), "Successful []"),
        (
            json!([{"name": "q", "type": "number", "values": ["x"]}]),
            "Error could not parse numeric value \"\"x\"\" in column \"q\": it is no number",
        ),
        (
            json!([{"name": "g", "type": "group", "values": [["a"]]}, {"name": "q", "type": "number", "values": [1, 2]}]),
            "Error could not parse group label at index 1",
        ),
        (
            json!([{"name": "g", "type": "group", "values": [7]}, {"name": "q", "type": "number", "values": [1]}]),
            "Error could not parse group label at index 0",
        ),
    ];
    for (answer, want) in table {
        assert_eq!(said(columns(answer), v2()).await, want);
    }
    let answer = json!([{"name": "g", "type": "group", "values": [["a", "b"], ["c"], ["d"]]},
        {"name": "q", "type": "number", "values": [1.5, null, 2]}, {"name": "h", "type": "group", "values": [["x"], [], ["y<"]]}]);
    let mut metric = metric(v2());
    metric["successCondition"] = json!("all(result, # < 3) and len(result) == 2");
    let measurement = bench([columns(answer)]).measure(metric).await.measurement;
    assert_eq!((measurement.phase.as_str(), measurement.value.as_str()), ("Successful", "[1.5,2]"));
    let groups = r#"[{"name":"a,b,x","value":1.5},{"name":"d,y\u003c","value":2}]"#;
    assert_eq!(measurement.metadata["groups"], groups);
    assert_eq!(measurement.metadata.get("groups_truncated"), None);
}

#[tokio::test]
async fn of_many_groups_the_metadata_shows_the_extremes() {
    let values: Vec<u32> = (0..200).rev().collect();
    let labels: Vec<Value> = values.iter().map(|n| json!([format!("n:{n}")])).collect();
    let answer = json!([{"type": "group", "values": labels}, {"type": "number", "values": values}]);
    let measurement = bench([columns(answer)]).measure(metric(v2())).await.measurement;
    assert_eq!(measurement.metadata["groups_truncated"], "true");
    let groups: Vec<Value> = serde_json::from_str(&measurement.metadata["groups"]).expect("JSON");
    assert_eq!(groups.len(), 100);
    assert_eq!((&groups[49]["name"], &groups[50]["name"]), (&json!("n:49"), &json!("n:150")));
    assert!(measurement.value.starts_with("[199,198,"));
}

#[tokio::test]
async fn refusals_and_garbage() {
    let url = "https://api.datadoghq.com/api/v2/query/scalar";
    let table = [
        (Reply::status(401, "no api1"), "Error received authentication error response code: 401 no *****".to_owned()),
        (Reply::status(403, ""), "Error received authentication error response code: 403 ".to_owned()),
        (Reply::status(429, "slow down"), "Error received non 2xx response code: 429 slow down".to_owned()),
        (Reply::status(202, "x"), "Error received non 2xx response code: 202 x".to_owned()),
        (Reply::Error("EOF".to_owned()), format!("Error Post \"{url}\": EOF")),
        (
            Reply::ok(vec![b' '; (10 << 20) + 1]),
            format!("Error Post \"{url}\": the response body is longer than 10 MiB"),
        ),
        (Reply::json(&json!({"data": {"errors": "bad"}})), "Error There were errors in your query: bad".to_owned()),
    ];
    for (reply, want) in table {
        assert_eq!(said(reply, v2()).await, want);
    }
    for garbage in ["", "<html>", "[", "{\"data\":7,\"series\":7}"] {
        for datadog in [v2(), json!({"query": "q"})] {
            let said = said(Reply::ok(garbage), datadog).await;
            assert!(said.starts_with("Error Could not parse JSON body: "), "{said}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn time_is_bounded() {
    let slow = Reply::Slow(Duration::from_secs(60), crate::Response::default());
    assert!(said(slow, v2()).await.ends_with("context deadline exceeded"));
}

#[tokio::test]
async fn nothing_is_nil() {
    let mut metric = metric(v2());
    for (condition, want) in [
        ("default(result, 0) < 0.05", "Successful"),
        ("default(result, 1) < 0.05", "Failed"),
        ("result < 0.05", "Error"),
    ] {
        metric["successCondition"] = json!(condition);
        assert_eq!(bench([columns(json!([]))]).measure(metric.clone()).await.measurement.phase, want);
    }
}

//! Requests, answers and what is said of them.

use crate::testing::{Bench, Reply, said};
use serde_json::{Value, json};
use std::time::Duration;

fn metric(graphite: Value) -> Value {
    json!({"name": "m", "provider": {"graphite": graphite}})
}

fn up() -> Value {
    metric(json!({"address": "http://h", "query": "target=up"}))
}

#[tokio::test]
async fn what_is_sent() {
    let table = [
        (
            "http://h",
            "target=sumSeries(a.*, b)&from=-5min",
            "http://h/render?format=json&from=-5min&target=sumSeries%28a.%2A%2Cb%29",
        ),
        (
            "http://h:8080/graphite/?x=1",
            "target=a&target=b &until = now",
            "http://h:8080/graphite/render?x=1&format=json&target=a&target=b&until=now",
        ),
        (
            "http://h",
            "target=alias(a,  'two words')&format=raw",
            "http://h/render?format=json&target=alias%28a%2C%27two+words%27%29",
        ),
        (
            "http://h",
            "target=alias(a, \"it's  so\")\n",
            "http://h/render?format=json&target=alias%28a%2C%22it%27s++so%22%29",
        ),
        ("http://h", "target=o'a b", "http://h/render?format=json&target=o%27ab"),
        ("http://h", "target=a%20b%28", "http://h/render?format=json&target=a+b%28"),
        ("http://h", "", "http://h/render?format=json"),
    ];
    for (address, query, want) in table {
        let bench = Bench::new([Reply::ok("[]")]);
        bench.measure(metric(json!({"address": address, "query": query}))).await;
        assert_eq!(bench.http.wire(), [format!("GET {want}\n")]);
        assert_eq!(bench.http.sent()[0].timeout, Duration::from_secs(10));
    }
}

#[tokio::test]
async fn what_answers_say() {
    let table = [
        (
            json!([{"datapoints": [[12.34, 1], [null, 2], ["5", 3], [1e-7, 4]]}]),
            "Successful [12.340000,5.000000,0.000000]",
        ),
        (json!([{"datapoints": [[1, 1]]}, {"datapoints": [[2, 1]]}]), "Successful [1.000000]"),
        (json!([]), "Error no values found"),
        (json!([{"target": "x"}]), "Error no values found"),
        (json!([{"datapoints": [[null, 1]]}]), "Error no values found"),
        (json!([{"datapoints": [["x", 1]]}]), "Error \"x\" is no number"),
    ];
    for (answer, want) in table {
        assert_eq!(said(Reply::json(&answer), up()).await, want);
    }
    let table = [
        (Reply::status(400, "bad target"), "Error error response: bad target"),
        (Reply::status(429, ""), "Error error response: "),
        (
            Reply::Error("connection refused".to_owned()),
            "Error Get \"http://h/render?format=json&target=up\": connection refused",
        ),
        (
            Reply::ok(vec![b' '; (10 << 20) + 1]),
            "Error Get \"http://h/render?format=json&target=up\": the response body is longer than 10 MiB",
        ),
    ];
    for (reply, want) in table {
        assert_eq!(said(reply, up()).await, want);
    }
    for garbage in ["", "<html>", "{}", "[1]", "[{\"datapoints\":[[1]]}]", "[{\"datapoints\":[[{},1]]}]"] {
        let said = said(Reply::ok(garbage), up()).await;
        assert!(said.starts_with("Error cannot read the answer: "), "{said}");
    }
}

#[tokio::test]
async fn addresses_are_urls() {
    for address in ["", "h:80", "ftp//h"] {
        let bad = metric(json!({"address": address, "query": "target=up"}));
        let want = format!("Error Graphite address {address} is not a valid URL");
        assert_eq!(said(Reply::ok(""), bad).await, want);
    }
}

#[tokio::test(start_paused = true)]
async fn time_is_bounded() {
    let slow = Reply::Slow(Duration::from_secs(60), crate::Response::default());
    assert!(said(slow, up()).await.ends_with("context deadline exceeded"));
}

#[tokio::test]
async fn conditions_see_a_list() {
    let mut metric = up();
    metric["successCondition"] = json!("all(result, # < 3) and len(result) == 2");
    assert_eq!(
        said(Reply::json(&json!([{"datapoints": [[1, 1], [2.5, 2]]}])), metric).await,
        "Successful [1.000000,2.500000]"
    );
}

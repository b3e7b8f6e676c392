//! Requests, answers and what is said of them.

use crate::testing::{Bench, Reply};
use serde_json::{Value, json};
use std::time::Duration;

fn metric(web: Value) -> Value {
    json!({"name": "m", "provider": {"web": web}})
}

/// Phase and value or message of a measurement.
async fn measured(reply: Reply, web: Value) -> String {
    let measurement = Bench::new([reply]).measure(metric(web)).await.measurement;
    format!("{} {}{}", measurement.phase, measurement.value, measurement.message)
}

#[tokio::test]
async fn what_is_sent() {
    let table = [
        (json!({"url": "http://h/a?x=1&y=%20z"}), "GET http://h/a?x=1&y=%20z\n"),
        (json!({"url": "http://h", "method": "POST"}), "POST http://h\n"),
        (json!({"url": "http://h", "method": "DELETE", "body": "bye"}), "DELETE http://h\n\nbye"),
        (json!({"url": "http://h", "method": "POST", "body": "a=1"}), "POST http://h\n\na=1"),
        (
            json!({"url": "http://h", "method": "PUT", "jsonBody": {"k": [1, "x", null], "a": {"z": 1.5}},
                "headers": [{"key": "content-type", "value": "text/plain"}]}),
            "PUT http://h\ncontent-type: application/json\n\n{\"a\":{\"z\":1.5},\"k\":[1,\"x\",null]}",
        ),
        (
            json!({"url": "http://h", "headers": [{"key": "X-Team", "value": "blue"}, {"key": "x-team", "value": "red"}]}),
            "GET http://h\nX-Team: red\n",
        ),
    ];
    for (web, want) in table {
        let bench = Bench::new([Reply::ok("{}")]);
        bench.measure(metric(web)).await;
        assert_eq!(bench.http.wire(), [want]);
    }
    for (web, timeout) in [
        (json!({"url": "http://h"}), 10),
        (json!({"url": "http://h", "timeoutSeconds": -1}), 10),
        (json!({"url": "http://h", "timeoutSeconds": 3}), 3),
    ] {
        let bench = Bench::new([Reply::ok("{}")]);
        bench.measure(metric(web)).await;
        assert_eq!(bench.http.sent()[0].timeout, Duration::from_secs(timeout));
    }
}

#[tokio::test]
async fn what_is_refused() {
    let said = [
        (
            json!({"url": "http://h", "body": "x", "jsonBody": {}, "method": "POST"}),
            "use either Body or JSONBody; both cannot exists for WebMetric payload",
        ),
        (
            json!({"url": "http://h", "body": "x"}),
            "Body/JSONBody can only be used with POST or PUT WebMetric Method types",
        ),
        (
            json!({"url": "http://h", "jsonBody": {}}),
            "Body/JSONBody can only be used with POST or PUT WebMetric Method types",
        ),
        (json!({"url": "http://h", "jsonPath": "{$.a"}), "unclosed action"),
        (json!({"url": "http://h", "jsonPath": "{$.a[x]}"}), "invalid array index x"),
        (json!({"url": "h/x"}), "Get \"h/x\": unsupported protocol scheme \"\""),
        (json!({"url": "http:///x"}), "Get \"http:///x\": http: no Host in request URL"),
        (
            json!({"url": "http://h", "authentication": {"oauth2": {"tokenUrl": "http://t", "clientId": "id"}}}),
            "missing mandatory parameter in metric for OAuth2 setup",
        ),
    ];
    for (web, want) in said {
        let bench = Bench::new([]);
        let measurement = bench.measure(metric(web)).await.measurement;
        assert_eq!((measurement.phase.as_str(), measurement.message.as_str()), ("Error", want));
        assert!(measurement.finished_at.is_some() && bench.http.sent().is_empty());
    }
}

#[tokio::test]
async fn what_answers_say() {
    let url = || json!({"url": "http://h"});
    let at = |path: &str| json!({"url": "http://h", "jsonPath": path});
    let nested = "[".repeat(100_000);
    let table = [
        (Reply::ok("{\"b\":1e21,\"a\":\"<\"}"), url(), "Successful {\"a\":\"\\u003c\",\"b\":1e+21}"),
        (Reply::ok("null"), url(), "Successful null"),
        (Reply::ok(""), url(), "Successful "),
        (Reply::ok("all is well"), at("{$.a}"), "Successful all is well"),
        (Reply::ok("{\"a\":[]}"), at("{$.a[*]}"), "Error result of web metric produced no value"),
        (Reply::ok("{}"), at("{$.zzz}"), "Error Could not find JSONPath in body: zzz is not found"),
        (Reply::status(429, "slow down"), url(), "Error received non 2xx response code: 429"),
        (Reply::status(304, ""), url(), "Error received non 2xx response code: 304"),
        (Reply::Error("connection refused".to_owned()), url(), "Error Get \"http://h\": connection refused"),
        (
            Reply::ok(vec![b'x'; (10 << 20) + 1]),
            url(),
            "Error Get \"http://h\": the response body is longer than 10 MiB",
        ),
    ];
    for (reply, web, want) in table {
        assert_eq!(measured(reply, web).await, want);
    }
    assert!(measured(Reply::ok(vec![0xff, 0xfe]), url()).await.starts_with("Successful \u{fffd}"));
    assert!(measured(Reply::ok(nested), url()).await.starts_with("Successful [[[["));
}

#[tokio::test(start_paused = true)]
async fn no_answer_takes_longer_than_allowed() {
    let slow = Reply::Slow(Duration::from_secs(60), crate::Response::default());
    let said = measured(slow, json!({"url": "http://h"})).await;
    assert_eq!(said, "Error Get \"http://h\": context deadline exceeded");
}

#[tokio::test]
async fn tokens_are_fetched_and_kept() {
    let web = metric(json!({"url": "http://h", "authentication": {"oauth2":
        {"tokenUrl": "http://t/token", "clientId": "i d", "clientSecret": "s&t", "scopes": ["a", "b"]}}}));
    let token = json!({"access_token": "T", "token_type": "bearer", "expires_in": 3600});
    let bench = Bench::new([
        Reply::status(401, "no"),
        Reply::json(&token),
        Reply::ok("1"),
        Reply::status(401, ""),
        Reply::status(400, "x"),
        Reply::status(401, "y"),
    ]);
    assert_eq!(bench.measure(web.clone()).await.measurement.value, "1");
    bench.measure(web.clone()).await;
    let refused = bench.measure(web).await.measurement.message;
    assert_eq!(refused, "Get \"http://h\": oauth2: cannot fetch token: 401 Unauthorized\nResponse: y");
    let form = "Content-Type: application/x-www-form-urlencoded";
    let in_header = format!(
        "POST http://t/token\n{form}\nAuthorization: Basic aStkOnMlMjZ0\n\ngrant_type=client_credentials&scope=a+b"
    );
    let in_form = format!(
        "POST http://t/token\n{form}\n\nclient_id=i+d&client_secret=s%26t&grant_type=client_credentials&scope=a+b"
    );
    let call = "GET http://h\nAuthorization: Bearer T\n".to_owned();
    assert_eq!(bench.http.wire(), [in_header.clone(), in_form.clone(), call.clone(), call, in_header, in_form]);
}

#[tokio::test]
async fn conditions_judge() {
    let mut web = metric(json!({"url": "http://h", "jsonPath": "{$.v}"}));
    web["successCondition"] = json!("result > 1");
    web["failureCondition"] = json!("result < 0");
    for (value, phase) in [(json!(2), "Successful"), (json!(-1), "Failed"), (json!(0.5), "Inconclusive")] {
        let bench = Bench::new([Reply::json(&json!({"v": value}))]);
        assert_eq!(bench.measure(web.clone()).await.measurement.phase, phase);
    }
    let bench = Bench::new([Reply::json(&json!({"v": null}))]);
    let measurement = bench.measure(web).await.measurement;
    let said = "could not evaluate successCondition \"result > 1\": metric result is nil or empty: no data returned from the metric provider";
    assert_eq!((measurement.message.as_str(), measurement.value.as_str()), (said, ""));
}

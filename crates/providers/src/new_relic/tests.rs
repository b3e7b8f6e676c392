//! Requests, answers and what is said of them.

use crate::testing::{Bench, FakeSecrets, Reply};
use serde_json::{Value, json};
use std::time::Duration;

const URL: &str = "https://api.newrelic.com/graphql";

fn metric(new_relic: Value) -> Value {
    json!({"name": "m", "provider": {"newRelic": new_relic}})
}

fn bench(replies: impl IntoIterator<Item = Reply>) -> Bench {
    let with = |secrets: FakeSecrets, name: &str, more: &[(&str, &str)]| {
        let mut data = vec![("personal-api-key", "NRAK-1"), ("account-id", "12345")];
        data.extend(more);
        secrets.with("argo-rollouts", name, &data)
    };
    let secrets = with(FakeSecrets::default(), "newrelic", &[]);
    let secrets = with(secrets, "eu", &[("region", "eu")]);
    let secrets =
        with(secrets, "own", &[("region", "eu"), ("base-url-nerdgraph", "http://h/g"), ("base-url-rest", "http://r")]);
    let secrets = with(secrets, "mars", &[("region", "mars")]);
    let secrets = secrets
        .with("argo-rollouts", "nokey", &[("account-id", "1")])
        .with("argo-rollouts", "noid", &[("personal-api-key", "1")])
        .with("argo-rollouts", "badid", &[("personal-api-key", "1"), ("account-id", "abc")]);
    Bench::with_secrets(replies, secrets)
}

fn rows(rows: Value) -> Reply {
    Reply::json(&json!({"data": {"actor": {"account": {"nrql": {"results": rows}}}}}))
}

async fn said(reply: Reply) -> String {
    let outcome = bench([reply]).measure(metric(json!({"query": "SELECT 1"}))).await;
    assert_eq!(outcome.metadata["ResolvedNewRelicQuery"], "SELECT 1");
    format!("{} {}{}", outcome.measurement.phase, outcome.measurement.value, outcome.measurement.message)
}

#[tokio::test]
async fn what_is_sent() {
    let graphql = "query($accountId: Int!, $query: Nrql!, $timeout: Seconds) { actor { account(id: $accountId) { nrql(query: $query, timeout: $timeout) { results } } } }";
    let headers = "Content-Type: application/json\nApi-Key: NRAK-1\n";
    for (profile, url) in [("", URL), ("eu", "https://api.eu.newrelic.com/graphql"), ("own", "http://h/g")] {
        for (timeout, seconds) in [(json!(null), 5), (json!(30), 30)] {
            let bench = bench([rows(json!([{"count": 1}]))]);
            let query = "SELECT count(*) FROM T WHERE a > 'x'";
            bench.measure(metric(json!({"profile": profile, "query": query, "timeout": timeout}))).await;
            let query = "SELECT count(*) FROM T WHERE a \\u003e 'x'";
            let body = format!(
                "{{\"query\":\"{graphql}\",\"variables\":{{\"accountId\":12345,\"query\":\"{query}\",\"timeout\":{seconds}}}}}"
            );
            assert_eq!(bench.http.wire(), [format!("POST {url}\n{headers}\n{body}")]);
            assert_eq!(bench.http.sent()[0].timeout, Duration::from_secs(seconds + 5));
        }
    }
}

#[tokio::test]
async fn what_is_refused() {
    let table = [
        (json!({"timeout": -1}), "timeout value needs to be a positive value"),
        (json!({"profile": "gone"}), "secrets \"gone\" not found"),
        (json!({"profile": "nokey"}), "account ID or personal API key not found"),
        (json!({"profile": "noid"}), "account ID or personal API key not found"),
        (json!({"profile": "badid"}), "could not parse account ID: strconv.Atoi: parsing \"abc\": invalid syntax"),
        (json!({"profile": "mars"}), "unknown region: mars"),
    ];
    for (mut new_relic, want) in table {
        new_relic["query"] = json!("q");
        let outcome = bench([]).measure(metric(new_relic)).await;
        assert_eq!((outcome.measurement.message.as_str(), outcome.metadata.len()), (want, 0));
    }
}

#[tokio::test]
async fn what_answers_say() {
    let none = "Error no results returned from NRQL query";
    let table = [
        (rows(json!([{"count": 10, "average.duration": 12.5}])), "Successful {\"average.duration\":12.5,\"count\":10}"),
        (rows(json!([{"count": 10}, {"count": 1}])), "Successful [{\"count\":10},{\"count\":1}]"),
        (rows(json!([])), none),
        (rows(json!([{}])), none),
        (rows(json!(null)), none),
        (Reply::ok("{}"), none),
        (Reply::json(&json!({"data": {"actor": null}})), none),
        (
            Reply::json(&json!({"errors": [{"message": "NRQL Syntax Error"}, {"message": "NRAK-1"}]})),
            "Error NRQL Syntax Error, *****",
        ),
        (Reply::status(401, "no"), "Error received non 2xx response code: 401 no"),
        (Reply::status(429, "slow down"), "Error received non 2xx response code: 429 slow down"),
        (Reply::Error("EOF".to_owned()), "Error Post \"https://api.newrelic.com/graphql\": EOF"),
        (
            Reply::ok(vec![b' '; (10 << 20) + 1]),
            "Error Post \"https://api.newrelic.com/graphql\": the response body is longer than 10 MiB",
        ),
    ];
    for (reply, want) in table {
        assert_eq!(said(reply).await, want);
    }
    for garbage in ["", "<html>", "[", "{\"errors\":7}"] {
        let said = said(Reply::ok(garbage)).await;
        assert!(said.starts_with("Error could not parse JSON body: "), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn time_is_bounded() {
    let slow = Reply::Slow(Duration::from_secs(60), crate::Response::default());
    assert!(said(slow).await.ends_with("context deadline exceeded"));
}

#[tokio::test]
async fn conditions_see_rows() {
    for (condition, answer) in [
        ("result.count == 10 and result['average.duration'] < 15.0", json!([{"count": 10, "average.duration": 12.0}])),
        ("result[2].count < 20", json!([{"count": 10}, {"count": 1}, {"count": 15}])),
    ] {
        let mut metric = metric(json!({"query": "q"}));
        metric["successCondition"] = json!(condition);
        assert_eq!(bench([rows(answer)]).measure(metric).await.measurement.phase, "Successful");
    }
}

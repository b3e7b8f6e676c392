//! Requests, answers and what is said of them.

use crate::testing::{Bench, FakeSecrets, Reply};
use serde_json::{Value, json};
use std::time::Duration;

fn metric(influxdb: Value) -> Value {
    json!({"name": "m", "provider": {"influxdb": influxdb}})
}

fn query() -> Value {
    metric(json!({"query": "from(bucket: \"b\") |> range(start: -5m)"}))
}

fn bench(replies: impl IntoIterator<Item = Reply>) -> Bench {
    let secrets = FakeSecrets::default()
        .with("argo-rollouts", "influxdb", &[("address", "http://h:8086/"), ("authToken", "t0ken"), ("org", "my org")])
        .with("argo-rollouts", "other", &[("address", "http://o"), ("authToken", "other"), ("org", "o")])
        .with("argo-rollouts", "noorg", &[("address", "http://o"), ("authToken", "other")])
        .with("argo-rollouts", "noaddress", &[("org", "o"), ("authToken", "other")])
        .with("argo-rollouts", "notoken", &[("org", "o"), ("address", "http://o"), ("authToken", "")]);
    Bench::with_secrets(replies, secrets)
}

async fn said(reply: Reply) -> String {
    let measurement = bench([reply]).measure(query()).await.measurement;
    format!("{} {}{}", measurement.phase, measurement.value, measurement.message)
}

/// A table with one column of values, as the server writes it.
fn table(datatype: &str, values: &[&str]) -> String {
    let rows: String = values.iter().map(|value| format!(",,0,2026-01-02T03:04:05Z,{value}\r\n")).collect();
    format!(
        "#datatype,string,long,dateTime:RFC3339,{datatype}\r\n#group,false,false,false,false\r\n#default,_result,,,\r\n,result,table,_time,_value\r\n{rows}\r\n"
    )
}

#[tokio::test]
async fn what_is_sent() {
    let body = r#"{"dialect":{"annotations":["datatype","group","default"],"delimiter":",","header":true},"query":"from(bucket: \"b\") |\u003e range(start: -5m)","type":"flux"}"#;
    for (profile, url, token) in
        [("", "http://h:8086/api/v2/query?org=my+org", "t0ken"), ("other", "http://o/api/v2/query?org=o", "other")]
    {
        let mut metric = query();
        metric["provider"]["influxdb"]["profile"] = json!(profile);
        let bench = bench([Reply::ok("")]);
        bench.measure(metric).await;
        let headers = format!("Content-Type: application/json\nAuthorization: Token {token}\n");
        assert_eq!(bench.http.wire(), [format!("POST {url}\n{headers}\n{body}")]);
        assert_eq!(bench.http.sent()[0].timeout, Duration::from_secs(30));
    }
}

#[tokio::test]
async fn credentials() {
    for (profile, want) in [
        ("gone", "secrets \"gone\" not found"),
        ("noorg", "authToken, org, or address not found"),
        ("noaddress", "authToken, org, or address not found"),
        ("notoken", "authToken, org, or address not found"),
    ] {
        let metric = metric(json!({"query": "q", "profile": profile}));
        assert_eq!(bench([]).measure(metric).await.measurement.message, want);
    }
}

#[tokio::test]
async fn what_answers_say() {
    let none = "Error no results returned from flux query";
    let named = "#datatype,string,long,string\r\n#group,false,false,false\r\n#default,_result,,x\r\n,result,table,_value\r\n,,0,\r\n,,0,\"a,\"\"b\"\"\"\r\n";
    let bare = "#datatype,string,long\r\n#group,false,false\r\n#default,_result,\r\n,result,table\r\n,,0\r\n";
    let failed = "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,it broke,897\r\n";
    let table = [
        (table("double", &["1.5", "2", "1e-7", "NaN"]), "Successful [1.5 2 1e-07 NaN]"),
        (table("long", &["1", "-2"]) + &table("double", &["3"]), "Successful [1 -2 3]"),
        (table("unsignedLong", &["7", "18446744073709551615"]), "Successful [7 18446744073709552000]"),
        (table("boolean", &["true", "false"]), "Successful [true false]"),
        (table("double", &[""]), "Successful [<nil>]"),
        (table("dateTime:RFC3339", &["2026-01-02T03:04:05Z"]), "Successful [2026-01-02T03:04:05Z]"),
        (named.to_owned(), "Successful [x a,\"b\"]"),
        (bare.to_owned(), "Successful [<nil>]"),
        (table("double", &[]), none),
        (String::new(), none),
        ("\r\n".to_owned(), none),
        (table("double", &["1"]) + failed, "Error it broke,897"),
        ("error,reference\r\nbroken,\r\n".to_owned(), "Error broken"),
        ("error\r\n\"\"\r\n".to_owned(), "Error unknown query error"),
        (table("double", &["x"]), "Error \"x\" is no double"),
        (table("long", &["1.5"]), "Error \"1.5\" is no long"),
        (table("boolean", &["yes"]), "Error \"yes\" is no boolean"),
        ("_value\n1\n".to_owned(), "Error the answer does not say of what types its columns are"),
        ("<html>".to_owned(), none),
    ];
    for (answer, want) in table {
        assert_eq!(said(Reply::ok(answer)).await, want);
    }
}

#[tokio::test]
async fn refusals() {
    let url = "http://h:8086/api/v2/query?org=my+org";
    let table = [
        (
            Reply::status(401, "{\"code\":\"unauthorized\",\"message\":\"not t0ken\"}"),
            "Error unauthorized: not *****".to_owned(),
        ),
        (Reply::status(429, "slow down"), "Error unexpected status code 429: slow down".to_owned()),
        (Reply::status(502, "{}"), "Error unexpected status code 502: {}".to_owned()),
        (Reply::Error("EOF".to_owned()), format!("Error Post \"{url}\": EOF")),
        (
            Reply::ok(vec![b' '; (10 << 20) + 1]),
            format!("Error Post \"{url}\": the response body is longer than 10 MiB"),
        ),
    ];
    for (reply, want) in table {
        assert_eq!(said(reply).await, want);
    }
    let garbage = vec![0xff, b'"', 0xfe, b',', b'\n', 0x80];
    assert_eq!(said(Reply::ok(garbage)).await, "Error the answer does not say of what types its columns are");
}

#[tokio::test(start_paused = true)]
async fn time_is_bounded() {
    let slow = Reply::Slow(Duration::from_secs(60), crate::Response::default());
    assert!(said(slow).await.ends_with("context deadline exceeded"));
}

#[tokio::test]
async fn conditions_see_values_as_they_are_typed() {
    for (condition, answer) in [
        ("all(result, # > 10)", table("long", &["11", "12"])),
        ("10 in result", table("double", &["10.0"])),
        ("result[0] == 'UP'", table("string", &["UP"])),
        ("result[0]", table("boolean", &["true"])),
    ] {
        let mut metric = query();
        metric["successCondition"] = json!(condition);
        let measurement = bench([Reply::ok(answer)]).measure(metric).await.measurement;
        assert_eq!(measurement.phase, "Successful", "{condition}: {}", measurement.message);
    }
}

//! Requests, answers and what is said of them.

use crate::testing::{Bench, Reply};
use serde_json::{Value, json};
use std::time::Duration;

fn metric() -> Value {
    json!({"name": "m", "provider": {"cloudWatch": {"interval": "30m", "metricDataQueries": [
        {"id": "rate", "expression": "errors / requests"},
        {"id": "errors", "label": "E", "returnData": false, "metricStat": {"stat": "Sum", "period": "300", "unit": "Count",
            "metric": {"namespace": "app", "metricName": "errors", "dimensions": [{"name": "svc", "value": "a<b"}]}}},
        {"id": "requests", "period": 60, "metricStat": {"stat": "Sum", "period": 300, "metric": {"metricName": "r"}}}]}}})
}

fn bench(replies: impl IntoIterator<Item = Reply>) -> Bench {
    let bench = Bench::new(replies).variable("AWS_REGION", "eu-central-1");
    bench.variable("AWS_ACCESS_KEY_ID", "AKID").variable("AWS_SECRET_ACCESS_KEY", "s3cret")
}

async fn said(reply: Reply) -> String {
    let measurement = bench([reply]).measure(metric()).await.measurement;
    format!("{} {}{}", measurement.phase, measurement.value, measurement.message)
}

fn results(results: Value) -> Reply {
    Reply::json(&json!({"MetricDataResults": results}))
}

#[tokio::test]
async fn what_is_sent() {
    let bench = bench([results(json!([]))]);
    bench.measure(metric()).await;
    let wire = &bench.http.wire()[0];
    let (head, rest) = wire.split_once("Signature=").expect("it is signed");
    assert_eq!(
        head,
        "POST https://monitoring.eu-central-1.amazonaws.com/\n\
         Content-Type: application/x-amz-json-1.0\n\
         X-Amz-Target: GraniteServiceVersion20100801.GetMetricData\n\
         X-Amz-Date: 20260102T030405Z\n\
         Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-central-1/monitoring/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
    );
    let queries = r#"[{"Expression":"errors / requests","Id":"rate"},{"Id":"errors","Label":"E","MetricStat":{"Metric":{"Dimensions":[{"Name":"svc","Value":"a\u003cb"}],"MetricName":"errors","Namespace":"app"},"Period":300,"Stat":"Sum","Unit":"Count"},"ReturnData":false},{"Id":"requests","MetricStat":{"Metric":{"MetricName":"r"},"Period":300,"Stat":"Sum"},"Period":60}]"#;
    let body = format!("{{\"EndTime\":1767323045,\"MetricDataQueries\":{queries},\"StartTime\":1767321245}}");
    assert_eq!(rest[64..].trim_start(), body);
}

#[tokio::test]
async fn where_the_service_is() {
    for (name, value, want) in [
        ("AWS_REGION", "cn-north-1", "https://monitoring.cn-north-1.amazonaws.com.cn/"),
        ("AWS_ENDPOINT_URL", "http://h", "http://h/"),
        ("AWS_ENDPOINT_URL_CLOUDWATCH", "http://h/", "http://h/"),
    ] {
        let bench = bench([results(json!([]))]).variable(name, value);
        bench.measure(metric()).await;
        assert_eq!(bench.http.sent()[0].url, want);
    }
}

#[tokio::test]
async fn all_pages_are_read() {
    let page = |token: Option<&str>, results: Value| {
        Reply::json(&json!({"MetricDataResults": results, "NextToken": token,
            "Messages": [{"Code": "C", "Value": token.unwrap_or("last")}]}))
    };
    let bench = bench([
        page(
            Some("t1"),
            json!([{"Id": "a", "Label": "x", "StatusCode": "PartialData", "Timestamps": [2, 1], "Values": [2, 1.5]}]),
        ),
        page(
            None,
            json!([{"Id": "a", "Label": "x", "StatusCode": "Complete", "Timestamps": [0], "Values": [0.1]},
            {"Id": "b", "Values": [3]}]),
        ),
    ]);
    let mut metric = metric();
    metric["successCondition"] =
        json!("len(result) == 2 and len(result[0].Values) == 3 and result[0].StatusCode == 'Complete'");
    let measurement = bench.measure(metric).await.measurement;
    assert_eq!((measurement.message.as_str(), measurement.value.as_str()), ("", "[[2 1.5 0.1] [3]]"));
    assert_eq!(
        (measurement.phase.as_str(), measurement.metadata["messages"].as_str()),
        ("Successful", "C: t1, C: last")
    );
    let bodies: Vec<bool> = bench.http.wire().iter().map(|w| w.contains("\"NextToken\":\"t1\"")).collect();
    assert_eq!(bodies, [false, true]);
}

#[tokio::test]
async fn pages_come_to_an_end() {
    let more = Reply::ok("{\"NextToken\":\"again\"}");
    let said = bench(vec![more; 200]).measure(metric()).await.measurement.message;
    assert_eq!(said, "the answer has more than 100 pages");
}

#[tokio::test]
async fn what_answers_say() {
    let url = "https://monitoring.eu-central-1.amazonaws.com/";
    let refused = "Error operation error CloudWatch: GetMetricData, StatusCode:";
    let table = [
        (results(json!([{"Id": "a", "Values": [0.1]}])), "Successful [[0.1]]".to_owned()),
        (results(json!([{"Id": "a"}])), "Successful [[]]".to_owned()),
        (results(json!([])), "Successful []".to_owned()),
        (Reply::ok("{}"), "Successful []".to_owned()),
        (
            Reply::status(400, "{\"__type\":\"com.amazon#ValidationError\",\"message\":\"bad query\"}"),
            format!("{refused} 400, ValidationError: bad query"),
        ),
        (Reply::status(429, "slow down"), format!("{refused} 429, slow down")),
        (Reply::Error("EOF".to_owned()), format!("Error Post \"{url}\": EOF")),
        (
            Reply::ok(vec![b' '; (10 << 20) + 1]),
            format!("Error Post \"{url}\": the response body is longer than 10 MiB"),
        ),
    ];
    for (reply, want) in table {
        assert_eq!(said(reply).await, want);
    }
    for garbage in ["", "<html>", "[7]", "{\"MetricDataResults\":[{\"Values\":[\"x\"]}]}"] {
        let said = said(Reply::ok(garbage)).await;
        assert!(said.starts_with("Error could not parse JSON body: "), "{said}");
    }
    let far = results(json!([{"Id": "a", "Timestamps": [1e300, -1e300], "Values": [1, 2]}]));
    assert_eq!(said(far).await, "Successful [[1 2]]");
}

#[tokio::test]
async fn what_is_missing() {
    let mut bad = metric();
    bad["provider"]["cloudWatch"]["interval"] = json!("x");
    assert_eq!(bench([]).measure(bad).await.measurement.message, "time: invalid duration \"x\"");
    let said = Bench::new([]).measure(metric()).await.measurement.message;
    assert_eq!(said, "region not configured in sigv4 or in default credentials chain");
}

#[tokio::test(start_paused = true)]
async fn time_is_bounded() {
    let slow = Reply::Slow(Duration::from_secs(60), crate::Response::default());
    assert!(said(slow).await.ends_with("context deadline exceeded"));
}

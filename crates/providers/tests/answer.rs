//! A measurement from end to end: arguments, secrets, and what is hidden of them.

use rollouts_api::analysis::AnalysisRunSpec;
use rollouts_core::analysis::run::{Answer, Ask, Task};
use rollouts_providers::testing::{Bench, FakeSecrets, Reply};
use serde_json::json;

fn bench(replies: Vec<Reply>, secrets: FakeSecrets) -> Bench {
    let mut bench = Bench::with_secrets(replies, secrets);
    let spec: AnalysisRunSpec = serde_json::from_value(json!({
        "args": [{"name": "token", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}],
        "metrics": [
            {"name": "m", "provider": {"web": {"url": "http://h/?t={{args.token}}",
                "headers": [{"key": "Authorization", "value": "Bearer {{args.token}}"}]}}},
            {"name": "p", "provider": {"prometheus": {"address": "http://h", "query": "up{t='{{args.token}}'}"}}},
            {"name": "j", "provider": {}},
        ],
    }))
    .expect("a spec");
    bench.run.spec = spec;
    bench
}

fn secrets() -> FakeSecrets {
    FakeSecrets::default().with("default", "keys", &[("token", "se\"same")])
}

fn task(index: usize, ask: Ask) -> Task {
    let measurement = (ask != Ask::Run).then(Default::default);
    Task { index, metric: "m".to_owned(), ask, measurement }
}

async fn answer(bench: &Bench, task: &Task) -> Answer {
    bench.providers.answer(&bench.run, task).await
}

#[tokio::test]
async fn secrets_are_used_and_hidden() {
    let bench_ = bench(vec![Reply::json(&json!({"said": "se\"same"}))], secrets());
    let Answer::Measured { measurement, .. } = answer(&bench_, &task(0, Ask::Run)).await else {
        panic!("no measurement")
    };
    assert_eq!(measurement.value, "{\"said\":\"*****\"}");
    assert_eq!(bench_.http.wire(), ["GET http://h/?t=se\"same\nAuthorization: Bearer se\"same\n"]);

    let bench_ = bench(vec![], secrets());
    let Answer::Measured { measurement, .. } = answer(&bench_, &task(0, Ask::Run)).await else {
        panic!("no measurement")
    };
    assert_eq!(measurement.message, "Get \"http://h/?t=*****\": connection refused");

    let bench_ = bench(vec![], secrets());
    let Answer::Measured { metadata, .. } = answer(&bench_, &task(1, Ask::Run)).await else { panic!("no measurement") };
    assert_eq!(metadata["ResolvedPrometheusQuery"], "up{t='*****'}");
}

#[tokio::test]
async fn what_cannot_be_had_ends_the_run() {
    let unresolved = |text: &str| Answer::Unresolved(format!("Unable to resolve metric arguments: {text}"));
    let none = bench(vec![], FakeSecrets::default());
    assert_eq!(answer(&none, &task(0, Ask::Run)).await, unresolved("secrets \"keys\" not found"));
    let other = bench(vec![], FakeSecrets::default().with("default", "keys", &[("other", "x")]));
    assert_eq!(answer(&other, &task(0, Ask::Run)).await, unresolved("key 'token' does not exist in secret 'keys'"));
    let mut unset = bench(vec![], FakeSecrets::default());
    unset.run.spec.args[0].value_from = None;
    assert_eq!(answer(&unset, &task(0, Ask::Run)).await, unresolved("argument \"token\" was not supplied"));
}

#[tokio::test]
async fn what_has_begun_is_gone_on_with() {
    let bench = bench(vec![], FakeSecrets::default());
    let Answer::Measured { measurement, .. } = answer(&bench, &task(0, Ask::Terminate)).await else {
        panic!("not ended")
    };
    assert_eq!((measurement.phase.as_str(), measurement.finished_at.is_some()), ("Inconclusive", true));
}

#[tokio::test(start_paused = true)]
async fn failures_that_pass_are_waited_for() {
    let bench = bench(vec![Reply::ok("1")], secrets().failing(7));
    let Answer::Measured { measurement, .. } = answer(&bench, &task(0, Ask::Run)).await else {
        panic!("no measurement")
    };
    assert_eq!(measurement.value, "1");
}

#[tokio::test]
async fn a_metric_without_a_provider() {
    let outcome = Bench::new([]).measure(json!({"name": "m", "provider": {}})).await;
    assert_eq!(outcome.measurement.message, "no valid provider in metric 'm'");
}

#[tokio::test]
async fn plugins_are_not_there_yet() {
    let metric = json!({"name": "m", "provider": {"plugin": {"acme/sample": {"query": "q"}}}});
    let measurement = Bench::new([]).measure(metric).await.measurement;
    assert_eq!((measurement.phase.as_str(), measurement.value.as_str()), ("Error", ""));
    assert_eq!(measurement.message, "metric provider RPCPlugin is not supported yet");
}

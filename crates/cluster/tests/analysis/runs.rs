//! Runs that users make, and what is written to them.

use crate::objects::{every, job, of_instance, run};
use crate::source::url;
use crate::world::{POOR_ACCOUNT, Place};
use rollouts_kube::resource::{ANALYSIS_RUNS, SECRETS};
use serde_json::{Value, json};

/// Bytes of one measured value.
const VALUE_BYTES: usize = 60_000;
/// Metrics with such values. What they measure in one round is more than the store takes for one object.
const METRICS: usize = 30;

/// An argument that comes from a Secret.
fn secret(argument: &str, name: &str, key: &str) -> Value {
    json!({ "name": argument, "valueFrom": { "secretKeyRef": { "name": name, "key": key } } })
}

pub async fn secrets_are_read_with_the_rights_of_the_manifest(place: &Place<'_>) {
    let tokens = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "tokens" },
        "stringData": { "m": "s3cr3t-ü" },
    });
    place.create(&SECRETS, tokens).await;
    let headers = json!([{ "key": "Token", "value": "{{args.token}}" }]);
    let echo = json!({
        "name": "m",
        "successCondition": "result == '{{args.token}}'",
        "provider": { "web": { "url": url("/echo"), "headers": headers, "jsonPath": "{$.headers.Token}" } },
    });
    let begin = async |name: &str, arguments: Value, instance: Option<&str>| {
        let mut run = run(name, json!([echo]));
        run["spec"]["args"] = arguments;
        place.create(&ANALYSIS_RUNS, instance.map_or(run.clone(), |id| of_instance(run, id))).await;
    };
    begin("known", json!([secret("token", "tokens", "m")]), None).await;
    let status = place.until_run("known", "Successful").await;
    assert_eq!(status["metricResults"][0]["measurements"][0]["value"], "\"*****\"");
    assert!(!place.get(&ANALYSIS_RUNS, "known").await.to_string().contains("s3cr3t"));
    let unresolved = "Unable to resolve metric arguments: ";
    let missing = [
        ("no-key", "tokens", "n", "key 'n' does not exist in secret 'tokens'"),
        ("none", "nope", "m", "secrets \"nope\" not found"),
    ];
    for (name, from, key, problem) in missing {
        begin(name, json!([secret("token", from, key)]), None).await;
        assert_eq!(place.until_run(name, "Error").await["message"], format!("{unresolved}{problem}"));
    }
    // A controller that may read no Secrets and make no Jobs says so; all else it does.
    place.world.controller(POOR_ACCOUNT, |options| options.instance_id = Some("poor".into())).await;
    begin("poor", json!([secret("token", "tokens", "m")]), Some("poor")).await;
    let account = "User \"system:serviceaccount:argo-rollouts:poor\" cannot";
    let there = format!("in the namespace \"{}\"", place.namespace);
    let problem =
        format!("secrets \"tokens\" is forbidden: {account} get resource \"secrets\" in API group \"\" {there}");
    assert_eq!(place.until_run("poor", "Error").await["message"], format!("{unresolved}{problem}"));
    begin("open", json!([{ "name": "token", "value": "open" }]), Some("poor")).await;
    place.until_run("open", "Successful").await;
    let mut work = job("work", "exit 0");
    work["consecutiveErrorLimit"] = 0.into();
    place.create(&ANALYSIS_RUNS, of_instance(run("jobless", json!([work])), "poor")).await;
    let status = place.until_run("jobless", "Error").await;
    let problem = format!("jobs.batch is forbidden: {account} create resource \"jobs\" in API group \"batch\" {there}");
    assert_eq!(status["metricResults"][0]["measurements"][0]["message"], problem);
}

pub async fn a_status_of_any_size_and_script_is_written(place: &Place<'_>) {
    let metrics = (0..METRICS).map(|n| {
        let path = format!("/long/{VALUE_BYTES}");
        let metric = json!({ "name": format!("metric-{n}"), "provider": { "web": { "url": url(&path) } } });
        every(metric, "1s", Some(4))
    });
    let odd = "\u{0}\u{7}\u{1b}[31m\u{202e}\u{feff}\u{fffd}🦀\r\n\t\"\\";
    let encoded: String = odd.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let odd_metric = json!({ "name": "odd", "provider": { "web": { "url": url(&format!("/text/{encoded}")) } } });
    let metrics: Vec<Value> = metrics.chain([odd_metric]).collect();
    let mut long = run("long", json!(metrics));
    long["spec"]["measurementRetention"] = json!([{ "metricName": ".*", "limit": 1000 }]);
    place.create(&ANALYSIS_RUNS, long).await;
    let status = place.until_run("long", "Successful").await;
    let results = status["metricResults"].as_array().unwrap();
    assert_eq!(results.len(), METRICS + 1);
    for result in results {
        let (name, count) = (result["name"].as_str().unwrap(), result["count"].as_i64());
        let value = result["measurements"][0]["value"].as_str().unwrap();
        match name {
            "odd" => assert_eq!((count, value), (Some(1), odd)),
            _ => assert!(count == Some(4) && value.starts_with("ü\"𝔘ü"), "{name}: {count:?} {value}"),
        }
    }
}

pub async fn a_run_made_by_hand(place: &Place<'_>) {
    let manifest = "
apiVersion: argoproj.io/v1alpha1
kind: AnalysisRun
metadata: {generateName: mine-}
spec:
  args: [{name: path, value: /json/%5B0.5%2C0.25%5D}]
  metrics:
  - name: rate
    count: '2'
    interval: 1s
    successCondition: 'all(result, # < 1.0)'
    provider: {web: {url: 'http://127.0.0.1:18080{{args.path}}'}}
";
    let made = place.kubectl("create -f - -o name", manifest).await.unwrap();
    let name = made.trim().strip_prefix("analysisrun.argoproj.io/").unwrap();
    let status = place.until_run(name, "Successful").await;
    assert_eq!(status["metricResults"][0]["count"], 2, "{status:#}");
    let columns = place.kubectl("get analysisruns --no-headers", "").await.unwrap();
    assert!(columns.starts_with(name) && columns.contains(" Successful "), "{columns}");
    // What nobody would act upon is refused before it is there.
    let refused = place.kubectl("create -f -", &manifest.replace("interval:", "intervall:")).await.unwrap_err();
    assert!(refused.contains("unknown field \"spec.metrics[0].intervall\""), "{refused}");
    let refused = place.kubectl("create -f -", &manifest.replace("- name: rate", "- {}")).await;
    assert!(refused.is_err(), "{refused:?}");
}

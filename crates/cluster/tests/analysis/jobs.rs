//! Jobs in the hands of Kubernetes' own controller, of admission and of other namespaces.

use crate::objects::{job, of_instance, run};
use crate::world::{ACCOUNT, Place};
use rollouts_kube::Resource;
use rollouts_kube::resource::{ANALYSIS_RUNS, JOBS, PODS};
use serde_json::{Value, json};

const SERVICE_ACCOUNTS: Resource = Resource::fixed("", "v1", "ServiceAccount", "serviceaccounts", true);
const QUOTAS: Resource = Resource::fixed("", "v1", "ResourceQuota", "resourcequotas", true);

/// The only measurement of the only metric.
fn measurement(status: &Value) -> &Value {
    let measurements = status["metricResults"][0]["measurements"].as_array().unwrap();
    assert_eq!(measurements.len(), 1, "{status:#}");
    &measurements[0]
}

pub async fn a_job_waits_for_its_service_account(place: &Place<'_>) {
    let mut work = job("work", "exit 0");
    work["provider"]["job"]["spec"]["template"]["spec"]["serviceAccountName"] = "checker".into();
    place.create(&ANALYSIS_RUNS, run("mine", json!([work]))).await;
    let told = place.until_told("FailedCreate").await;
    assert!(told[0].contains("serviceaccount \"checker\" not found"), "{told:?}");
    assert_eq!(place.get(&ANALYSIS_RUNS, "mine").await["status"]["phase"], "Running");
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "checker" } });
    place.create(&SERVICE_ACCOUNTS, account).await;
    place.until_run("mine", "Successful").await;
    assert_eq!(place.list(&PODS).await[0]["spec"]["serviceAccountName"], "checker");
}

/// Where they cannot belong to their run.
pub async fn jobs_have_a_namespace_of_their_own(place: &Place<'_>) {
    let world = place.world;
    let elsewhere = Place::begin(world, "jobs_of_others").await;
    world
        .controller(ACCOUNT, |options| {
            options.instance_id = Some("elsewhere".into());
            let variable = "ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE";
            options.measuring.variables = [(variable.to_owned(), elsewhere.namespace.clone())].into();
        })
        .await;
    let begin = async |name: &str, script: &str| {
        place.create(&ANALYSIS_RUNS, of_instance(run(name, json!([job("work", script)])), "elsewhere")).await;
    };
    begin("short", "sleep 2").await;
    let status = place.until_run("short", "Successful").await;
    assert_eq!(measurement(&status)["metadata"]["job-namespace"], elsewhere.namespace.as_str());
    let jobs = elsewhere.list(&JOBS).await;
    assert_eq!(jobs[0]["metadata"]["ownerReferences"], Value::Null);
    begin("long", "sleep 3600").await;
    elsewhere.until_job_runs().await;
    place.plugin("terminate analysisrun long").await;
    place.until_run("long", "Inconclusive").await;
    elsewhere.until_all(&JOBS, |jobs| jobs.len() == 1).await;
    elsewhere.until_all(&PODS, |pods| pods.len() == 1).await;
    begin("deleted", "sleep 3600").await;
    elsewhere.until_job_runs().await;
    place.delete(&ANALYSIS_RUNS, "deleted").await;
    elsewhere.until_all(&JOBS, |jobs| jobs.len() == 1).await;
    elsewhere.until_all(&PODS, |pods| pods.len() == 1).await;
    assert!(place.list(&JOBS).await.is_empty());
}

/// How it ended is known although it is gone.
pub async fn a_job_that_goes_as_soon_as_it_has_ended_counts(place: &Place<'_>) {
    for (name, script, phase) in [("good", "sleep 2", "Successful"), ("bad", "sleep 2; exit 1", "Failed")] {
        let mut work = job("work", script);
        work["provider"]["job"]["spec"]["ttlSecondsAfterFinished"] = 0.into();
        place.create(&ANALYSIS_RUNS, run(name, json!([work]))).await;
        let status = place.until_run(name, phase).await;
        assert_eq!(measurement(&status)["phase"], phase, "{status:#}");
        place.until_none(&JOBS).await;
    }
}

pub async fn a_job_that_is_refused_is_an_error_in_the_servers_words(place: &Place<'_>) {
    let quota = json!({
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": { "name": "none" },
        "spec": { "hard": { "count/jobs.batch": "0" } },
    });
    place.create(&QUOTAS, quota).await;
    place.until(&QUOTAS, "none", |quota| quota["status"]["used"].is_object()).await;
    let once = |name: &str, mut work: Value| {
        work["consecutiveErrorLimit"] = 0.into();
        run(name, json!([work]))
    };
    let made = place.create(&ANALYSIS_RUNS, once("over", job("work", "exit 0"))).await;
    let status = place.until_run("over", "Error").await;
    let uid = made["metadata"]["uid"].as_str().unwrap();
    let want = format!(
        "jobs.batch \"{uid}.work.1\" is forbidden: exceeded quota: none, requested: count/jobs.batch=1, used: \
         count/jobs.batch=0, limited: count/jobs.batch=0"
    );
    assert_eq!(measurement(&status)["message"], want);
    place.delete(&QUOTAS, "none").await;
    place.until_none(&QUOTAS).await;
    let mut wrong = job("work", "exit 0");
    wrong["provider"]["job"]["spec"]["template"]["spec"]["restartPolicy"] = "Always".into();
    let made = place.create(&ANALYSIS_RUNS, once("wrong", wrong)).await;
    let status = place.until_run("wrong", "Error").await;
    let uid = made["metadata"]["uid"].as_str().unwrap();
    let want = format!(
        "Job.batch \"{uid}.work.1\" is invalid: spec.template.spec.restartPolicy: Required value: valid values: \
         \"OnFailure\", \"Never\""
    );
    assert_eq!(measurement(&status)["message"], want);
}

/// A failure policy for pods, and more than one of them.
pub async fn what_only_the_real_controller_of_jobs_does(place: &Place<'_>) {
    let mut fatal = job("fatal", "exit 42");
    let spec = &mut fatal["provider"]["job"]["spec"];
    spec["backoffLimit"] = 6.into();
    let on_exit_codes = json!({ "operator": "In", "values": [42] });
    spec["podFailurePolicy"] = json!({ "rules": [{ "action": "FailJob", "onExitCodes": on_exit_codes }] });
    let mut indexed = job("indexed", "sleep 1");
    let spec = &mut indexed["provider"]["job"]["spec"];
    spec["completionMode"] = "Indexed".into();
    spec["completions"] = 3.into();
    spec["parallelism"] = 2.into();
    place.create(&ANALYSIS_RUNS, run("fatal", json!([fatal]))).await;
    place.create(&ANALYSIS_RUNS, run("indexed", json!([indexed]))).await;
    place.until_run("fatal", "Failed").await;
    place.until_run("indexed", "Successful").await;
    assert_eq!(place.list(&PODS).await.len(), 4);
}

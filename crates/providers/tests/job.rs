//! Jobs as measurements, on the embedded API server, where Kubernetes' own controllers run them, under virtual time.

use rollouts_actors::Which;
use rollouts_api::Clock;
use rollouts_api::analysis::{AnalysisRun, AnalysisRunStatus, Measurement};
use rollouts_core::analysis::run::{Answer, Ask, Task};
use rollouts_kube::rest::{Delete, PatchKind, Query};
use rollouts_kube::{Rest, from_service, resource, tokio_clock};
use rollouts_memkube::{Config, Server};
use rollouts_providers::job::{Job, Jobs, RUN_UID};
use rollouts_providers::secrets::ClusterSecrets;
use rollouts_providers::testing::{Bench, FakeHttp, FakeSecrets};
use rollouts_providers::{Providers, Tools};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

struct World {
    server: Server,
    rest: Rest,
    clock: Clock,
    providers: Providers,
    run: AnalysisRun,
}

/// Jobs that run `script`.
fn metric(name: &str, script: &str) -> Value {
    let container = json!({"name": "check", "image": "tool:1", "command": ["sh", "-c", script]});
    let pod = json!({"restartPolicy": "Never", "containers": [container]});
    json!({"name": name, "provider": {"job": {"spec": {"backoffLimit": 0, "template": {"spec": pod}}}}})
}

impl World {
    async fn new(metrics: Value) -> Self {
        Self::with(metrics, |jobs| jobs).await
    }

    async fn with(metrics: Value, configure: impl FnOnce(Jobs) -> Jobs) -> Self {
        let clock = tokio_clock("2026-01-01T00:00:00Z".parse().expect("a time"));
        let server = Server::new(Config::new(clock.clone()));
        for crd in rollouts_api::crd::manifests() {
            server.create(crd).expect("it is a CRD");
        }
        let client = from_service(server.service());
        let options = rollouts_actors::Options { which: Which::all(), ..rollouts_actors::Options::new(clock.clone()) };
        tokio::spawn(rollouts_actors::run(client.clone(), options, pending()));
        let rest = Rest::new(client);
        let run = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
            "metadata": {"name": "run", "namespace": "default"}, "spec": {"metrics": metrics},
        });
        let run = rest.create(&resource::ANALYSIS_RUNS, "default", &run).await.expect("it is valid");
        let providers = providers(&rest, &clock, configure(Jobs::new(rest.clone())));
        let world = World { server, rest, clock, providers, run };
        world.sleep(1).await;
        world
    }

    async fn sleep(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    async fn ask(&self, metric: &str, ask: Ask, measurement: Option<Measurement>) -> Measurement {
        let index = self.run.spec.metrics.iter().position(|m| m.name == metric).expect("there is such a metric");
        let task = Task { index, metric: metric.to_owned(), ask, measurement };
        measured(self.providers.answer(&self.run, &task).await)
    }

    async fn begin(&self, metric: &str) -> Measurement {
        self.ask(metric, Ask::Run, None).await
    }

    /// Looks at a measurement whenever it wants to be looked at, until it has ended; and how often it was.
    async fn until_ended(&self, metric: &str, mut measurement: Measurement) -> (Measurement, u32) {
        for looks in 0..1000 {
            if measurement.finished_at.is_some() {
                return (measurement, looks);
            }
            let at = measurement.resume_at.expect("an unfinished one says when").timestamp();
            let wait = Duration::try_from(at.duration_since(self.clock.now())).unwrap_or_default();
            tokio::time::sleep(wait).await;
            measurement = self.ask(metric, Ask::Resume, Some(measurement)).await;
        }
        panic!("no end: {measurement:?}");
    }

    /// Names of the Jobs there are.
    async fn jobs(&self) -> Vec<String> {
        let jobs = self.rest.list::<Job>(&resource::JOBS, None, &Query::default().labels(RUN_UID)).await;
        let prefix = format!("{}.", self.run.metadata.uid);
        let names =
            jobs.expect("they can be listed").items.into_iter().map(|job| job.metadata.name.replace(&prefix, ""));
        names.collect()
    }

    async fn job(&self, name: &str) -> Value {
        let name = format!("{}.{name}", self.run.metadata.uid);
        self.rest.get(&resource::JOBS, "default", &name).await.expect("it is there")
    }

    /// As if so many measurements of `metric` had been written down.
    fn count(&mut self, metric: &str, count: i32) {
        let results = &mut self.run.status.metric_results;
        results.retain(|result| result.name != metric);
        let result = json!({"name": metric, "phase": "Running", "count": count});
        results.push(serde_json::from_value(result).expect("a result"));
    }
}

fn providers(rest: &Rest, clock: &Clock, jobs: Jobs) -> Providers {
    let secrets = Arc::new(ClusterSecrets::new(rest.clone()));
    let tools = Tools::new(Arc::new(FakeHttp::default()), secrets, clock.clone(), "argo-rollouts");
    Providers::new(Tools { jobs: Some(jobs), ..tools })
}

fn measured(answer: Answer) -> Measurement {
    match answer {
        Answer::Measured { measurement, metadata } => {
            assert!(metadata.is_empty());
            measurement
        }
        Answer::Unresolved(text) => panic!("{text}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_is_made_and_how_it_ends_is_the_measurement() {
    let world = World::new(json!([metric("good", "sleep 20"), metric("bad", "exit 3")])).await;
    for (metric, phase) in [("good", "Successful"), ("bad", "Failed")] {
        let begun = world.begin(metric).await;
        let name = format!("{}.{metric}.1", world.run.metadata.uid);
        let want = [("job-name".to_owned(), name), ("job-namespace".to_owned(), "default".to_owned())];
        assert_eq!((begun.phase.as_str(), begun.started_at, begun.finished_at), ("Running", begun.resume_at, None));
        assert_eq!(begun.metadata, want.into());
        let (ended, looks) = world.until_ended(metric, begun.clone()).await;
        assert_eq!((ended.phase.as_str(), ended.message.as_str(), ended.value.as_str()), (phase, "", ""));
        assert_eq!((ended.started_at, &ended.metadata), (begun.started_at, &begun.metadata));
        assert!(looks < 10, "{looks}");
    }
    let job = world.job("good.1").await;
    let uid = json!(world.run.metadata.uid);
    assert_eq!(job["metadata"]["ownerReferences"][0]["uid"], uid);
    assert_eq!(job["spec"]["template"]["metadata"]["labels"][RUN_UID], uid);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_a_failure_and_a_missing_image_is_inconclusive() {
    let mut late = metric("late", "sleep 600");
    late["provider"]["job"]["spec"]["activeDeadlineSeconds"] = json!(10);
    let mut stuck = metric("stuck", "exit 0");
    stuck["provider"]["job"]["spec"]["template"]["spec"]["containers"][0]["image"] = json!("tool:does-not-exist");
    let world = World::new(json!([late, stuck])).await;
    let begun = world.begin("late").await;
    assert_eq!(world.until_ended("late", begun).await.0.phase, "Failed");
    let begun = world.begin("stuck").await;
    let (ended, _) = world.until_ended("stuck", begun).await;
    assert_eq!(ended.phase, "Inconclusive");
    let pod = format!("Pod {}.stuck.1-", world.run.metadata.uid);
    let rest = ended.message.strip_prefix(&pod).unwrap_or_else(|| panic!("{}", ended.message));
    assert_eq!(&rest[5..], ", container check has terminal error (ErrImagePull): image not found\n");
    // It is there to be looked at, also when the run ends.
    let status: AnalysisRunStatus = serde_json::from_value(json!({
        "metricResults": [{"name": "stuck", "measurements": [ended]}],
    }))
    .expect("a status");
    world.providers.end_jobs(&world.run, &status).await.expect("it can be ended");
    assert_eq!(world.jobs().await, ["late.1", "stuck.1"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_made_and_forgotten_is_taken_over() {
    let world = World::new(json!([metric("m", "sleep 5"), metric("other", "sleep 5")])).await;
    let first = world.begin("m").await;
    world.sleep(3).await;
    let second = world.begin("m").await;
    assert_eq!((&second.phase, &second.metadata), (&first.phase, &first.metadata));
    assert_eq!(world.jobs().await, ["m.1"]);
    assert_eq!(world.until_ended("m", second).await.0.phase, "Successful");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_of_that_name_is_an_error() {
    let world = World::new(json!([metric("m", "sleep 5")])).await;
    let name = format!("{}.m.1", world.run.metadata.uid);
    let mut stranger = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}});
    stranger["spec"] = metric("m", "true")["provider"]["job"]["spec"].clone();
    world.rest.create::<Value>(&resource::JOBS, "default", &stranger).await.expect("it is valid");
    let refused = world.begin("m").await;
    assert_eq!(refused.phase, "Error");
    assert_eq!(refused.message, format!("jobs.batch \"{name}\" already exists"));
    assert!(refused.finished_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_is_none_is_an_error_in_the_servers_words() {
    let mut bad = metric("m", "true");
    bad["provider"]["job"]["spec"]["template"]["spec"]["restartPolicy"] = json!("Always");
    let refused = World::new(json!([bad])).await.begin("m").await;
    assert_eq!(refused.phase, "Error");
    assert!(refused.message.contains("spec.template.spec.restartPolicy"), "{}", refused.message);
}

#[tokio::test(start_paused = true)]
async fn what_is_terminated_goes_with_its_pods() {
    let world = World::new(json!([metric("m", "sleep 600")])).await;
    let begun = world.begin("m").await;
    world.sleep(5).await;
    let ended = world.ask("m", Ask::Terminate, Some(begun.clone())).await;
    assert_eq!((ended.phase.as_str(), ended.finished_at.is_some()), ("Inconclusive", true));
    assert_eq!(ended.metadata, begun.metadata);
    world.sleep(5).await;
    assert_eq!(world.jobs().await, [""; 0]);
    let pods = world.rest.list::<Value>(&resource::PODS, None, &Query::default()).await.expect("a list");
    assert_eq!(pods.items, [] as [Value; 0]);
    // It is gone: once more is no error, but nobody can tell any more how it ended.
    let again = world.ask("m", Ask::Terminate, Some(begun.clone())).await;
    assert_eq!(again.phase, "Inconclusive");
    let lost = world.ask("m", Ask::Resume, Some(begun.clone())).await;
    let name = &begun.metadata["job-name"];
    assert_eq!((lost.phase.as_str(), lost.message), ("Error", format!("jobs.batch \"{name}\" not found")));
    for ask in [Ask::Resume, Ask::Terminate] {
        let nameless = Measurement { metadata: Default::default(), ..begun.clone() };
        let lost = world.ask("m", ask, Some(nameless)).await;
        assert_eq!((lost.phase.as_str(), lost.message.as_str()), ("Error", "job metadata reference missing"));
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_is_that_of_one_metric() {
    let mut world = World::new(json!([metric("a", "exit 0"), metric("b", "exit 0")])).await;
    for count in 0..4 {
        for name in ["a", "b"] {
            world.count(name, count);
            world.begin(name).await;
        }
    }
    world.sleep(10).await;
    world.providers.collect_garbage(&world.run, "a", 2).await.expect("it can be collected");
    world.sleep(10).await;
    let jobs = world.jobs().await;
    assert_eq!(jobs.iter().filter(|name| name.starts_with("a.")).collect::<Vec<_>>(), ["a.3", "a.4"]);
    assert_eq!(jobs.iter().filter(|name| name.starts_with("b.")).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_leaves_no_job_running() {
    let mut world =
        World::new(json!([metric("lost", "sleep 600"), metric("error", "sleep 600"), metric("done", "exit 0")])).await;
    let lost = world.begin("lost").await;
    assert_eq!(lost.phase, "Running");
    let named = world.begin("error").await;
    world.begin("done").await;
    world.sleep(10).await;
    let error = Measurement { phase: "Error".to_owned(), ..named };
    let status = json!({"metricResults": [{"name": "error", "measurements": [error]}]});
    world.run.status = serde_json::from_value(status).expect("a status");
    let status = world.run.status.clone();
    world.providers.end_jobs(&world.run, &status).await.expect("they can be ended");
    world.sleep(10).await;
    assert_eq!(world.jobs().await, ["done.1"]);
}

#[tokio::test(start_paused = true)]
async fn jobs_may_have_a_namespace_of_their_own() {
    let world = World::with(json!([metric("m", "sleep 5")]), |jobs| jobs.in_namespace("jobs")).await;
    let refused = world.begin("m").await;
    assert_eq!((refused.phase.as_str(), refused.message.as_str()), ("Error", "namespaces \"jobs\" not found"));
    world.server.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "jobs"}})).expect("valid");
    let begun = world.begin("m").await;
    assert_eq!(begun.metadata["job-namespace"], "jobs");
    let job: Job = world.rest.get(&resource::JOBS, "jobs", &begun.metadata["job-name"]).await.expect("it is there");
    // It cannot be owned from another namespace, and is found by what it says.
    assert_eq!(job.metadata.owner_references, []);
    let of = job.of().expect("it is a measurement");
    assert_eq!((&*of.run.namespace, &*of.run.name, of.metric.as_str()), ("default", "run", "m"));
    assert_eq!(world.begin("m").await.metadata, begun.metadata);
    assert_eq!(world.until_ended("m", begun).await.0.phase, "Successful");
    world.providers.collect_garbage(&world.run, "m", 0).await.expect("it can be collected");
    world.sleep(5).await;
    assert_eq!(world.jobs().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn another_clusters_jobs_have_no_owner() {
    let world = World::with(json!([metric("m", "sleep 5")]), |jobs| {
        let rest = jobs.rest().clone();
        jobs.in_cluster_of(rest)
    })
    .await;
    world.begin("m").await;
    assert_eq!(world.job("m.1").await["metadata"].get("ownerReferences"), None);
}

#[tokio::test(start_paused = true)]
async fn trouble_that_passes_is_waited_out() {
    let world = World::new(json!([metric("m", "sleep 5")])).await;
    // The answers to some requests get lost, though they were carried out.
    let (lost, lines) = (Arc::new(AtomicU32::new(2)), Arc::new(Mutex::new(Vec::new())));
    let (service, left, seen) = (world.server.service(), Arc::clone(&lost), Arc::clone(&lines));
    let flaky = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let path = request.uri().path().replace("/namespaces/default", "");
        seen.lock().expect("not poisoned").push(format!("{} {path}", request.method()));
        let drop_it = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        let answer = tower::ServiceExt::oneshot(service.clone(), request);
        async move {
            let answer = answer.await;
            if drop_it { Err(std::io::Error::other("connection reset")) } else { Ok(answer.expect("infallible")) }
        }
    });
    let rest = Rest::new(from_service(flaky));
    let providers = providers(&world.rest, &world.clock, Jobs::new(rest));
    let task = |ask, measurement| Task { index: 0, metric: "m".to_owned(), ask, measurement };
    let begun = measured(providers.answer(&world.run, &task(Ask::Run, None)).await);
    assert_eq!(begun.phase, "Running", "{}", begun.message);
    let name = &begun.metadata["job-name"];
    let job = format!("/apis/batch/v1/jobs/{name}");
    let post = "POST /apis/batch/v1/jobs";
    assert_eq!(*lines.lock().expect("not poisoned"), [post, post, post, &format!("GET {job}")]);
    assert_eq!(world.jobs().await, ["m.1"]);

    lost.store(1, Ordering::SeqCst);
    let unknown = measured(providers.answer(&world.run, &task(Ask::Resume, Some(begun.clone()))).await);
    assert_eq!((unknown.phase.as_str(), unknown.finished_at), ("Running", None));
    assert_eq!(unknown.message, "cannot look at the Job: connection reset");
    let known = measured(providers.answer(&world.run, &task(Ask::Resume, Some(unknown))).await);
    assert_eq!((known.phase.as_str(), known.message.as_str()), ("Running", ""));

    lost.store(100, Ordering::SeqCst);
    let error = measured(providers.answer(&world.run, &task(Ask::Terminate, Some(known))).await);
    assert_eq!((error.phase.as_str(), error.message.as_str()), ("Error", "connection reset"));
}

#[tokio::test(start_paused = true)]
async fn conditions_of_a_suspended_job_are_no_end() {
    let world = World::new(json!([metric("m", "sleep 5")])).await;
    let begun = world.begin("m").await;
    let (name, patch) = (&begun.metadata["job-name"], json!({"spec": {"suspend": true}}));
    let patched = world.rest.patch::<Value>(&resource::JOBS, "default", name, None, PatchKind::Merge, &patch).await;
    patched.expect("it can be suspended");
    world.sleep(60).await;
    let seen = world.ask("m", Ask::Resume, Some(begun)).await;
    assert_eq!((seen.phase.as_str(), seen.finished_at), ("Running", None));
    // Looked at the seldomer, the longer it takes: after 60 s in 10 s.
    let pause = seen.resume_at.expect("it goes on").timestamp().duration_since(world.clock.now());
    assert!((9..=10).contains(&pause.as_secs()), "{pause}");
}

#[tokio::test]
async fn without_a_cluster_there_are_no_jobs() {
    let bench = Bench::new([]);
    let outcome = bench.measure(metric("m", "true")).await;
    assert_eq!(outcome.measurement.message, "this controller has no cluster to run Jobs in");
}

#[tokio::test]
async fn the_environment_says_where_jobs_run() {
    let service = tower::service_fn(|_: http::Request<kube::client::Body>| async {
        Ok::<_, Infallible>(http::Response::new(String::new()))
    });
    let rest = Rest::new(from_service(service));
    let from = |pairs: &[(&str, &str)]| {
        let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Jobs::from_variables(rest.clone(), &variables)
    };
    assert_eq!(from(&[]).expect("nothing to read").namespace(), None);
    let jobs = from(&[("ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE", "jobs"), ("ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG", "")]);
    assert_eq!(jobs.expect("nothing to read").namespace(), Some("jobs"));
    let kubeconfig = |value| from(&[("ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG", value)]);
    let error = |value| kubeconfig(value).expect_err("there is none").to_string();
    let missing = error("/nonexistent/kubeconfig");
    assert!(missing.starts_with("kubeconfig /nonexistent/kubeconfig: "), "{missing}");
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_none() {
        let outside = error("in-cluster");
        assert!(outside.starts_with("in-cluster configuration: "), "{outside}");
    }
    let file = std::env::temp_dir().join(format!("rollouts-job-{}", std::process::id()));
    let cluster = json!({"name": "c", "cluster": {"server": "http://127.0.0.1:1"}});
    let context = json!({"name": "c", "context": {"cluster": "c", "user": ""}});
    let config = json!({"clusters": [cluster], "contexts": [context], "current-context": "c"});
    std::fs::write(&file, config.to_string()).expect("the directory for temporary files is there");
    let jobs = kubeconfig(file.to_str().expect("UTF-8")).expect("it is a kubeconfig");
    assert_eq!(format!("{jobs:?}"), "Jobs { namespace: None, elsewhere: true }");
    std::fs::remove_file(&file).expect("it was there");
}

#[tokio::test]
async fn a_secret_in_a_metrics_name_goes_nowhere() {
    let secrets = FakeSecrets::default().with("default", "s", &[("k", "sesame")]);
    let mut bench = Bench::with_secrets([], secrets);
    let spec = json!({
        "args": [{"name": "a", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "metrics": [{"name": "{{args.a}}"}],
    });
    bench.run.spec = serde_json::from_value(spec).expect("a spec");
    let task = Task { index: 0, metric: "temp-for-secret".to_owned(), ask: Ask::Run, measurement: None };
    let measurement = measured(bench.providers.answer(&bench.run, &task).await);
    assert_eq!(measurement.message, "no valid provider in metric 'temp-for-secret'");
}

#[tokio::test(start_paused = true)]
async fn how_a_job_ended_that_is_gone_is_known() {
    let world =
        World::new(json!([metric("good", "exit 0"), metric("bad", "exit 1"), metric("lost", "sleep 600")])).await;
    let jobs = world.providers.tools().jobs.clone().expect("a cluster to run Jobs in");
    for (metric, phase) in [("good", "Successful"), ("bad", "Failed"), ("lost", "Error")] {
        let begun = world.begin(metric).await;
        world.sleep(10).await;
        let name = &begun.metadata["job-name"];
        let last: Job = world.rest.get(&resource::JOBS, "default", name).await.expect("it is there");
        world.rest.delete(&resource::JOBS, "default", name, &Delete::default()).await.expect("it is there");
        // Whoever watches learns it a moment after the server has forgotten the Job.
        let watching = jobs.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            watching.went(&last);
        });
        let ended = world.ask(metric, Ask::Resume, Some(begun)).await;
        assert_eq!((ended.phase.as_str(), ended.finished_at.is_some()), (phase, true), "{}", ended.message);
    }
}

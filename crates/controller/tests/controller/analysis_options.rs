//! What a controller is told about analyses, down to doing nothing else, and what it tells of them to Prometheus.

use crate::analysis::{Source, analysis, metric};
use crate::connection::{Judge, judged};
use crate::objects::{namespace, template, web};
use crate::world::{World, seconds};
use http::Method;
use rollouts_controller::metrics::Text;
use rollouts_controller::{Controllers, Election, Monitor, Options};
use rollouts_kube::resource::{ANALYSIS_RUNS, ANALYSIS_TEMPLATES, EXPERIMENTS, LEASES, REPLICA_SETS, ROLLOUTS};
use rollouts_kube::rest::Query;
use serde_json::{Value, json};

/// The numbers that are scraped, without what is said about them.
fn scrape(monitor: &Monitor) -> Vec<String> {
    let mut text = Text::default();
    monitor.write_metrics(&mut text);
    text.finish().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn alone(source: &Source) -> impl FnOnce(&mut Options) {
    let source = source.clone();
    move |options| {
        source.options(options);
        options.controllers = Controllers::Analysis;
    }
}

#[tokio::test(start_paused = true)]
async fn where_only_runs_are_looked_after_nothing_else_is_watched() {
    let (world, source, judge, monitor) = (World::start(), Source::default(), Judge::default(), Monitor::default());
    let window = monitor.clone();
    let controller = world.controller_through(judged(&world.server, judge.judge()), |options| {
        alone(&source)(options);
        options.monitor = window;
    });
    world.create(&ROLLOUTS, web(json!({ "canary": {} }))).await;
    world.create(&ANALYSIS_TEMPLATES, analysis("AnalysisTemplate", "looks", &metric("m"))).await;
    world.create(&ANALYSIS_RUNS, analysis("AnalysisRun", "mine", &metric("m"))).await;
    seconds(30).await;
    assert_eq!(world.get(&ANALYSIS_RUNS, "mine").await["status"]["phase"], "Successful");
    assert!(world.list(&REPLICA_SETS).await.is_empty());
    assert!(world.rollout("web").await["status"].is_null());
    assert_eq!(monitor.readiness(), Ok(()));

    let mine = ["/analysisruns", "/analysistemplates", "/clusteranalysistemplates", "/jobs", "/events"];
    let strange = |_: &Method, path: &str| !mine.iter().any(|part| path.contains(part));
    assert_eq!(judge.count(strange), 0);
    let numbers = scrape(&monitor);
    assert!(numbers.contains(&r#"analysis_run_info{namespace="default",name="mine",phase="Successful"} 1"#.to_owned()));
    assert!(!numbers.iter().any(|line| line.starts_with("rollout")), "{numbers:#?}");
    assert_eq!(monitor.queues().iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["AnalysisRuns"]);
    controller.stop();
    controller.task.await.unwrap();
}

/// A controller of everything, which may be there too, keeps it from nothing, and neither the other way round.
#[tokio::test(start_paused = true)]
async fn controllers_of_runs_alone_have_a_lease_of_their_own() {
    let (world, source) = (World::start(), Source::default());
    world.server.create(namespace("argo-rollouts")).unwrap();
    let election = |name: &str| Election::new(world.rest.client().clone(), "argo-rollouts", Some("blue"), name);
    let blue = |options: &mut Options| options.instance_id = Some("blue".into());
    let _all = world.controller_with(|options| {
        blue(options);
        options.election = Some(election("all"));
    });
    let _alone = world.controller_with(|options| {
        blue(options);
        alone(&source)(options);
        options.election = Some(election("alone").of_analysis_alone());
    });
    seconds(5).await;
    let leases = world.rest.list::<Value>(&LEASES, Some("argo-rollouts"), &Query::default()).await.unwrap().items;
    let held = |lease: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&lease["metadata"]["name"]), text(&lease["spec"]["holderIdentity"]))
    };
    let expected =
        [("argo-rollouts-controller-lock-blue", "all"), ("argo-rollouts-controller-lock-blue-analysis", "alone")];
    assert_eq!(leases.iter().map(held).collect::<Vec<_>>(), expected.map(|(l, h)| (l.to_owned(), h.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn numbers_live_a_little_longer_than_what_they_are_of() {
    let (world, source, monitor) = (World::start(), Source::default(), Monitor::default());
    let window = monitor.clone();
    world.controller_with(|options| {
        source.options(options);
        options.monitor = window;
    });
    world.create(&ANALYSIS_TEMPLATES, analysis("AnalysisTemplate", "looks", &metric("m"))).await;
    world.create(&ANALYSIS_RUNS, analysis("AnalysisRun", "mine", &metric("m"))).await;
    let pods = json!({
        "name": "pods", "selector": { "matchLabels": { "app": "try" } }, "template": template("try", "shop/web:1"),
    });
    let experiment = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Experiment",
        "metadata": { "name": "mine" },
        "spec": { "templates": [pods] },
    });
    world.create(&EXPERIMENTS, experiment).await;
    seconds(5).await;
    let of = r#"namespace="default",name="mine""#;
    let has = |line: &str| scrape(&monitor).iter().any(|known| known.starts_with(line));
    let present = [
        format!(r#"analysis_run_info{{{of},phase="Successful"}} 1"#),
        format!(r#"analysis_run_metric_phase{{{of},metric="m",type="Web",dry_run="false",phase="Successful"}} 1"#),
        r#"analysis_template_metric_info{namespace="default",name="looks",type="Web",metric="m"} 1"#.to_owned(),
        format!(r#"experiment_info{{{of},phase="Running"}} 1"#),
    ];
    let counted = ["analysis_run", "experiment"].map(|kind| format!("{kind}_reconcile_count{{{of}}}"));
    assert!(present.iter().chain(&counted).all(|line| has(line)), "{:#?}", scrape(&monitor));
    world.delete(&ANALYSIS_RUNS, "mine").await;
    world.delete(&EXPERIMENTS, "mine").await;
    world.delete(&ANALYSIS_TEMPLATES, "looks").await;
    seconds(5).await;
    assert!(!present.iter().any(|line| has(line)), "{:#?}", scrape(&monitor));
    assert!(counted.iter().all(|line| has(line)), "one more scrape sees what was counted");
    seconds(65).await;
    assert!(!counted.iter().any(|line| has(line)));
}

/// A status in which both limits are passed: one of the Go controller's that waited for a write, say.
#[tokio::test(start_paused = true)]
async fn beyond_both_limits_the_worse_finding_counts_unless_told_otherwise() {
    for (inconclusive_over_failed, phase) in [(false, "Failed"), (true, "Inconclusive")] {
        let (world, source) = (World::start(), Source::default());
        let mut run = analysis("AnalysisRun", "mine", &metric("m"));
        run["spec"]["metrics"][0]["interval"] = "1h".into();
        run["status"] = json!({
            "phase": "Running",
            "startedAt": "2026-01-01T00:00:00Z",
            "metricResults": [{
                "name": "m", "phase": "Running", "count": 2, "failed": 1, "inconclusive": 1,
                "measurements": [{ "phase": "Failed", "finishedAt": "2026-01-01T00:00:00Z" }],
            }],
        });
        world.create(&ANALYSIS_RUNS, run).await;
        world.controller_with(|options| {
            source.options(options);
            options.measuring.inconclusive_over_failed = inconclusive_over_failed;
        });
        seconds(5).await;
        assert_eq!(world.get(&ANALYSIS_RUNS, "mine").await["status"]["phase"], phase);
    }
}

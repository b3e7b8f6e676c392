//! What Rollouts leave behind, and who cannot be read, when the API server does not answer as one would wish.

use crate::connection::{Judge, Verdict};
use crate::objects::{deployment, pods, rollout, service, taking_over};
use crate::world::{World, seconds};
use http::Method;
use rollouts_api::names;
use rollouts_kube::resource::{DEPLOYMENTS, ROLLOUTS, SERVICES};
use rollouts_testing::Lines;
use serde_json::{Value, json};
use std::time::Duration;

/// The Rollout `shop` with the Service `live`.
async fn create_shop(world: &World) {
    world.create(&SERVICES, service("live", "shop")).await;
    let mut spec = pods("shop", 2);
    spec["strategy"] = json!({ "blueGreen": { "activeService": "live" } });
    world.create(&ROLLOUTS, rollout("shop", &spec)).await;
}

/// The Rollout `web`, which takes over from the Deployment `old`.
async fn create_web(world: &World) {
    world.create(&DEPLOYMENTS, deployment("old", "web", 2)).await;
    world.create(&ROLLOUTS, taking_over("web", "old")).await;
}

/// Both, with a controller that has looked after them.
async fn looked_after() -> (World, Judge) {
    let (world, judge) = (World::start(), Judge::default());
    create_web(&world).await;
    create_shop(&world).await;
    world.controller_judged(judge.judge());
    seconds(60).await;
    (world, judge)
}

/// Makes the Rollout `shop` one that cannot be read, or readable again.
async fn set_readable(world: &World, is_readable: bool) {
    let seconds = if is_readable { 0 } else { 3_000_000_000_i64 };
    world.patch(&ROLLOUTS, "shop", json!({ "spec": { "minReadySeconds": seconds } })).await;
}

/// Whether the Deployment is owed something.
async fn is_marked(world: &World, deployment: &str) -> bool {
    let deployment = world.get(&DEPLOYMENTS, deployment).await;
    deployment["metadata"]["labels"][names::SCALED_DOWN_BY].is_string()
}

fn writes(what: &'static str) -> impl Fn(&Method, &str) -> bool {
    move |method, path| method == "PATCH" && path.contains(what)
}

#[tokio::test(start_paused = true)]
async fn an_outage_ends_also_when_a_lost_answer_was_the_last_thing_to_do() {
    let (world, judge) = looked_after().await;
    let lines = Lines::listen();
    for (rollout, write) in [("web", "/deployments/"), ("shop", "/services/")] {
        lines.take();
        judge.rules(writes(write), Verdict::Lose);
        world.delete(&ROLLOUTS, rollout).await;
        seconds(5).await;
        judge.retires();
        seconds(60).await;
        let lines = lines.take();
        let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        assert_eq!((count("lost touch"), count("back in touch")), (1, 1), "{write}: {lines:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_done_is_told_when_it_is_done() {
    let (world, judge) = looked_after().await;
    let lines = Lines::listen();
    judge.rules(|method, _| method != "GET", Verdict::FORBID);
    world.delete(&ROLLOUTS, "web").await;
    world.delete(&ROLLOUTS, "shop").await;
    seconds(60).await;
    let told = |lines: &[String]| -> Vec<usize> {
        let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        vec![count("Its Rollout is gone"), count("No Rollout refers to the Service")]
    };
    assert_eq!(told(&lines.take()), [0, 0]);
    judge.retires();
    seconds(3600).await;
    let lines = lines.take();
    assert_eq!(told(&lines), [1, 1], "{lines:#?}");
}

/// A start does not wait for ever for the Deployments that are owed something.
#[tokio::test(start_paused = true)]
async fn a_debt_that_comes_into_sight_late_is_settled_by_the_rollout_that_lives() {
    let (world, judge) = (World::start(), Judge::default());
    create_web(&world).await;
    world.create(&DEPLOYMENTS, deployment("other", "web", 2)).await;
    let first = world.controller_judged(judge.judge());
    seconds(60).await;
    assert!(is_marked(&world, "old").await);
    first.stop();
    seconds(5).await;
    let other = json!({ "spec": { "workloadRef": { "name": "other" } } });
    world.patch(&ROLLOUTS, "web", other).await;
    let marked = |method: &Method, path: &str| method == "GET" && path.contains("scaled-down-by");
    judge.rules(marked, Verdict::Delay(Duration::from_secs(40)));
    world.controller_judged(judge.judge());
    seconds(30).await;
    assert!(is_marked(&world, "old").await, "out of sight");
    judge.retires();
    seconds(60).await;
    assert!(!is_marked(&world, "old").await);
}

#[tokio::test(start_paused = true)]
async fn the_pods_of_an_indebted_deployment_cause_no_lists() {
    let (world, judge) = (World::start(), Judge::default());
    create_web(&world).await;
    let first = world.controller_judged(judge.judge());
    seconds(60).await;
    first.stop();
    // It is somebody else's now, as far as this one can see.
    let instance = json!({ "metadata": { "labels": { names::INSTANCE_ID: "blue" } } });
    world.patch(&ROLLOUTS, "web", instance).await;
    world.controller_judged(judge.judge());
    seconds(60).await;
    let lists = || judge.count(|method, path| method == "GET" && path.ends_with("/rollouts"));
    let before = lists();
    for n in 0..5 {
        let conditions = json!([{ "type": "Progressing", "status": "True", "reason": format!("Step{n}") }]);
        world.patch_status(&DEPLOYMENTS, "old", json!({ "conditions": conditions })).await;
        seconds(1).await;
    }
    assert_eq!(lists(), before);
}

/// It may need it, and nobody knows better.
#[tokio::test(start_paused = true)]
async fn the_service_of_a_rollout_that_cannot_be_read_stays_as_it_is() {
    let world = World::start();
    create_shop(&world).await;
    let first = world.controller();
    seconds(60).await;
    let selects = || async {
        let service = world.get(&SERVICES, "live").await;
        service["spec"]["selector"]["rollouts-pod-template-hash"].is_string()
    };
    set_readable(&world, false).await;
    seconds(60).await;
    assert!(selects().await);
    first.stop();
    // Seen by nothing but the live request, too.
    for (instance, change) in [
        (Some("blue".to_string()), json!({ "labels": { "a": "b" } })),
        // Whose it is need not be written there.
        (None, json!({ "annotations": { names::MANAGED_BY_ROLLOUTS: null } })),
    ] {
        let controller = world.controller_with(|options| options.instance_id = instance);
        seconds(60).await;
        assert!(selects().await);
        world.patch(&SERVICES, "live", json!({ "metadata": change })).await;
        seconds(60).await;
        assert!(selects().await);
        controller.stop();
    }
    world.controller();
    seconds(5).await;
    world.delete(&ROLLOUTS, "shop").await;
    seconds(60).await;
    assert!(!selects().await, "it is gone");
}

fn conditions(ro: &Value) -> Vec<String> {
    let conditions = ro["status"]["conditions"].as_array().into_iter().flatten();
    conditions.map(|c| c["type"].as_str().unwrap().to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_cannot_be_read_keeps_its_conditions_and_is_told_once() {
    let world = World::start();
    create_shop(&world).await;
    let first = world.controller();
    seconds(60).await;
    let before = conditions(&world.rollout("shop").await);
    assert!(before.contains(&"Healthy".to_string()), "{before:?}");
    set_readable(&world, false).await;
    seconds(60).await;
    let broken = world.rollout("shop").await;
    assert_eq!(broken["status"]["phase"], "Degraded");
    assert_eq!(conditions(&broken), [before.clone(), vec!["InvalidSpec".into()]].concat());
    first.stop();
    seconds(5).await;
    let again = world.controller();
    seconds(60).await;
    let same = world.rollout("shop").await;
    assert_eq!(same["metadata"]["resourceVersion"], broken["metadata"]["resourceVersion"]);
    again.stop();
    world.controller();
    set_readable(&world, true).await;
    seconds(60).await;
    let repaired = world.rollout("shop").await;
    assert_eq!(repaired["status"]["phase"], "Healthy");
    assert!(!conditions(&repaired).contains(&"InvalidSpec".to_string()));
}

//! What Rollouts leave behind, and who cannot be read, when the API server does not answer as one would wish: against
//! the embedded API server and its actors, under paused time.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod world;

use rollouts_api::names;
use rollouts_kube::resource;
use serde_json::{Value, json};
use std::time::Duration;
use world::{Verdict, World, blue_green, deployment, seconds, taking_over};

fn writes(what: &'static str) -> impl Fn(&str, &str) -> bool {
    move |method, path| method == "PATCH" && path.contains(what)
}

#[tokio::test(start_paused = true)]
async fn an_outage_ends_also_when_a_lost_answer_was_the_last_thing_to_do() {
    let world = World::start().await;
    world.create(&resource::DEPLOYMENTS, deployment("old", 2)).await;
    world.create(&resource::SERVICES, world::service("live")).await;
    world.create(&resource::ROLLOUTS, taking_over("web", "old")).await;
    world.create(&resource::ROLLOUTS, blue_green("shop")).await;
    world.controller();
    seconds(60).await;
    for (rollout, write) in [("web", "/deployments/"), ("shop", "/services/")] {
        world.lines.take();
        world.judge(writes(write), Verdict::Lose);
        world.delete(&resource::ROLLOUTS, rollout).await;
        seconds(5).await;
        world.judge(|_, _| false, Verdict::Lose);
        seconds(60).await;
        let lines = world.lines.take();
        let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        assert_eq!((count("lost touch"), count("back in touch")), (1, 1), "{write}: {lines:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_done_is_told_when_it_is_done() {
    let world = World::start().await;
    world.create(&resource::DEPLOYMENTS, deployment("old", 2)).await;
    world.create(&resource::SERVICES, world::service("live")).await;
    world.create(&resource::ROLLOUTS, taking_over("web", "old")).await;
    world.create(&resource::ROLLOUTS, blue_green("shop")).await;
    world.controller();
    seconds(60).await;
    world.judge(|method, _| method != "GET", Verdict::Forbid);
    world.delete(&resource::ROLLOUTS, "web").await;
    world.delete(&resource::ROLLOUTS, "shop").await;
    seconds(60).await;
    let told = |lines: &[String]| -> Vec<usize> {
        let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        vec![count("Its Rollout is gone"), count("No Rollout refers to the Service")]
    };
    assert_eq!(told(&world.lines.take()), [0, 0]);
    world.judge(|_, _| false, Verdict::Forbid);
    seconds(3600).await;
    let lines = world.lines.take();
    assert_eq!(told(&lines), [1, 1], "{lines:#?}");
}

/// A start does not wait for ever for the Deployments that are owed something.
#[tokio::test(start_paused = true)]
async fn a_debt_that_comes_into_sight_late_is_settled_by_the_rollout_that_lives() {
    let world = World::start().await;
    world.create(&resource::DEPLOYMENTS, deployment("old", 2)).await;
    world.create(&resource::DEPLOYMENTS, deployment("other", 2)).await;
    world.create(&resource::ROLLOUTS, taking_over("web", "old")).await;
    let first = world.controller();
    seconds(60).await;
    assert!(world.is_marked("old").await);
    first.cancel();
    seconds(5).await;
    let other = json!({ "spec": { "workloadRef": { "name": "other" } } });
    world.patch(&resource::ROLLOUTS, "web", other).await;
    let marked = |method: &str, path: &str| method == "GET" && path.contains("scaled-down-by");
    world.judge(marked, Verdict::Delay(Duration::from_secs(40)));
    world.controller();
    seconds(30).await;
    assert!(world.is_marked("old").await, "out of sight");
    world.judge(|_, _| false, Verdict::Lose);
    seconds(60).await;
    assert!(!world.is_marked("old").await);
}

#[tokio::test(start_paused = true)]
async fn the_pods_of_an_indebted_deployment_cause_no_lists() {
    let world = World::start().await;
    world.create(&resource::DEPLOYMENTS, deployment("old", 2)).await;
    world.create(&resource::ROLLOUTS, taking_over("web", "old")).await;
    let first = world.controller();
    seconds(60).await;
    first.cancel();
    // It is somebody else's now, as far as this one can see.
    let instance = json!({ "metadata": { "labels": { names::INSTANCE_ID: "blue" } } });
    world.patch(&resource::ROLLOUTS, "web", instance).await;
    world.controller();
    seconds(60).await;
    let lists = || world.count(|method, path| method == "GET" && path.ends_with("/rollouts"));
    let before = lists();
    for n in 0..5 {
        let conditions = json!([{ "type": "Progressing", "status": "True", "reason": format!("Step{n}") }]);
        world.patch_status(&resource::DEPLOYMENTS, "old", json!({ "conditions": conditions })).await;
        seconds(1).await;
    }
    assert_eq!(lists(), before);
}

/// It may need it, and nobody knows better.
#[tokio::test(start_paused = true)]
async fn the_service_of_a_rollout_that_cannot_be_read_stays_as_it_is() {
    let world = World::start().await;
    world.create(&resource::SERVICES, world::service("live")).await;
    world.create(&resource::ROLLOUTS, blue_green("shop")).await;
    let first = world.controller();
    seconds(60).await;
    let selects = || async {
        let service = world.get(&resource::SERVICES, "live").await;
        service["spec"]["selector"]["rollouts-pod-template-hash"].is_string()
    };
    world.patch(&resource::ROLLOUTS, "shop", json!({ "spec": { "minReadySeconds": 3_000_000_000_i64 } })).await;
    seconds(60).await;
    assert!(selects().await);
    first.cancel();
    // Seen by nothing but the live request, too.
    for (instance, change) in [
        (Some("blue".to_string()), json!({ "labels": { "a": "b" } })),
        // Whose it is need not be written there.
        (None, json!({ "annotations": { names::MANAGED_BY_ROLLOUTS: null } })),
    ] {
        let controller = world.controller_of(instance);
        seconds(60).await;
        assert!(selects().await);
        world.patch(&resource::SERVICES, "live", json!({ "metadata": change })).await;
        seconds(60).await;
        assert!(selects().await);
        controller.cancel();
    }
    world.controller();
    seconds(5).await;
    world.delete(&resource::ROLLOUTS, "shop").await;
    seconds(60).await;
    assert!(!selects().await, "it is gone");
}

fn conditions(ro: &Value) -> Vec<String> {
    let conditions = ro["status"]["conditions"].as_array().into_iter().flatten();
    conditions.map(|c| c["type"].as_str().unwrap().to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_cannot_be_read_keeps_its_conditions_and_is_told_once() {
    let world = World::start().await;
    world.create(&resource::SERVICES, world::service("live")).await;
    world.create(&resource::ROLLOUTS, blue_green("shop")).await;
    let first = world.controller();
    seconds(60).await;
    let before = conditions(&world.get(&resource::ROLLOUTS, "shop").await);
    assert!(before.contains(&"Healthy".to_string()), "{before:?}");
    world.patch(&resource::ROLLOUTS, "shop", json!({ "spec": { "minReadySeconds": 3_000_000_000_i64 } })).await;
    seconds(60).await;
    let broken = world.get(&resource::ROLLOUTS, "shop").await;
    assert_eq!(broken["status"]["phase"], "Degraded");
    assert_eq!(conditions(&broken), [before.clone(), vec!["InvalidSpec".into()]].concat());
    first.cancel();
    seconds(5).await;
    let again = world.controller();
    seconds(60).await;
    let same = world.get(&resource::ROLLOUTS, "shop").await;
    assert_eq!(same["metadata"]["resourceVersion"], broken["metadata"]["resourceVersion"]);
    again.cancel();
    world.controller();
    world.patch(&resource::ROLLOUTS, "shop", json!({ "spec": { "minReadySeconds": 0 } })).await;
    seconds(60).await;
    let repaired = world.get(&resource::ROLLOUTS, "shop").await;
    assert_eq!(repaired["status"]["phase"], "Healthy");
    assert!(!conditions(&repaired).contains(&"InvalidSpec".to_string()));
}

//! What `explain` says the controller makes of a Rollout is what the controller makes of it.
//!
//! Recorded scenarios are played to one of their resting points. There the plan of the objects as the API server has them
//! must be the last one that the controller has logged; and when nobody looks after the Rollout for a while and a user
//! changes it, it must be the first one that the next controller logs.

use rollouts_api::{Rollout, names};
use rollouts_kube::rest::PatchKind;
use rollouts_kube::{Rest, resource};
use rollouts_sim::cluster::Cluster;
use rollouts_sim::golden::Golden;
use rollouts_sim::lives::Birth;
use rollouts_sim::scenario::{Scenario, play_in};
use rollouts_sim::virtual_time;
use rollouts_snapshots::{Live, take};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::{Arc, Once};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Ear;

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All threads share one subscriber; each hears its own lines.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_writer(|| Ear)
            .without_time()
            .with_ansi(false)
            .with_env_filter(EnvFilter::new("rollouts_controller=trace"))
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("the only one");
    });
}

/// The plans for a Rollout that were logged on this thread since the last call, oldest first.
fn logged(rollout: &str) -> Vec<String> {
    let text = String::from_utf8(LOG.take()).expect("text");
    let mut plans = Vec::new();
    for event in text.split("rollouts_controller::reconciler: Plan:\n").skip(1) {
        // The fields stand behind the message.
        if let Some((plan, _)) = event.split_once(&format!(" rollout={rollout}\n"))
            && !plan.contains(" rollout=")
        {
            plans.push(plan.to_owned());
        }
    }
    plans
}

/// Without what depends on the moment in which it is asked: when to try again.
fn timeless(plan: &str) -> String {
    plan.lines().filter(|line| !line.starts_with("next look at ")).map(|line| format!("{line}\n")).collect()
}

/// What the live objects make the controller do.
async fn explained(cluster: &Cluster, rollout: &Value) -> String {
    let typed = Rollout::deserialize(rollout).expect("a Rollout");
    let live = Live::read(Rest::new(cluster.client.clone()), &typed).await.expect("an answer");
    let snapshot = take(Arc::new(typed), &live).await.expect("an answer");
    assert_eq!(live.gaps(), []);
    rollouts_core::plan(&snapshot, cluster.clock.now()).to_string()
}

/// Plays a scenario, not always to its end, and compares. Says how many plans were compared.
async fn compare(scenario: &Scenario, steps: usize) -> usize {
    let mut cluster = Cluster::new(0).expect("a cluster");
    cluster.start_actors(cluster.client.clone());
    let stop = CancellationToken::new();
    let begin = cluster.controller(None);
    let client = cluster.client.clone();
    let birth =
        |stop: &CancellationToken| Birth { lease_client: client.clone(), client: client.clone(), stop: stop.clone() };
    let first = tokio::spawn(begin(birth(&stop)));
    let mut part = scenario.clone();
    part.steps.truncate(steps);
    play_in(&cluster, &part).await.expect("a scenario that can be played");
    tokio::time::sleep(Duration::from_secs(30)).await;
    let rollouts = cluster.server.list(names::GROUP, "rollouts", &scenario.name);
    let Some(rollout) = rollouts.first() else { return 0 };
    let name = rollout["metadata"]["name"].as_str().expect("a name");
    let key = format!("{}/{name}", scenario.name);
    let mut compared = 0;
    if let Some(last) = logged(&key).last() {
        assert_eq!(timeless(&explained(&cluster, rollout).await), timeless(last), "{} at rest", scenario.name);
        compared += 1;
    }
    // Nobody is there when it is changed.
    stop.cancel();
    first.await.expect("a clean end");
    logged(&key);
    let image =
        json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "example.test/next:1"}]);
    let rest = Rest::new(cluster.client.clone());
    let changed: Result<Value, _> =
        rest.patch(&resource::ROLLOUTS, &scenario.name, name, None, PatchKind::Json, &image).await;
    if changed.is_err() {
        // Its template is elsewhere.
        return compared;
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let rollout = cluster.server.get(names::GROUP, "rollouts", &scenario.name, name).expect("the Rollout");
    let before = explained(&cluster, &rollout).await;
    let stop = CancellationToken::new();
    let second = tokio::spawn(begin(birth(&stop)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.cancel();
    second.await.expect("a clean end");
    if let Some(next) = logged(&key).first() {
        assert_eq!(timeless(&before), timeless(next), "{} after a change that nobody saw", scenario.name);
        compared += 1;
    }
    compared
}

/// Compares in every `nth` recorded scenario, and says how many plans were compared.
fn compare_all(nth: usize) -> usize {
    listen();
    let mut compared = 0;
    for (i, golden) in Golden::all().expect("recordings").iter().enumerate().step_by(nth) {
        let scenario = &golden.scenario;
        // Every second one to its end, the others to somewhere in between.
        let steps = scenario.steps.len();
        let steps = if (i / nth).is_multiple_of(2) { steps } else { 1 + i % steps.max(1) };
        compared += virtual_time::block_on(compare(scenario, steps)).expect("a runtime");
        LOG.take();
    }
    compared
}

#[test]
fn explain_agrees_with_the_controller() {
    let compared = compare_all(9);
    assert!(compared > 15, "{compared}");
}

#[test]
#[ignore = "minutes"]
fn explain_agrees_with_the_controller_in_every_scenario() {
    let compared = compare_all(1);
    assert!(compared > 200, "{compared}");
}

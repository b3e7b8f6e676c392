//! The scenarios of `crates/sim/golden`, in real time on a real API server: a user sees there what was recorded, too.
//!
//! They are played side by side, each in its own namespace, with one controller. In real time pods come and go at
//! slightly different moments in every play, and a recording is one of the ways they can: what is not as recorded is
//! played again, and has to be as recorded in one of [`PLAYS_MAX`] plays. Where this controller differs from the
//! original on purpose, it has to do here what it does on the embedded API server; but the states that a Rollout passes
//! through on its way are left out then, for nobody has recorded which of them last long enough to be seen.
//!
//! `SCENARIOS=canary-,bg-metadata` in the environment chooses those whose names contain one of these words,
//! `PLAYS=1` says how often one is played, and `GOLDEN_OUT=DIR` names a place for our recordings.

use futures::future::join_all;
use rollouts_actors::foreign;
use rollouts_api::Clock;
use rollouts_cluster::{Binaries, Cluster, Options, binaries_for_tests};
use rollouts_kube::resource::CUSTOM_RESOURCE_DEFINITIONS;
use rollouts_kube::rest::Query;
use rollouts_kube::{Rest, system_clock};
use rollouts_sim::golden::Golden;
use rollouts_sim::metrics_source::MetricsSource;
use rollouts_sim::recording::Recording;
use rollouts_sim::{compare, scenario, virtual_time};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// At least from the start of one scenario to that of the next: most of the time they wait, but at first they keep the API
/// server busy. So many times as long when they are played for the second time, and so on.
const START_INTERVAL: Duration = Duration::from_millis(300);
/// How many are played at once. Events are written one after the other, and those of more would come too late; the
/// second time half as many, and so on.
const AT_ONCE_MAX: u32 = 32;
/// How long new kinds may take until they are served.
const SERVED_WITHIN: Duration = Duration::from_secs(60);
/// How often a scenario is played at most.
const PLAYS_MAX: u32 = 4;

#[test]
fn scenarios_play_as_recorded() {
    let Some(binaries) = binaries_for_tests() else { return };
    // The longest ones are the last by name.
    let chosen = Golden::all().expect("recordings").into_iter().filter(|g| is_chosen(&g.name)).rev();
    let chosen = chosen.map(expected).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(play_until_recorded(&binaries, chosen));
}

/// What should be seen: what was recorded, or what is seen under virtual time where that differs on purpose.
fn expected(golden: Golden) -> Golden {
    if golden.difference.is_none() {
        return golden;
    }
    let recording = virtual_time::block_on(scenario::play(&golden.scenario)).expect("a runtime");
    Golden { recording: recording.expect("a scenario that can be played"), ..golden }
}

/// Whether `ours` is what was expected.
fn check(golden: &Golden, ours: &Recording) -> Result<(), String> {
    let diff = match golden.difference {
        None => compare::diff(&golden.recording, ours),
        Some(_) => compare::diff(&without_ways(&golden.recording), &without_ways(ours)),
    };
    if diff.is_empty() { Ok(()) } else { Err(format!("{} is not as recorded:\n{diff}", golden.name)) }
}

/// A recording that knows how its Rollouts ended, and not how they came there.
fn without_ways(recording: &Recording) -> Recording {
    let mut recording = recording.clone();
    for (name, track) in &mut recording.tracks {
        if name.starts_with("rollouts/") {
            track.drain(..track.len().saturating_sub(1));
        }
    }
    recording
}

async fn play_until_recorded(binaries: &Binaries, mut left: Vec<Golden>) {
    let mut problems = Vec::new();
    for play in 1..=plays_max() {
        let failed = play_all(binaries, &left, play).await;
        left.retain(|golden| failed.iter().any(|(name, _)| *name == golden.name));
        problems = failed.into_iter().map(|(_, problem)| problem).collect();
        if left.is_empty() {
            break;
        }
        say(&format!("play {play}, not as recorded:\n{}", problems.join("\n")));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Gives the names of those that are not as they should be, each with what is wrong. In a new cluster: late events of
/// an earlier play would come to a namespace of the same name. The more leisurely the later the play.
async fn play_all(binaries: &Binaries, chosen: &[Golden], play_number: u32) -> Vec<(String, String)> {
    let mut cluster = Cluster::start(binaries, &Options::default()).await.expect("a cluster");
    cluster.install_crds().await.expect("custom resources");
    install_foreign(&cluster).await;
    let (clock, stop) = (system_clock(), CancellationToken::new());
    let mut controller = rollouts_controller::Options::new(clock.clone());
    // One for all: each scenario has sequences of its own in it.
    controller.measuring.http = Some(Arc::new(MetricsSource::default()));
    let controller = tokio::spawn(rollouts_controller::run(cluster.client(), controller, stop.clone()));
    let places = Semaphore::new(usize::try_from(AT_ONCE_MAX / play_number).expect("a small number").max(1));
    let mut starts = tokio::time::interval(START_INTERVAL * play_number);
    starts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let starts = Mutex::new(starts);
    let plays = chosen.iter().map(async |golden| {
        let _place = places.acquire().await;
        starts.lock().await.tick().await;
        match play(&cluster, &clock, golden).await {
            Ok(()) => None,
            Err(problem) => Some((golden.name.clone(), problem)),
        }
    });
    let failed = join_all(plays).await.into_iter().flatten().collect();
    stop.cancel();
    controller.await.expect("a controller that ends");
    assert_eq!(cluster.broken(), None);
    failed
}

/// Kinds of traffic routers, until they are served.
async fn install_foreign(cluster: &Cluster) {
    let rest = Rest::new(cluster.client());
    for definition in foreign::definitions() {
        let created: Result<Value, _> = rest.create(&CUSTOM_RESOURCE_DEFINITIONS, "", &definition).await;
        created.expect("a definition");
    }
    let end = Instant::now() + SERVED_WITHIN;
    for resource in foreign::resources() {
        while let Err(error) = rest.list::<Value>(&resource, None, &Query::default()).await {
            assert!(Instant::now() < end, "{resource} is not served: {error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn play(cluster: &Cluster, clock: &Clock, golden: &Golden) -> Result<(), String> {
    let problem = |e: &dyn std::fmt::Display| format!("{}: {e}", golden.name);
    let namespace = &golden.scenario.name;
    cluster.create_namespace(namespace).await.map_err(|e| problem(&e))?;
    let start = Instant::now();
    let ours = scenario::play_on(&cluster.client(), clock, &golden.scenario).await.map_err(|e| problem(&e))?;
    if let Some(dir) = std::env::var_os("GOLDEN_OUT") {
        let text = serde_json::to_string_pretty(&ours).expect("JSON");
        let file = Path::new(&dir).join(&golden.name).with_extension("json");
        std::fs::write(file, text).expect("a directory to write to");
        say(&format!("{:5.1} s  {}", start.elapsed().as_secs_f64(), golden.name));
    }
    check(golden, &ours)
}

fn is_chosen(name: &str) -> bool {
    let words = std::env::var("SCENARIOS").unwrap_or_default();
    words.split(',').any(|word| name.contains(word))
}

fn plays_max() -> u32 {
    std::env::var("PLAYS").ok().and_then(|n| n.parse().ok()).unwrap_or(PLAYS_MAX)
}

/// Past the capture of the test harness: a play that had to be repeated is worth a look even if all is well then.
fn say(line: &str) {
    // Whoever closes standard error does not want to know.
    let _ = writeln!(std::io::stderr(), "{line}");
}

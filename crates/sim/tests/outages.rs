//! The API server goes away, or misbehaves, in the middle of many updates: the controller recovers by itself, brings
//! every update to its end, and says so once in the log.

mod support;

#[path = "support/log.rs"]
mod log;

use log::Lines;
use rollouts_kube::client::from_service;
use rollouts_sim::cluster::Cluster;
use rollouts_sim::faults::{Faults, Odds, Weather};
use rollouts_sim::lives::{ACTORS, CONTROLLER};
use rollouts_sim::virtual_time;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

const ROLLOUTS: usize = 12;
const NAMESPACE: &str = "default";

struct World {
    cluster: Cluster,
    faults: Faults,
    lines: Lines,
}

fn rollout(n: usize) -> Value {
    let name = format!("app-{n:02}");
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": "shop/app:1"}]},
            },
            "strategy": {"canary": {"steps": [
                {"setWeight": 50}, {"pause": {"duration": 10 + n}}, {"setWeight": 100}, {"pause": {"duration": 5}},
            ]}},
        },
    })
}

impl World {
    /// Rollouts that are healthy.
    async fn start() -> World {
        let (lines, faults) = (Lines::listen(), Faults::new(0, Odds::none()));
        let mut cluster = Cluster::new(0).expect("a cluster");
        let client = |who| from_service(faults.wrap(cluster.server.service(), who, CancellationToken::new(), false));
        let (actors, controller) = (client(ACTORS), client(CONTROLLER));
        cluster.start_actors(actors);
        cluster.start_controller(controller);
        for n in 0..ROLLOUTS {
            cluster.server.create(rollout(n)).expect("a valid Rollout");
        }
        let world = World { cluster, faults, lines };
        world.healthy(1, Duration::from_secs(120)).await;
        world.lines.take();
        world
    }

    async fn update_all(&self) {
        let spec = json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "shop/app:2"}]}}}});
        for n in 0..ROLLOUTS {
            let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts/app-{n:02}");
            let body = rollouts_kube::rest::Body::patch(rollouts_kube::rest::PatchKind::Merge, &spec).expect("JSON");
            let client = &self.cluster.client;
            let _: Value =
                rollouts_kube::rest::send(client, http::Method::PATCH, &path, Some(body)).await.expect("an answer");
        }
    }

    /// Waits until every Rollout is healthy with its revision, with no pod too many or missing.
    async fn healthy(&self, revision: u64, within: Duration) {
        let end = Instant::now() + within;
        loop {
            let rollouts = self.cluster.server.list("argoproj.io", "rollouts", NAMESPACE);
            let late: Vec<String> = rollouts.iter().filter_map(|ro| unfinished(ro, revision)).collect();
            if late.is_empty() {
                break;
            }
            assert!(
                Instant::now() < end,
                "{} are not healthy, such as {}\n{:#?}",
                late.len(),
                late[0],
                self.failures()
            );
            sleep(Duration::from_secs(1)).await;
        }
        sleep(Duration::from_secs(60)).await;
        assert_eq!(self.cluster.server.list("", "pods", NAMESPACE).len(), 2 * ROLLOUTS);
        let sets = self.cluster.server.list("apps", "replicasets", NAMESPACE);
        assert_eq!(sets.len() as u64, revision * ROLLOUTS as u64);
    }

    async fn everybody(&self, weather: Weather, lasts: Duration) {
        [ACTORS, CONTROLLER].iter().for_each(|who| self.faults.weather(who, weather));
        sleep(lasts).await;
        [ACTORS, CONTROLLER].iter().for_each(|who| self.faults.weather(who, Weather::Fair));
    }

    /// What was logged about failures.
    fn failures(&self) -> Vec<String> {
        let mut lines = self.lines.take();
        lines.retain(|line| !line.starts_with("INFO") || line.contains("API server"));
        lines
    }
}

/// In words, why a Rollout is not done.
fn unfinished(ro: &Value, revision: u64) -> Option<String> {
    let status = &ro["status"];
    let observed = status["observedGeneration"].as_str().and_then(|g| g.parse().ok());
    let revisions = ro["metadata"]["annotations"]["rollout.argoproj.io/revision"].as_str();
    let is_done = status["phase"] == "Healthy"
        && observed == ro["metadata"]["generation"].as_i64()
        && status["stableRS"] == status["currentPodHash"]
        && revisions == Some(&revision.to_string());
    (!is_done).then(|| format!("{}: {} {}", ro["metadata"]["name"], status["phase"], status["message"]))
}

/// Updates all, lets something happen in the middle, and gives what was logged about it.
fn in_the_middle<F: Future<Output = ()>>(happens: impl FnOnce(World) -> F + Send + 'static) {
    support::seeded(0, move || {
        virtual_time::block_on(async move {
            let world = World::start().await;
            world.update_all().await;
            sleep(Duration::from_millis(1500)).await;
            happens(world).await;
        })
        .expect("a runtime")
    });
}

/// One line when it begins and one when it ends.
fn assert_told_once(failures: &[String]) {
    let is_told = matches!(failures, [lost, back] if lost.contains("lost touch") && back.contains("back in touch"));
    assert!(is_told, "{failures:#?}");
}

#[test]
fn a_minute_without_the_api_server() {
    in_the_middle(async |world| {
        world.everybody(Weather::Down, Duration::from_secs(60)).await;
        world.healthy(2, Duration::from_secs(180)).await;
        assert_told_once(&world.failures());
    });
}

#[test]
fn a_minute_of_silence() {
    in_the_middle(async |world| {
        world.faults.weather(CONTROLLER, Weather::Cut);
        sleep(Duration::from_secs(60)).await;
        world.faults.weather(CONTROLLER, Weather::Fair);
        // Watches that were cut off without a word are given up when our own writes do not show, or when overdue.
        world.healthy(2, Duration::from_secs(600)).await;
        assert_told_once(&world.failures());
    });
}

#[test]
fn half_a_minute_of_too_many_requests() {
    in_the_middle(async |world| {
        world.everybody(Weather::Busy, Duration::from_secs(30)).await;
        world.healthy(2, Duration::from_secs(180)).await;
        assert_told_once(&world.failures());
    });
}

#[test]
fn half_a_minute_of_internal_errors() {
    in_the_middle(async |world| {
        world.everybody(Weather::Failing, Duration::from_secs(30)).await;
        world.healthy(2, Duration::from_secs(180)).await;
        assert_told_once(&world.failures());
    });
}

#[test]
fn half_a_minute_of_lost_answers() {
    in_the_middle(async |world| {
        world.everybody(Weather::Lossy, Duration::from_secs(30)).await;
        world.healthy(2, Duration::from_secs(180)).await;
        assert_told_once(&world.failures());
    });
}

#[test]
fn watches_that_expired() {
    in_the_middle(async |world| {
        for _ in 0..10 {
            [ACTORS, CONTROLLER].iter().for_each(|who| world.faults.weather(who, Weather::Down));
            sleep(Duration::from_secs(1)).await;
            world.cluster.server.compact();
            [ACTORS, CONTROLLER].iter().for_each(|who| world.faults.weather(who, Weather::Fair));
            sleep(Duration::from_secs(4)).await;
        }
        world.healthy(2, Duration::from_secs(180)).await;
        let failures = world.failures();
        assert!(failures.len() <= 20, "{failures:#?}");
    });
}

#[test]
fn watches_that_fall_silent() {
    in_the_middle(async |world| {
        world.faults.silence_watches(CONTROLLER);
        world.healthy(2, Duration::from_secs(400)).await;
        // Nothing failed: those that miss what we wrote ourselves are doubted, the others run out.
        let mut lines = world.lines.take();
        lines.retain(|line| line.contains("a new watch is opened") || !line.starts_with("INFO"));
        assert!((1..=4).contains(&lines.len()), "{lines:#?}");
    });
}

#[test]
fn lists_from_the_past() {
    in_the_middle(async |world| {
        world.faults.weather(CONTROLLER, Weather::Stale);
        world.cluster.server.compact();
        world.faults.break_watches(CONTROLLER);
        sleep(Duration::from_secs(60)).await;
        world.faults.weather(CONTROLLER, Weather::Fair);
        world.healthy(2, Duration::from_secs(180)).await;
        let failures = world.failures();
        assert!(failures.len() <= 2, "{failures:#?}");
    });
}

//! Many Rollouts at once, and what is logged about them.

use rollouts_kube::Rest;
use rollouts_kube::resource::ROLLOUTS;
use rollouts_kube::rest::PatchKind;
use rollouts_sim::cluster::Cluster;
use rollouts_sim::election::Office;
use rollouts_sim::faults::{Faults, Odds, Weather};
use rollouts_sim::lives::{ACTORS, CONTROLLER, Lives, Rebirth, SECOND_CONTROLLER};
use rollouts_testing::Lines;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const APPS: usize = 12;
const NAMESPACE: &str = "default";

/// Who runs the controllers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Government {
    /// One controller.
    One,
    /// Two, one of which is elected.
    Elected,
}

/// A cluster with many Rollouts.
pub struct World {
    pub cluster: Cluster,
    pub faults: Faults,
    pub lines: Lines,
    /// The lease of the controllers, if there is an election.
    pub office: Option<Office>,
    _lives: Vec<Lives>,
}

/// How long a holder may take to notice a theft: until it renews.
const RENEWAL: Duration = Duration::from_secs(2);

/// From the end of a process to the next: a restart by the kubelet.
pub const REBIRTH: Rebirth = Rebirth::After(Duration::from_secs(1));

/// Pods of the Rollout `name` in this version.
fn template(name: &str, version: u64) -> Value {
    json!({
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "app", "image": format!("shop/app:{version}")}]},
    })
}

/// A Rollout in its first version.
pub fn canary(name: &str, replicas: u64, steps: Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, 1),
            "strategy": {"canary": {"steps": steps}},
        },
    })
}

/// Changes a Rollout to this version.
pub async fn update(cluster: &Cluster, name: &str, version: u64) {
    let (rest, body) = (Rest::new(cluster.client.clone()), json!({"spec": {"template": template(name, version)}}));
    let answer: Result<Value, _> = rest.patch(&ROLLOUTS, NAMESPACE, name, None, PatchKind::Merge, &body).await;
    answer.expect("a patch that is taken");
}

fn name(n: usize) -> String {
    format!("app-{n:02}")
}

impl World {
    /// Rollouts that are healthy.
    pub async fn start(government: Government) -> World {
        let (lines, faults) = (Lines::listen(), Faults::new(0, Odds::none()));
        let cluster = Cluster::new(0).expect("a cluster");
        let is_elected = government == Government::Elected;
        let office = is_elected.then(|| Office::open(&cluster, &faults, RENEWAL));
        let live = |who, begin| Lives::start(cluster.server.clone(), &faults, who, REBIRTH, begin);
        let mut lives = vec![live(ACTORS, cluster.actors())];
        let controllers: &[&'static str] = if is_elected { &[CONTROLLER, SECOND_CONTROLLER] } else { &[CONTROLLER] };
        lives.extend(controllers.iter().map(|who| live(who, cluster.controller(is_elected.then_some(who)))));
        for n in 0..APPS {
            let steps = json!([
                {"setWeight": 50}, {"pause": {"duration": 10 + n}}, {"setWeight": 100}, {"pause": {"duration": 5}},
            ]);
            cluster.server.create(canary(&name(n), 2, steps)).expect("a valid Rollout");
        }
        let world = World { cluster, faults, lines, office, _lives: lives };
        world.healthy(1, Duration::from_secs(120)).await;
        world.lines.take();
        world
    }

    pub async fn update_all(&self) {
        for n in 0..APPS {
            update(&self.cluster, &name(n), 2).await;
        }
    }

    /// Waits until every Rollout is healthy with its revision, with no pod too many or missing.
    pub async fn healthy(&self, revision: u64, within: Duration) {
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
        assert_eq!(self.cluster.server.list("", "pods", NAMESPACE).len(), 2 * APPS);
        let sets = self.cluster.server.list("apps", "replicasets", NAMESPACE);
        assert_eq!(sets.len() as u64, revision * APPS as u64);
    }

    pub async fn everybody(&self, weather: Weather, lasts: Duration) {
        [ACTORS, CONTROLLER].iter().for_each(|who| self.faults.weather(who, weather));
        sleep(lasts).await;
        [ACTORS, CONTROLLER].iter().for_each(|who| self.faults.weather(who, Weather::Fair));
    }

    /// What was logged about failures.
    pub fn failures(&self) -> Vec<String> {
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

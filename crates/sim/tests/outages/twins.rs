//! Two controllers that know nothing of each other, one of which learns everything late.

use crate::support;
use crate::world::{REBIRTH, canary, update};
use rollouts_sim::cluster::Cluster;
use rollouts_sim::faults::{Faults, Odds};
use rollouts_sim::lives::{ACTORS, CONTROLLER, Lives, SECOND_CONTROLLER};
use rollouts_sim::virtual_time;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// The highest revision after two updates, the second of which comes before the first is done.
async fn revisions(seed: u64) -> u64 {
    let cluster = Cluster::new(seed).expect("a cluster");
    let fair = Faults::new(seed, Odds::none());
    let late = Faults::new(seed, Odds { late: 500, lag_max: Duration::from_secs(8), ..Odds::none() });
    let live = |faults: &Faults, who, begin| Lives::start(cluster.server.clone(), faults, who, REBIRTH, begin);
    let _lives = [
        live(&fair, ACTORS, cluster.actors()),
        live(&fair, CONTROLLER, cluster.controller(None)),
        live(&late, SECOND_CONTROLLER, cluster.controller(None)),
    ];
    let steps = json!([{"setWeight": 50}, {"pause": {"duration": 20}}]);
    cluster.server.create(canary("app", 3, steps)).expect("a valid Rollout");
    sleep(Duration::from_secs(60)).await;
    for version in [2, 3] {
        update(&cluster, "app", version).await;
        sleep(Duration::from_secs(10)).await;
    }
    sleep(Duration::from_secs(300)).await;
    let ro = cluster.server.get("argoproj.io", "rollouts", "default", "app").expect("it exists");
    assert_eq!(ro["status"]["phase"], "Healthy", "seed {seed}: {}", ro["status"]);
    let sets = cluster.server.list("apps", "replicasets", "default");
    let revision = |set: &Value| set["metadata"]["annotations"]["rollout.argoproj.io/revision"].as_str()?.parse().ok();
    sets.iter().filter_map(revision).max().unwrap_or_default()
}

#[test]
fn who_learns_late_of_an_update_makes_no_revisions() {
    for seed in 0..4 {
        let highest = support::seeded(seed, move || virtual_time::block_on(revisions(seed)).expect("a runtime"));
        assert_eq!(highest, 3, "seed {seed}");
    }
}

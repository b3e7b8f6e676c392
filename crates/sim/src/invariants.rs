//! What must hold whatever happens, checked at every change of the store.
//!
//! The controller may act on what was true a moment ago: its watches lag. So each rule compares a write with the most
//! favourable state within [`WINDOW`] before it, where lag can exist; without faults the window is a second, the
//! time that a decision takes.
//!
//! Let N be `spec.replicas`, S and U its surge and unavailable counts, and "serves" the number of available pods that
//! a set of its new size keeps.
//!
//! | rule | at | holds |
//! |---|---|---|
//! | capacity | a canary's ReplicaSet shrinks | all sets together serve at least N−U, unless they served less before and the write takes none of that; with `dynamicStableScale` nothing is said where a step sets the canary's size |
//! | surge | a canary's ReplicaSet grows | all sets together have at most N+S pods; between two controllers that know nothing of each other, the sizes of the others are those that the writer may have seen |
//! | size | a blue-green ReplicaSet grows | it has at most N pods, or `previewReplicaCount` if that is more |
//! | active | the ReplicaSet that the active Service selects shrinks | it keeps N pods |
//! | switch | the active Service of a promoted Rollout selects another ReplicaSet | that one has available pods |
//! | promotion | `status.stableRS` changes after users reached a version | the new stable ReplicaSet has N−U available pods (blue-green: N), or as many as `replicaProgressThreshold` is content with |
//! | deletion | a ReplicaSet is deleted | it is empty, and neither stable nor current |
//! | twins | a ReplicaSet is created | no other has its pod template |
//! | revisions | the Rollout's revision grows | there are at most as many as updates |
//! | takeover | the Deployment of `workloadRef` shrinks | what it keeps and what serves are at least N |
//! | service | the same, at any time in runs where only the controller can cost capacity, once all was ready | N−U pods are ready (blue-green: N of the active ReplicaSet) |
//!
//! Of canaries whose traffic is routed, nothing is said of the surge; and in runs without faults, of requests as they go
//! from the routers' objects through the endpoints of Services to pods:
//!
//! | rule | at | holds |
//! |---|---|---|
//! | requests | any change, once users were answered | no request meets a backend without a ready pod; where others than the controller cost pods or change the routers' objects, not for longer than half a minute while the stable version has a pod |
//! | requests | a canary's share grows | its ready pods are as many as that share of N, unless a step has pinned their number |
//! | requests | nothing has happened for some seconds | each version has the share that the status says; who a step sends to the canary reaches the canary and nothing else, and everybody else is treated alike |
//! | requests | an update has been aborted, or the last one is over | everybody reaches the stable version, and nobody gets copies |
//!
//! Of Rollouts that are analysed:
//!
//! | rule | at | holds |
//! |---|---|---|
//! | verdict | an AnalysisRun changes | the counters of a metric are those of its measurements, its phase follows from them and the limits, the run's phase from those of its metrics; of what is kept there is no more than the limits say |
//! | final | the same | the status of a run that has ended stays as it is |
//! | once | something is measured | no other run measures for the same step, or beside or after the same version, and no two Jobs run for one metric, for longer than the window |
//! | step | a Rollout passes a step, sends users to a version or makes it stable | the run that its status names for that is Successful, unless a human decided |
//! | abort | the same | no run that the status names has Failed or ended in an Error; in the end, such a run has aborted its update |
//! | secret | anything is written, or logged | it does not contain a secret that metrics are given (the Jobs that get it may) |
//! | step | a Rollout passes an Experiment | that one was Successful, unless a human decided |
//! | ends | a Rollout was aborted or became healthy | no Experiment goes on, and none has pods or Services |
//! | ends | a Rollout was aborted, became healthy, or is deleted | none of its runs goes on, no Job of them runs, and as many are kept as the history limits say |

mod model;
mod requests;
mod rules;
mod runs;
mod verdict;

pub use model::Monitor;
pub(crate) use model::is_of_an_experiment;
pub(crate) use runs::is_running;

use rollouts_kube::Resource;
use serde_json::Value;
use std::time::Duration;

/// How long the controller may act on an old state when its watches lag.
pub const WINDOW: Duration = Duration::from_secs(60);

/// The same without faults.
pub const SHORT_WINDOW: Duration = Duration::from_secs(1);

/// The Rollout that is watched.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its namespace, in which every ReplicaSet with the hash label is taken for its own, but for those of Experiments.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether its strategy is blue-green.
    pub is_blue_green: bool,
    /// Its active Service; empty for a canary.
    pub active: String,
    /// Whether nothing but the controller can cost capacity.
    pub is_harmless: bool,
    /// Whether two controllers act on it that know nothing of each other. No write can be made to depend on two objects,
    /// so while one of them grows a ReplicaSet, the other may grow another: both count the rest as it was when they
    /// looked, and the surge is exceeded until they look again.
    pub is_contested: bool,
    /// Whether anything is measured.
    pub is_analysed: bool,
    /// Whether some of its steps are Experiments.
    pub tries: bool,
    /// The kinds of its routers' objects; none if its traffic is not routed.
    pub routers: Vec<Resource>,
    /// Whether users leave those objects alone.
    pub is_left_alone: bool,
}

impl Subject {
    /// The subject of a Rollout object.
    pub fn of(rollout: &Value, namespace: &str, is_harmless: bool) -> Subject {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let blue_green = &rollout["spec"]["strategy"]["blueGreen"];
        Subject {
            namespace: namespace.to_owned(),
            name: text(&rollout["metadata"]["name"]),
            is_blue_green: !blue_green.is_null(),
            active: text(&blue_green["activeService"]),
            is_harmless,
            is_contested: false,
            is_analysed: false,
            tries: false,
            routers: Vec::new(),
            is_left_alone: true,
        }
    }

    /// The same subject under two controllers that know nothing of each other.
    pub fn contested(self) -> Subject {
        Subject { is_contested: true, ..self }
    }

    /// The same subject where routers with objects of these kinds split the traffic.
    pub fn routed(self, routers: Vec<Resource>, is_left_alone: bool) -> Subject {
        Subject { routers, is_left_alone, ..self }
    }

    /// The same subject with Experiments among its steps.
    pub fn trying(self) -> Subject {
        Subject { tries: true, ..self }
    }

    /// The same subject where something is measured.
    pub fn analysed(self) -> Subject {
        Subject { is_analysed: true, ..self }
    }
}

/// Pods that a Rollout may have too many, and may lack, of `replicas`.
pub fn surge_and_unavailable(strategy: &Value, replicas: i64) -> (i64, i64) {
    let resolve = |value: &Value, up: bool| match value.as_str() {
        // Any text is a percentage.
        Some(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
            let (whole, rest) = (percent * replicas / 100, percent * replicas % 100);
            whole + i64::from(up && rest > 0)
        }
        None => value.as_i64().unwrap_or_default(),
    };
    let quarter = serde_json::json!("25%");
    let or_quarter = |value: &Value| if value.is_null() { quarter.clone() } else { value.clone() };
    let surge = resolve(&or_quarter(&strategy["maxSurge"]), true);
    let unavailable = resolve(&or_quarter(&strategy["maxUnavailable"]), false);
    let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
    (surge, unavailable.min(replicas))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn surge_rounds_up_and_unavailable_down() {
        assert_eq!(surge_and_unavailable(&json!({}), 5), (2, 1));
        assert_eq!(surge_and_unavailable(&json!({"maxSurge": 0, "maxUnavailable": "10%"}), 5), (0, 1));
        assert_eq!(surge_and_unavailable(&json!({"maxSurge": "0%", "maxUnavailable": 3}), 2), (0, 2));
    }
}

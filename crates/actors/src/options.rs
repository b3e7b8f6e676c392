use rollouts_api::Clock;
use std::time::Duration;

/// What to run and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the present comes from. Timers run on tokio's clock, so both must advance together.
    pub clock: Clock,
    /// Seeds every choice left to chance (today: ties between equally loaded nodes).
    pub seed: u64,
    /// Which actors run.
    pub which: Which,
    /// Number of simulated nodes, `node-1` and up.
    pub nodes: usize,
    /// Pods a node takes.
    pub pods_per_node: usize,
    /// From a pod's creation until it is ready, when nothing in the pod says otherwise.
    pub start_delay: Duration,
    /// From a pod's deletion until it is gone, when nothing in the pod says otherwise.
    pub stop_delay: Duration,
    /// How long Endpoints and EndpointSlices take to follow.
    pub endpoints_delay: Duration,
    /// Whether scheduler and kubelet write events.
    pub node_events: bool,
}

impl Options {
    /// All actors, three nodes, pods that start and stop in one second, events on.
    pub fn new(clock: Clock) -> Self {
        Options {
            clock,
            seed: 0,
            which: Which::all(),
            nodes: 3,
            pods_per_node: 110,
            start_delay: Duration::from_secs(1),
            stop_delay: Duration::from_secs(1),
            endpoints_delay: Duration::ZERO,
            node_events: true,
        }
    }
}

/// A set of actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set; each actor is on or off")]
pub struct Which {
    /// ReplicaSets keep their number of pods.
    pub replicaset: bool,
    /// Deployments roll their ReplicaSets.
    pub deployment: bool,
    /// Jobs run pods to completion.
    pub job: bool,
    /// Services get Endpoints and EndpointSlices.
    pub endpoints: bool,
    /// Deleted namespaces are emptied.
    pub namespace: bool,
    /// Owner references are honoured.
    pub gc: bool,
    /// PodDisruptionBudgets get their status.
    pub disruption: bool,
    /// HorizontalPodAutoscalers scale from a scripted metric.
    pub hpa: bool,
    /// Nodes exist, and pods are scheduled and run on them.
    pub pods: bool,
}

impl Which {
    /// Every actor.
    pub const fn all() -> Self {
        Which {
            replicaset: true,
            deployment: true,
            job: true,
            endpoints: true,
            namespace: true,
            gc: true,
            disruption: true,
            hpa: true,
            pods: true,
        }
    }

    /// No actor: a start to switch some on.
    pub const fn none() -> Self {
        Which {
            replicaset: false,
            deployment: false,
            job: false,
            endpoints: false,
            namespace: false,
            gc: false,
            disruption: false,
            hpa: false,
            pods: false,
        }
    }
}

//! Kubernetes' own controllers and simulated nodes, as ordinary controllers on a [`kube::Client`].
//!
//! They make the embedded API server behave like a cluster, and serve a real API server just as well: an observer
//! sees what kube-controller-manager 1.34, the scheduler and kubelets would do. Every actor is level-triggered: it
//! decides from caches, so it may be restarted at any point, see events twice or late, and lose its watches.
//! Nothing polls; under tokio's paused clock, time jumps from one timer to the next.
//!
//! # Where they are simpler than Kubernetes
//!
//! - Jobs: no tracking finalizers; pod failure and success policies and back-off per index are refused with an event.
//! - Autoscalers: one scripted value, no rate policies ([`annotations::METRIC`], `hpa`).
//! - Scheduler: fewest pods first; of the filters only readiness, cordon, taints, node selector, number of pods and
//!   required anti-affinity. Requests of CPU and memory, affinity, spreading and volumes are not looked at.
//! - Kubelet: containers of a pod start together, init containers take no time, probes always succeed after their
//!   initial delay, and liveness is not probed (see [`annotations`] for what scripts a pod's fate).
//! - Garbage collection learns of new kinds from CustomResourceDefinitions, not from aggregated API servers.

pub mod annotations;
mod deployment;
mod disruption;
mod endpoints;
pub mod foreign;
mod gc;
mod hpa;
mod job;
mod machinery;
mod namespace;
mod options;
mod pods;
mod replicaset;

pub use options::{Options, Which};

use machinery::{Context, Hub, Recorder, write_events};
use std::sync::Arc;

/// Why the actors stopped before they were told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A task panicked: a defect of this crate.
    #[error("an actor stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Runs the chosen actors against the API server behind `client` until `shutdown` resolves.
///
/// # Errors
/// Only when an actor panics; errors of the API server are retried for ever.
pub async fn run(client: kube::Client, options: Options, shutdown: impl Future<Output = ()>) -> Result<()> {
    let (events, pending) = Recorder::new();
    let which = options.which;
    let ctx = Context { client, clock: options.clock.clone(), events, options: Arc::new(options) };
    let mut hub = Hub::new(ctx.clone());
    hub.spawn(write_events(ctx, pending));
    if which.deployment {
        deployment::start(&mut hub);
    }
    if which.job {
        job::start(&mut hub);
    }
    if which.disruption {
        disruption::start(&mut hub);
    }
    if which.hpa {
        hpa::start(&mut hub);
    }
    if which.replicaset {
        replicaset::start(&mut hub);
    }
    if which.pods {
        pods::start(&mut hub);
    }
    if which.gc {
        gc::start(&mut hub);
    }
    if which.namespace {
        namespace::start(&mut hub);
    }
    if which.endpoints {
        endpoints::start(&mut hub);
    }
    let mut tasks = hub.into_tasks();
    // Dropping the set at the end aborts every task.
    tokio::select! {
        biased;
        () = shutdown => Ok(()),
        Some(ended) = tasks.join_next() => Ok(ended?),
    }
}

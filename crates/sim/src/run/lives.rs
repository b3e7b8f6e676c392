//! The lives of the controller: when the faults kill it, another one starts.

use crate::cluster::Cluster;
use crate::faults::Faults;
use rollouts_kube::client::from_service;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The name of the controller as a client.
pub(crate) const CONTROLLER: &str = "controller";

/// From a death until the next controller starts, at most.
const REBIRTH_MILLIS_MAX: u64 = 30_000;

/// The controllers of a run, one after the other.
pub(super) struct Lives {
    deaths: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Lives {
    pub fn start(cluster: &Cluster, faults: &Faults) -> Self {
        let (server, clock, faults) = (cluster.server.clone(), cluster.clock.clone(), faults.clone());
        let deaths = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&deaths);
        let task = tokio::spawn(async move {
            loop {
                let (life, stop) = (CancellationToken::new(), CancellationToken::new());
                let client = from_service(faults.wrap(server.service(), CONTROLLER, life.clone(), true));
                let options = rollouts_controller::Options::new(clock.clone());
                let controller = tokio::spawn(rollouts_controller::run(client, options, stop.clone()));
                life.cancelled().await;
                // Its tasks may outlive it for a moment, but none of their requests reaches the server any more.
                stop.cancel();
                controller.abort();
                count.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(faults.below(REBIRTH_MILLIS_MAX))).await;
                faults.note("the controller starts again");
            }
        });
        Lives { deaths, task }
    }

    /// Ends the last life and tells how many there were before.
    pub fn stop(self) -> u64 {
        self.task.abort();
        self.deaths.load(Ordering::Relaxed)
    }
}

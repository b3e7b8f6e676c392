//! The lives of a process: when the faults kill it, another one starts, with nothing in its memory.

use crate::faults::Faults;
use futures::future::BoxFuture;
use rollouts_kube::client::from_service;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The name of the controller as a client.
pub const CONTROLLER: &str = "controller";
/// The name of a second controller as a client.
pub const SECOND_CONTROLLER: &str = "second controller";
/// The name of the actors as a client.
pub const ACTORS: &str = "actors";
/// Everybody.
pub const ALL: [&str; 5] = [CONTROLLER, SECOND_CONTROLLER, ACTORS, "controller's lease", "second controller's lease"];

/// The name that a process has as the client that asks for a lease.
pub fn lease_client(who: &'static str) -> &'static str {
    match who {
        CONTROLLER => ALL[3],
        SECOND_CONTROLLER => ALL[4],
        other => other,
    }
}

/// What a process is given when a life begins.
pub struct Birth {
    /// Its way to the API server.
    pub client: kube::Client,
    /// Its way to the API server for the lease alone.
    pub lease_client: kube::Client,
    /// Cancelled when it should end.
    pub stop: CancellationToken,
}

/// How long from a death until the next life begins.
#[derive(Debug, Clone, Copy)]
pub enum Rebirth {
    /// After this long.
    After(Duration),
    /// After up to this long, by the dice of the faults.
    Within(Duration),
}

/// Begins a life. When the process ends by itself, another life begins as after a death.
pub type Begin = Box<dyn Fn(Birth) -> BoxFuture<'static, ()> + Send + Sync>;

/// The lives of one process, one after the other.
pub struct Lives {
    deaths: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Lives {
    /// Starts the first life, as the mortal client `who` of `server`.
    pub fn start(
        server: rollouts_memkube::Server,
        faults: &Faults,
        who: &'static str,
        rebirth: Rebirth,
        begin: Begin,
    ) -> Self {
        let deaths = Arc::new(AtomicU64::new(0));
        let (count, faults) = (Arc::clone(&deaths), faults.clone());
        let task = tokio::spawn(async move {
            loop {
                let (life, stop) = (CancellationToken::new(), CancellationToken::new());
                let client = |who| from_service(faults.wrap(server.service(), who, life.clone(), true));
                let birth = Birth { client: client(who), lease_client: client(lease_client(who)), stop: stop.clone() };
                // Ends with this task, if that is aborted.
                let _stops = stop.clone().drop_guard();
                let mut process = AbortOnDrop(tokio::spawn(begin(birth)));
                tokio::select! {
                    biased;
                    () = life.cancelled() => {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    _ = &mut process.0 => faults.note(&format!("{who}: ends")),
                }
                // Its tasks may outlive it for a moment, but none of their requests reaches the server any more.
                life.cancel();
                stop.cancel();
                drop(process);
                let wait = match rebirth {
                    Rebirth::After(wait) => wait,
                    Rebirth::Within(most) => {
                        Duration::from_millis(faults.below(u64::try_from(most.as_millis()).unwrap_or(u64::MAX)))
                    }
                };
                tokio::time::sleep(wait).await;
                faults.note(&format!("{who}: starts again"));
            }
        });
        Lives { deaths, task }
    }

    /// How many lives ended so far.
    pub fn deaths(&self) -> u64 {
        self.deaths.load(Ordering::Relaxed)
    }
}

impl Drop for Lives {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

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

/// How long from a death until the next life begins.
#[derive(Debug, Clone, Copy)]
pub enum Rebirth {
    /// After this long.
    After(Duration),
    /// After up to this long, by the dice of the faults.
    Within(Duration),
}

/// Begins a life: runs the process on a client until the token asks it to end.
pub type Begin = Box<dyn Fn(kube::Client, CancellationToken) -> BoxFuture<'static, ()> + Send + Sync>;

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
                let client = from_service(faults.wrap(server.service(), who, life.clone(), true));
                // Ends with this task, if that is aborted.
                let _stops = stop.clone().drop_guard();
                let process = AbortOnDrop(tokio::spawn(begin(client, stop.clone())));
                life.cancelled().await;
                // Its tasks may outlive it for a moment, but none of their requests reaches the server any more.
                stop.cancel();
                drop(process);
                count.fetch_add(1, Ordering::Relaxed);
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

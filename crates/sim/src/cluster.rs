//! A cluster in this process: the embedded API server, the actors that make it behave like one, our controller.

use crate::lives::Begin;
use futures::FutureExt;
use rollouts_api::Clock;
use rollouts_kube::client::from_service;
use rollouts_kube::tokio_clock;
use rollouts_memkube::{Config, Server};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// When every simulation starts.
const START: &str = "2026-01-01T00:00:00Z";

/// An API server under virtual time, and what runs against it.
pub struct Cluster {
    /// The API server.
    pub server: Server,
    /// Virtual time.
    pub clock: Clock,
    /// A way to the server without faults, for observers and users.
    pub client: kube::Client,
    seed: u64,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Cluster {
    /// An API server with the custom resources. Must be called inside a runtime whose time is paused.
    ///
    /// # Errors
    /// When a definition is refused.
    pub fn new(seed: u64) -> Result<Cluster, rollouts_memkube::ApiError> {
        let clock = tokio_clock(START.parse().expect("a constant time"));
        let server = Server::new(Config { seed, ..Config::new(clock.clone()) });
        for definition in rollouts_api::crd::manifests() {
            server.create(definition)?;
        }
        let client = from_service(server.service());
        Ok(Cluster { server, clock, client, seed, stop: CancellationToken::new(), tasks: Vec::new() })
    }

    /// Starts ReplicaSets, pods on simulated nodes, garbage collection and the rest, as clients of `client`.
    pub fn start_actors(&mut self, client: kube::Client) {
        self.tasks.push(tokio::spawn(self.actors()(client, self.stop.clone())));
    }

    /// Starts our controller as a client of `client`.
    pub fn start_controller(&mut self, client: kube::Client) {
        self.tasks.push(tokio::spawn(self.controller()(client, self.stop.clone())));
    }

    /// Begins the actors, any number of times.
    pub fn actors(&self) -> Begin {
        let options = rollouts_actors::Options {
            seed: self.seed,
            // Nobody here reads them, and they are half of all writes.
            node_events: false,
            ..rollouts_actors::Options::new(self.clock.clone())
        };
        Box::new(move |client, stop| {
            let run = rollouts_actors::run(client, options.clone(), stop.cancelled_owned());
            // Its only error is a task that panicked, which the panic itself has reported.
            run.map(drop).boxed()
        })
    }

    /// Begins our controller, any number of times.
    pub fn controller(&self) -> Begin {
        let clock = self.clock.clone();
        Box::new(move |client, stop| {
            rollouts_controller::run(client, rollouts_controller::Options::new(clock.clone()), stop).boxed()
        })
    }

    /// Stops everything that was started.
    pub fn stop(self) {
        self.stop.cancel();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

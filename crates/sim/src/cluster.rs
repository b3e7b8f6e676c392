//! A cluster in this process: the embedded API server, the actors that make it behave like one, our controller.

use crate::lives::{Begin, Birth};
use crate::metrics_source::MetricsSource;
use futures::FutureExt;
use rollouts_actors::foreign;
use rollouts_api::Clock;
use rollouts_controller::Election;
use rollouts_kube::client::from_service;
use rollouts_kube::tokio_clock;
use rollouts_memkube::{Config, Server};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// When every simulation starts.
const START: &str = "2026-01-01T00:00:00Z";

/// Where the lease of the controllers lies.
pub const LEASE_NAMESPACE: &str = "default";

/// The names under which the present lives of controllers stand for election. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Identities(Arc<Mutex<BTreeMap<&'static str, (u64, String)>>>);

impl Identities {
    /// The name of the present life of `who`, if that stands for election.
    pub fn of(&self, who: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(who).map(|(_, identity)| identity.clone())
    }

    /// A name for a new life.
    fn next(&self, who: &'static str) -> String {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (lives, identity) = all.entry(who).or_default();
        *lives += 1;
        *identity = format!("{who} {lives}");
        identity.clone()
    }
}

/// An API server under virtual time, and what runs against it.
pub struct Cluster {
    /// The API server.
    pub server: Server,
    /// Virtual time.
    pub clock: Clock,
    /// A way to the server without faults, for observers and users.
    pub client: kube::Client,
    /// As whom controllers stand for election.
    pub identities: Identities,
    /// Where controllers measure.
    pub metrics: MetricsSource,
    /// How long endpoints take to follow; for actors that begin later.
    pub endpoints_delay: Duration,
    seed: u64,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Cluster {
    /// An API server with the custom resources, and those of traffic routers. Must be called inside a runtime whose time is paused.
    ///
    /// # Errors
    /// When a definition is refused.
    pub fn new(seed: u64) -> Result<Cluster, rollouts_memkube::ApiError> {
        let clock = tokio_clock(START.parse().expect("a constant time"));
        let server = Server::new(Config { seed, ..Config::new(clock.clone()) });
        for definition in rollouts_api::crd::manifests().into_iter().chain(foreign::definitions()) {
            server.create(definition)?;
        }
        let client = from_service(server.service());
        Ok(Cluster {
            server,
            clock,
            client,
            identities: Identities::default(),
            metrics: MetricsSource::default(),
            endpoints_delay: Duration::ZERO,
            seed,
            stop: CancellationToken::new(),
            tasks: Vec::new(),
        })
    }

    /// Starts ReplicaSets, pods on simulated nodes, garbage collection and the rest, as clients of `client`.
    pub fn start_actors(&mut self, client: kube::Client) {
        self.start(self.actors(), client);
    }

    /// Starts our controller as a client of `client`.
    pub fn start_controller(&mut self, client: kube::Client) {
        self.start(self.controller(None), client);
    }

    fn start(&mut self, begin: Begin, client: kube::Client) {
        let birth = Birth { lease_client: client.clone(), client, stop: self.stop.clone() };
        self.tasks.push(tokio::spawn(begin(birth)));
    }

    /// Begins the actors, any number of times.
    pub fn actors(&self) -> Begin {
        let usual = rollouts_actors::Options::new(self.clock.clone());
        let options = rollouts_actors::Options {
            seed: self.seed,
            // Nobody here reads them, and they are half of all writes.
            node_events: false,
            endpoints_delay: self.endpoints_delay,
            // Endpoints forget a pod before its successor runs: nobody could tell them apart by their number.
            start_delay: usual.start_delay + self.endpoints_delay,
            ..usual
        };
        Box::new(move |birth| {
            let run = rollouts_actors::run(birth.client, options.clone(), birth.stop.cancelled_owned());
            // Its only error is a task that panicked, which the panic itself has reported.
            run.map(drop).boxed()
        })
    }

    /// Begins our controller, any number of times; `candidate` if it stands for election, each life under a name of
    /// its own.
    pub fn controller(&self, candidate: Option<&'static str>) -> Begin {
        let (clock, identities, metrics) = (self.clock.clone(), self.identities.clone(), self.metrics.clone());
        Box::new(move |Birth { client, lease_client, stop }| {
            let mut options = rollouts_controller::Options::new(clock.clone());
            options.measuring.http = Some(Arc::new(metrics.clone()));
            options.election =
                candidate.map(|who| Election::new(lease_client, LEASE_NAMESPACE, None, &identities.next(who)));
            rollouts_controller::run(client, options, stop).boxed()
        })
    }

    /// Stops everything that was started.
    pub fn stop(self) {
        self.stop.cancel();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

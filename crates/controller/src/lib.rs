//! The controller: watches fill caches, changes fill a queue, and for each key the caches give a snapshot, the core a
//! plan, and the executor applies it.
//!
//! It decides nothing itself, and it runs alike against a cluster and, under paused time, against an embedded API
//! server. It may stop anywhere: what is left half done is seen in the next snapshot.

mod analysis;
mod arrivals;
mod caches;
mod debts;
mod executor;
mod experiments;
mod hidden;
mod inquiries;
mod malformed;
pub mod metrics;
mod monitor;
mod options;
mod outcome;
mod owners;
mod pace;
mod queues;
mod reconciler;
mod routers;
mod services;
mod snapshots;
mod warnings;
mod workloads;

pub use monitor::{Monitor, STUCK_AFTER};
pub use options::{Controllers, Election, IstioPrimary, MeasuringOptions, Options};

use analysis::{RunTools, Runs};
use caches::Caches;
use executor::Executor;
use experiments::Experiments;
use inquiries::Inquiries;
use metrics::Counters;
use monitor::Running;
use queues::Queues;
use reconciler::Reconciler;
use rollouts_kube::events::{EventType, Observer, Recorder};
use rollouts_kube::lease::{Ended, Fence, Term, lead};
use rollouts_kube::queue::{Next, run_workers};
use rollouts_kube::{Key, Rest, resource};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long the last events may take to be written after a stop.
const LAST_EVENTS: Duration = Duration::from_secs(2);

/// How many Deployments get replicas back at once.
const DEBT_WORKERS: usize = 1;

/// The routes of how many Rollouts that are gone are released at once.
const ROUTE_WORKERS: usize = 1;

/// Runs until `stop` is cancelled, or the lease is lost if there is an election. Work in progress ends before it
/// returns, except when the lease is lost: then nothing is written from that moment on. Everything else is left to the
/// next controller.
pub async fn run(client: kube::Client, options: Options, stop: CancellationToken) {
    let Some(Election { lease, client: lease_client }) = options.election.clone() else {
        tracing::info!("Leader election is turned off. Running in single-instance mode");
        return work(client, options, Term::unopposed(stop)).await;
    };
    let clock = options.clock.clone();
    let fence = Fence::new(clock.clone());
    let guarded = fence.guard(&client);
    let istio_primary = options.istio_primary.as_ref().map(|primary| IstioPrimary(fence.guard(&primary.0)));
    let options = Options { istio_primary, ..options };
    let ended = lead(lease_client, clock, lease, &fence, stop, |term| work(guarded, options, term)).await;
    if ended == Ended::Lost {
        tracing::error!("OnStoppedLeading called, shutting down: lost leader lease");
    }
}

/// One controller. Until its term begins it only fills its caches, so that it can take over at once.
async fn work(client: kube::Client, options: Options, term: Term) {
    match options.controllers {
        Controllers::All => work_on_all(client, options, term).await,
        Controllers::Analysis => analysis::work_alone(client, options, term).await,
    }
}

async fn work_on_all(client: kube::Client, options: Options, term: Term) {
    let stop = term.stop();
    let queues = Queues::new(&options.clock);
    let events_stop = CancellationToken::new();
    // However this ends, nothing is left behind.
    let _stops_events = events_stop.clone().drop_guard();
    let component = rollouts_api::names::EVENT_COMPONENT;
    let counters = Counters::default();
    let (clock, counts) = (options.clock.clone(), count_events(counters.clone()));
    let recorder = Recorder::start_observed(client.clone(), component, clock, &events_stop, Some(counts));
    let caches = Caches::start(&client, &options, &queues, &recorder, &term);
    let rest = Rest::new(client.clone());
    let executor = Executor::new(client, recorder.clone(), &options);
    let tools = RunTools { rest: &rest, recorder: &recorder, troubles: &caches.troubles, stop };
    let runs = Arc::new(Runs::new(&caches.analyses, &queues.runs, &options, &tools));
    let experiments = Arc::new(Experiments::new(caches.clone(), rest.clone(), recorder.clone(), options.clock.clone()));
    let asking = stop.child_token();
    let inquiries = Inquiries::new(runs.tools().clone(), rest.clone(), queues.rollouts.clone(), asking.clone());
    // What is being asked ends with this.
    let _asking = asking.drop_guard();
    let reconciler = Arc::new(Reconciler::new(caches.clone(), executor, inquiries.clone(), options.clock.clone()));

    options.monitor.open(Running {
        rollouts: Some(caches.clone()),
        analyses: caches.analyses.clone(),
        queues: queues.all(),
        term: term.clone(),
        counters: counters.clone(),
        runs: Arc::downgrade(&runs),
        inquiries: Some(inquiries),
    });
    if !begun(&term, reconciler.synced(), options.workers).await {
        return;
    }
    let all = caches.rollouts.clone();
    let counts = counters.rollouts.clone();
    let workers = run_workers(options.workers, queues.rollouts.clone(), move |key| {
        let (reconciler, counters, all) = (Arc::clone(&reconciler), counts.clone(), all.clone());
        async move {
            let (found, started) = (all.get(&key.namespace, &key.name), Instant::now());
            let next = reconciler.reconcile(key.clone()).await;
            let Some(ro) = found else {
                counters.gone(&key);
                return next;
            };
            let took = started.elapsed();
            counters.reconciled(&key, took, next == Next::Failed);
            tracing::debug!(
                rollout = %key,
                resourceVersion = ro.metadata.resource_version,
                generation = ro.metadata.generation,
                time_ms = took.as_secs_f64() * 1000.0,
                "Reconciliation completed"
            );
            next
        }
    });
    let (debts_of, debts_rest, debtors) = (caches.clone(), rest.clone(), queues.rollouts.clone());
    let debt_workers = run_workers(DEBT_WORKERS, queues.debts.clone(), move |key| {
        let (caches, rest, debtors) = (debts_of.clone(), debts_rest.clone(), debtors.clone());
        async move { debts::reconcile(key, &caches, &rest, &debtors).await }
    });
    let (routes_of, routes_rest) = (caches.clone(), rest.clone());
    let route_workers = run_workers(ROUTE_WORKERS, queues.routes.clone(), move |key| {
        let (Caches { released, routers, troubles, .. }, rest) = (routes_of.clone(), routes_rest.clone());
        async move { released.reconcile(key, &routers, &rest, &troubles).await }
    });
    let analysis_workers = runs.work(counters.runs);
    let (counts, all) = (counters.experiments, caches.experiments.clone());
    let experiment_workers = run_workers(options.experiment_workers, queues.experiments.clone(), move |key: Key| {
        let (experiments, counters, all) = (Arc::clone(&experiments), counts.clone(), all.clone());
        async move {
            let is_there = all.get(&key.namespace, &key.name).is_some();
            counters.counted(&key, is_there, experiments.reconcile(key.clone())).await
        }
    });
    let services_of = caches.clone();
    let service_workers = run_workers(options.service_workers, queues.services.clone(), move |key| {
        let (caches, rest) = (services_of.clone(), rest.clone());
        async move { services::reconcile(key, &caches, &rest).await }
    });
    let shut_down = async {
        stop.cancelled().await;
        tracing::info!("Shutting down workers");
        queues.shut_down();
    };
    let all = async {
        tokio::join!(
            workers,
            experiment_workers,
            service_workers,
            debt_workers,
            route_workers,
            analysis_workers,
            shut_down
        )
    };
    tokio::select! {
        biased;
        _ = all => {}
        () = queues.resync(options.resync, &caches) => {}
    }
    let _ = tokio::time::timeout(LAST_EVENTS, recorder.flush()).await;
}

/// Waits until the caches are filled and the term begins; `false` when it is over before that.
async fn begun(term: &Term, synced: impl Future<Output = ()>, workers: usize) -> bool {
    if !term.has_begun() {
        tracing::info!("The lease is not ours yet: standing by");
    }
    let begins = async {
        synced.await;
        tracing::info!("Caches are filled");
        term.begins().await
    };
    tokio::select! {
        biased;
        () = term.stop().cancelled() => false,
        _ = begins => {
            tracing::info!(workers, "Started controller");
            true
        }
    }
}

/// Counts the events of Rollouts.
fn count_events(counters: Counters) -> Observer {
    Box::new(move |object, kind, reason| {
        if object.kind != resource::ROLLOUTS.kind {
            return;
        }
        let kind = match kind {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        };
        counters.rollouts.event(Key::new(object.namespace.as_str(), object.name.as_str()), kind, reason);
    })
}

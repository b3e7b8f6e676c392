//! The controller: watches fill caches, changes fill a queue, and for each key the caches give a snapshot, the core a
//! plan, and the executor applies it.
//!
//! It decides nothing itself, and it runs alike against a cluster and, under paused time, against an embedded API
//! server. It may stop anywhere: what is left half done is seen in the next snapshot.

mod caches;
mod executor;
mod malformed;
mod options;
mod reconciler;
mod services;
mod snapshots;

pub use options::Options;

use caches::Caches;
use executor::Executor;
use reconciler::Reconciler;
use rollouts_kube::Rest;
use rollouts_kube::events::Recorder;
use rollouts_kube::queue::{Queue, run_workers};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long the last events may take to be written after a stop.
const LAST_EVENTS: Duration = Duration::from_secs(2);

/// How many Services are cleaned up at once.
const SERVICE_WORKERS: usize = 2;

/// Runs until `stop` is cancelled. Work in progress ends before it returns; everything else is left to the next one.
pub async fn run(client: kube::Client, options: Options, stop: CancellationToken) {
    let queue = Queue::new("rollouts", options.clock.clone());
    let service_queue = Queue::new("services", options.clock.clone());
    let events_stop = CancellationToken::new();
    let component = rollouts_api::names::EVENT_COMPONENT;
    let recorder = Recorder::start(client.clone(), component, options.clock.clone(), &events_stop);
    let caches = Caches::start(&client, &options, &queue, &service_queue, &recorder, &stop);
    let rest = Rest::new(client.clone());
    let executor = Executor::new(client, recorder.clone(), options.clock.clone());
    let reconciler = Arc::new(Reconciler::new(caches.clone(), executor, options.clock.clone()));

    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = reconciler.synced() => tracing::info!(workers = options.workers, "Caches are filled, workers start"),
    }
    let workers = run_workers(options.workers, queue.clone(), move |key| {
        let reconciler = Arc::clone(&reconciler);
        async move { reconciler.reconcile(key).await }
    });
    let service_workers = run_workers(SERVICE_WORKERS, service_queue.clone(), move |key| {
        let (caches, rest) = (caches.clone(), rest.clone());
        async move { services::reconcile(key, &caches, &rest).await }
    });
    let shut_down = async {
        stop.cancelled().await;
        queue.shut_down();
        service_queue.shut_down();
    };
    tokio::join!(workers, service_workers, shut_down);
    let _ = tokio::time::timeout(LAST_EVENTS, recorder.flush()).await;
    events_stop.cancel();
}

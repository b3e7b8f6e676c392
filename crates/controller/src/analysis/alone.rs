//! A controller of AnalysisRuns alone, for those who make them without Rollouts: of all else it neither watches nor
//! writes anything.

use super::{Analyses, RunTools, Runs};
use crate::metrics::Counters;
use crate::monitor::Running;
use crate::{LAST_EVENTS, Options, begun};
use rollouts_api::names;
use rollouts_kube::events::Recorder;
use rollouts_kube::lease::Term;
use rollouts_kube::{Key, Queue, Rest, Troubles};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Works for one term. Until it begins, the caches fill.
pub(crate) async fn work(client: kube::Client, options: Options, term: Term) {
    tracing::info!("Running only analysis controller");
    let (stop, troubles) = (term.stop(), Troubles::new());
    let queue = Queue::new("AnalysisRuns", options.clock.clone());
    let events_stop = CancellationToken::new();
    let _stops_events = events_stop.clone().drop_guard();
    let recorder = Recorder::start(client.clone(), names::EVENT_COMPONENT, options.clock.clone(), &events_stop);
    let analyses = Analyses::start(&client, &options, &queue, None, &troubles, stop);
    let (rest, counters) = (Rest::new(client), Counters::default());
    let tools = RunTools { rest: &rest, recorder: &recorder, troubles: &troubles, stop };
    let runs = Arc::new(Runs::new(&analyses, &queue, &options, &tools));
    options.monitor.open(Running {
        rollouts: None,
        analyses: analyses.clone(),
        queues: vec![queue.clone()],
        term: term.clone(),
        counters: counters.clone(),
        runs: Arc::downgrade(&runs),
        inquiries: None,
    });
    if !begun(&term, analyses.runs.synced(), options.analysis_workers).await {
        return;
    }
    let shut_down = async {
        stop.cancelled().await;
        tracing::info!("Shutting down workers");
        queue.shut_down();
    };
    let all = async { tokio::join!(runs.work(counters.runs), shut_down) };
    tokio::select! {
        biased;
        _ = all => {}
        () = resync(options.resync, &analyses, &queue) => {}
    }
    let _ = tokio::time::timeout(LAST_EVENTS, recorder.flush()).await;
}

/// Looks at every run from time to time, whether or not it changed.
async fn resync(period: Option<Duration>, analyses: &Analyses, queue: &Queue<Key>) {
    let Some(period) = period else { return std::future::pending().await };
    loop {
        tokio::time::sleep(period).await;
        analyses.runs.list(None).iter().for_each(|run| queue.add(Key::of(&run.metadata)));
    }
}

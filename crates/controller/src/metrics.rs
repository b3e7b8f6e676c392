//! Numbers for Prometheus: what was counted since the start, and what the caches say at the moment.

mod analyses;
mod experiments;
mod objects;
mod phases;
mod rollouts;
mod text;

pub(crate) use objects::PerObject;
pub use text::{Kind, Text};

use crate::analysis::Analyses;
use rollouts_kube::Cache;
use rollouts_kube::queue::Stats;

/// What is counted. Clones share it.
#[derive(Clone)]
pub(crate) struct Counters {
    pub rollouts: PerObject,
    pub experiments: PerObject,
    pub runs: PerObject,
}

impl Default for Counters {
    fn default() -> Self {
        Counters {
            rollouts: PerObject::of("rollout", "a Rollout"),
            experiments: PerObject::of("experiment", "an Experiment"),
            runs: PerObject::of("analysis_run", "an AnalysisRun"),
        }
    }
}

/// What the queues are doing.
pub(crate) fn write_queues(text: &mut Text, queues: &[(&'static str, Stats)]) {
    type Read = fn(&Stats) -> f64;
    let families: [(&str, Kind, &str, Read); 5] = [
        ("workqueue_depth", Kind::Gauge, "Keys ready to be worked on.", |s| s.depth as f64),
        ("workqueue_adds_total", Kind::Counter, "Keys that became ready.", |s| s.adds as f64),
        ("workqueue_retries_total", Kind::Counter, "Keys tried again after a failure.", |s| s.retries as f64),
        (
            "workqueue_unfinished_work_seconds",
            Kind::Gauge,
            "How long the work in hand has been going on, summed up.",
            |s| s.unfinished.as_secs_f64(),
        ),
        (
            "workqueue_longest_running_processor_seconds",
            Kind::Gauge,
            "How long the longest work in hand has been going on.",
            |s| s.longest.as_secs_f64(),
        ),
    ];
    for (name, kind, help, read) in families {
        text.family(name, kind, help);
        queues.iter().for_each(|(queue, stats)| text.sample(name, &[("name", queue)], read(stats)));
    }
}

/// What the Rollouts are like at the moment.
pub(crate) fn write_rollouts(text: &mut Text, rollouts: &Cache<rollouts_api::Rollout>) {
    rollouts::write(text, &rollouts.list(None));
}

/// What the Experiments are like at the moment.
pub(crate) fn write_experiments(text: &mut Text, experiments: &Cache<rollouts_api::Experiment>) {
    experiments::write(text, &experiments.list(None));
}

/// What the AnalysisRuns and templates are like at the moment.
pub(crate) fn write_analyses(text: &mut Text, analyses: &Analyses) {
    analyses::write_runs(text, &analyses.runs.list(None));
    analyses::write_templates(text, &analyses.templates());
}

#[cfg(test)]
mod tests;

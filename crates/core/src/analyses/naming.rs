//! Names of runs, and how a run that exists is used again (analysis.md §5.1).

use super::Kind;
use super::current::step_index;
use crate::analysis::completed;
use crate::reconcile::Reconcile;
use rollouts_api::analysis::{AnalysisRun, AnalysisRunSpec};
use serde_json::{Value, json};
use std::sync::Arc;

/// Under which name a run is to be had.
pub(super) enum Name {
    /// Nobody has it.
    Free(String),
    /// A run of ours has it and measures the same: a plan that was cut short has made it.
    Ours(Arc<AnalysisRun>),
}

impl Reconcile<'_> {
    /// The name of a new run of the update when nothing is in its way.
    fn run_name(&self, kind: Kind) -> String {
        let base = format!("{}-{}-{}", self.ro.metadata.name, self.new_hash(), self.revision());
        match kind {
            Kind::Step => format!("{base}-{}", self.step_number()),
            Kind::Background => base,
            Kind::PrePromotion => format!("{base}-pre"),
            Kind::PostPromotion => format!("{base}-post"),
        }
    }

    /// The first of `NAME`, `NAME.1`, `NAME.2`, … that is free or ours and as wanted.
    pub(super) fn find_name(&self, kind: Kind, spec: &AnalysisRunSpec) -> Name {
        let base = self.run_name(kind);
        let taken = self.taken_run_names();
        let mut name = base.clone();
        let mut number: u64 = 0;
        while taken.contains(name.as_str()) {
            let ours = self.snapshot.analysis_runs.iter().find(|r| r.metadata.name == name);
            let of_this_step = |run: &AnalysisRun| kind != Kind::Step || step_index(run) == Some(self.step_number());
            if let Some(run) = ours.filter(|run| is_as_wanted(run, spec) && of_this_step(run)) {
                return Name::Ours(run.clone());
            }
            number += 1;
            name = format!("{base}.{number}");
        }
        Name::Free(name)
    }
}

/// Whether a run is going on and measures what is wanted. One that was told to stop would end as a success that nothing
/// was measured for.
fn is_as_wanted(run: &AnalysisRun, spec: &AnalysisRunSpec) -> bool {
    let going = run.metadata.deletion_timestamp.is_none() && !run.spec.terminate && !completed(&run.status.phase);
    going && meaning(&run.spec) == meaning(spec)
}

/// What a run measures, without the empty objects that Go writes for absent ones.
fn meaning(spec: &AnalysisRunSpec) -> Value {
    let AnalysisRunSpec { metrics, args, dry_run, measurement_retention, .. } = spec;
    let mut value = json!([metrics, args, dry_run, measurement_retention]);
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Object(fields) => {
            fields.values_mut().for_each(strip);
            fields.retain(|_, v| v.as_object().is_none_or(|o| !o.is_empty()));
        }
        _ => {}
    }
}

//! The view model: what a Rollout or an Experiment and all that belongs to it look like to a person. Command line and
//! dashboard only draw it.
//!
//! Everything here is a pure function of the objects, as JSON, and of the present, as a value. Nothing fails: what an
//! object does not say, or says in a way nobody understands, reads as empty, so that there is always something to
//! look at when a person wants to know why.

pub mod analysis;
pub mod diff;
pub mod duration;
pub mod experiment;
pub mod explain;
pub mod history;
pub mod icon;
pub mod images;
pub mod phase;
pub mod pod;
mod read;
pub mod replica_set;
pub mod rollout;
pub mod table;
pub mod tag;
pub mod template;
pub mod weights;

pub use analysis::{AnalysisRunInfo, JobInfo};
pub use experiment::ExperimentInfo;
pub use icon::{Colour, Icon};
pub use images::Image;
pub use pod::PodInfo;
pub use replica_set::{ReplicaSetInfo, ScaleDown};
pub use rollout::{Revision, RolloutInfo};
pub use tag::Tag;

use serde_json::Value;

/// The objects of one namespace from which a view is made. Those that do not belong to what is shown are passed over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Objects<'a> {
    /// ReplicaSets.
    pub replica_sets: &'a [&'a Value],
    /// Pods.
    pub pods: &'a [&'a Value],
    /// Experiments.
    pub experiments: &'a [&'a Value],
    /// AnalysisRuns.
    pub analysis_runs: &'a [&'a Value],
}

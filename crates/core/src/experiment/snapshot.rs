//! Everything a decision on an Experiment may read.

use super::Refused;
use crate::{ReplicaSet, Service};
use rollouts_api::analysis::{AnalysisRun, TemplatesByRef};
use rollouts_api::experiment::Experiment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the caches knew at one moment about one Experiment.
#[derive(Debug, Clone, Default)]
pub struct ExperimentSnapshot {
    /// The Experiment.
    pub experiment: Arc<Experiment>,
    /// ReplicaSets that it controls, those that are being deleted among them.
    pub replica_sets: Vec<Arc<ReplicaSet>>,
    /// Names of other ReplicaSets that a new one of its own could collide with.
    pub foreign_replica_sets: BTreeSet<String>,
    /// Services that it controls, those that are being deleted among them.
    pub services: Vec<Arc<Service>>,
    /// Names of other Services that a new one of its own could collide with.
    pub foreign_services: BTreeSet<String>,
    /// AnalysisRuns that it controls, those that are being deleted among them.
    pub analysis_runs: Vec<Arc<AnalysisRun>>,
    /// Names of other AnalysisRuns of the namespace that begin with its name and a dash.
    pub foreign_analysis_runs: BTreeSet<String>,
    /// The templates that [`crate::experiment_template_closure`] finds for it.
    pub templates: TemplatesByRef,
    /// Why nothing is known of templates and runs at the moment: then nothing is decided about analyses.
    pub unreadable: Option<String>,
    /// What the API server has just refused to do for a plan, with its words. It is no trouble of the moment, so
    /// that part has failed.
    pub refused: BTreeMap<Refused, String>,
}

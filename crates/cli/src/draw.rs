//! Text for terminals.

mod explanation;
mod header;
mod list;
mod paint;
mod revisions;
mod tree;

pub(crate) use explanation::explanation;
pub(crate) use header::{experiment_header, rollout_header};
pub(crate) use list::{ExperimentRow, List, RolloutRow};
pub(crate) use paint::Paint;
pub(crate) use revisions::{changes, history, revision};
pub(crate) use tree::{experiment_tree, rollout_tree};

use rollouts_view::{ExperimentInfo, RolloutInfo};

/// Everything about a Rollout.
pub(crate) fn rollout(info: &RolloutInfo, paint: Paint) -> String {
    format!("{}\n{}", rollout_header(info, paint), rollout_tree(info, paint))
}

/// Everything about an Experiment.
pub(crate) fn experiment(info: &ExperimentInfo, paint: Paint) -> String {
    format!("{}\n{}", experiment_header(info, paint), experiment_tree(info, paint))
}

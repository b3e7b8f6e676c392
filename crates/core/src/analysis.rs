//! Analysis: what a run measures, how its measurements become a verdict.
//!
//! [`run::plan`] is to an AnalysisRun what [`crate::plan`] is to a Rollout: everything is decided there, purely.
//! [`args`] fills in the arguments of metrics, [`tags`] the text they stand in.

pub mod args;
mod phase;
pub mod run;
pub mod tags;

pub use phase::Phase;
pub(crate) use phase::completed;

//! Whole AnalysisRuns through `plan`: what was recorded of Argo Rollouts, tables of rules, and laws.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod bounds;
mod endings;
mod flight;
mod laws;
mod limits;
mod recorded;
mod world;

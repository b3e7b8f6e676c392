//! The AnalysisRun as a state machine: [`plan`] takes a [`RunSnapshot`] and the present time and gives a [`RunPlan`].
//!
//! Measurements are not taken here: a plan asks for them ([`Task`]), and a later snapshot brings what came of them
//! ([`Measuring`]). Only what has been written counts: tasks are asked for from the status as it is, in a plan that
//! writes nothing, so an answer that gets lost, be it with the whole controller, is asked for again. The verdict
//! follows from the measurements alone, however often a plan is made (analysis.md §2).

mod answers;
mod ended;
mod judge;
mod machine;
mod object;
mod plan;
mod retention;
mod schedule;
mod snapshot;
mod spec;
mod tasks;
mod verdict;

pub use machine::plan;
pub(crate) use object::object;
pub use plan::{Ask, JOB_NAME, RunEffect, RunPlan, Task};
pub use snapshot::{Answer, Measuring, Options, RunSnapshot};
pub use spec::{SpecProblem, spec_problems};

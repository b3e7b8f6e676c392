//! AnalysisRuns: what is known of them, who measures, and what is made of it (analysis.md §2).
//!
//! A run goes the way of every object: cache, snapshot, plan, apply. Only its measurements do not: each is a task of its
//! own ([`measuring`]), so that a slow source of metrics keeps no worker, and its answer is part of the next snapshot.

mod alone;
mod caches;
mod far_jobs;
mod jobs;
mod measuring;
mod runs;
mod writer;

pub(crate) use alone::work as work_alone;
pub(crate) use caches::{Analyses, Users, unfilled};
pub(crate) use runs::{RunTools, Runs};

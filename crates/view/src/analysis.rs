//! An AnalysisRun with its counts and Jobs.

use crate::Objects;
use crate::duration::age;
use crate::icon::Icon;
use crate::read::{created, int, list, name, owned_by, revision, text, time};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// An AnalysisRun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalysisRunInfo {
    /// Name.
    pub name: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// How old it is.
    pub age: SignedDuration,
    /// Revision of the Rollout; 0 if it has none.
    pub revision: i64,
    /// Phase; empty before its controller saw it.
    pub status: String,
    /// Sign of the status.
    pub icon: Icon,
    /// Measurements by outcome, summed over the metrics.
    pub counts: Counts,
    /// Jobs it ran, in the order of metrics and measurements.
    pub jobs: Vec<JobInfo>,
}

/// Measurements by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Met the success condition.
    pub successful: i64,
    /// Met the failure condition.
    pub failed: i64,
    /// Neither.
    pub inconclusive: i64,
    /// Could not be taken.
    pub error: i64,
}

/// A Job that measured something, as the AnalysisRun tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInfo {
    /// Name.
    pub name: String,
    /// When the measurement started.
    pub started: Option<Timestamp>,
    /// How long ago that was.
    pub age: SignedDuration,
    /// Phase of the measurement.
    pub status: String,
    /// Sign of the status.
    pub icon: Icon,
}

impl AnalysisRunInfo {
    /// All AnalysisRuns that belong to the owner: newest revision first, then oldest first.
    pub fn owned(objects: Objects<'_>, owner: &str, now: Timestamp) -> Vec<Self> {
        let owned = objects.analysis_runs.iter().filter(|run| owned_by(run, owner));
        let mut infos: Vec<_> = owned.map(|run| Self::of(run, now)).collect();
        infos.sort_by(|a, b| {
            b.revision.cmp(&a.revision).then_with(|| a.created.cmp(&b.created)).then_with(|| b.name.cmp(&a.name))
        });
        infos
    }

    /// Reads an AnalysisRun.
    pub fn of(run: &Value, now: Timestamp) -> Self {
        let results = list(run, "/status/metricResults");
        let sum = |field: &str| results.iter().map(|r| int(r, field)).sum();
        let created = created(run);
        let status = text(run, "/status/phase");
        AnalysisRunInfo {
            name: name(run).into(),
            created,
            age: age(created, now),
            revision: revision(run),
            status: status.into(),
            icon: Icon::of_analysis(status),
            counts: Counts {
                successful: sum("/successful"),
                failed: sum("/failed"),
                inconclusive: sum("/inconclusive"),
                error: sum("/error"),
            },
            jobs: results.iter().flat_map(|r| list(r, "/measurements")).filter_map(|m| JobInfo::of(m, now)).collect(),
        }
    }
}

impl JobInfo {
    fn of(measurement: &Value, now: Timestamp) -> Option<Self> {
        let name = text(measurement, "/metadata/job-name");
        let status = text(measurement, "/phase");
        let started = time(measurement, "/startedAt");
        (!name.is_empty()).then(|| JobInfo {
            name: name.into(),
            started,
            age: age(started, now),
            status: status.into(),
            icon: Icon::of_analysis(status),
        })
    }
}

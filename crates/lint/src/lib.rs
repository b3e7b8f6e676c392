//! Checks manifests before they reach a cluster: [`check`] takes the text of files and gives [`Finding`]s. Pure: no files,
//! no cluster, no clock.
//!
//! What is an error here is what the API server or the controller would refuse, found by the controller's own code
//! (`rollouts_core::problems` and what stands beside it); nothing of it is repeated here. What this crate adds is how the
//! objects are found in a text ([`yaml`], [`strict`]), which of them a Rollout refers to ([`world`]), where a field stands
//! ([`locate`]), and the warnings: what is legal, and mostly a mistake.

mod analysis;
mod expected;
mod experiment;
mod finding;
mod locate;
mod object;
pub mod report;
mod rollout;
pub mod rules;
pub mod strict;
mod warnings;
mod world;
pub mod yaml;

pub use finding::{Finding, ObjectId, Report, Severity};
pub use yaml::Position;

use finding::Findings;
use object::Object;
use std::collections::BTreeSet;
use world::World;

/// A file to check.
#[derive(Debug, Clone, Default)]
pub struct File {
    /// How findings name it.
    pub name: String,
    /// YAML or JSON, one document or many.
    pub text: String,
}

/// How to check.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The namespace of objects that name none.
    pub namespace: String,
    /// Warnings that are not wanted, by their ids.
    pub ignored: BTreeSet<String>,
}

/// Everything that is wrong with the files, or unwise, in the order of the documents. Objects of all files are seen
/// together.
pub fn check(files: &[File], settings: &Settings) -> Report {
    let mut findings = Findings::default();
    let mut objects: Vec<Object> = Vec::new();
    for file in files {
        object::read(file, settings, &mut objects, &mut findings);
    }
    let world = World::new(&objects);
    for object in &objects {
        let mut found = findings.about(object);
        match object.custom_kind() {
            Some("Rollout") => rollout::check(object, &world, &mut found),
            Some("AnalysisTemplate" | "ClusterAnalysisTemplate") => {
                analysis::check_template(object, &world, &mut found)
            }
            Some("AnalysisRun") => analysis::check_run(object, &mut found),
            Some("Experiment") => experiment::check(object, &world, &mut found),
            _ => {}
        }
        warnings::of_any(object, &world, &mut found);
    }
    let checked = objects.iter().filter(|object| object.custom_kind().is_some()).count();
    findings.into_report(files, checked, &settings.ignored)
}

#[cfg(test)]
mod tests;

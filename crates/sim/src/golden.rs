//! The recordings of the original controller that lie in `golden/`, and what they are to us.
//!
//! `golden/AREA/NAME.yaml` is a scenario, `NAME.json` what was seen of Argo Rollouts 1.10 on Kubernetes 1.34.
//! `golden/differences.txt` names those that this controller plays differently on purpose; each is explained in
//! `docs/differences.md`.

use crate::compare;
use crate::recording::Recording;
use crate::scenario::Scenario;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The areas: a directory each.
pub const AREAS: [&str; 3] = ["canary", "bluegreen", "analysis"];

/// A scenario and what the original did.
#[derive(Debug, Clone)]
pub struct Golden {
    /// Its name.
    pub name: String,
    /// What happens.
    pub scenario: Scenario,
    /// What was seen.
    pub recording: Recording,
    /// Why this controller does something else, if it does.
    pub difference: Option<String>,
}

/// Where they lie.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// Names of the scenarios of an area, sorted.
///
/// # Errors
/// When the directory cannot be read.
pub fn names(area: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory().join(area))? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "yaml") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Scenarios that differ on purpose, each with the reason.
///
/// # Errors
/// When the list cannot be read.
pub fn differences() -> io::Result<Vec<(String, String)>> {
    let text = fs::read_to_string(directory().join("differences.txt"))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let broken = || io::Error::other(format!("not `NAME: reason`: {line}"));
            line.split_once(": ").map(|(name, reason)| (name.to_owned(), reason.to_owned())).ok_or_else(broken)
        })
        .collect()
}

impl Golden {
    /// Reads one.
    ///
    /// # Errors
    /// When a file is missing or broken.
    pub fn read(area: &str, name: &str) -> io::Result<Golden> {
        let file = directory().join(area).join(name);
        let scenario = fs::read_to_string(file.with_extension("yaml"))?;
        let recording = fs::read_to_string(file.with_extension("json"))?;
        let difference = differences()?.into_iter().find(|(known, _)| known == name).map(|(_, reason)| reason);
        Ok(Golden {
            name: name.to_owned(),
            scenario: Scenario::parse(&scenario).map_err(io::Error::other)?,
            recording: serde_json::from_str(&recording)?,
            difference,
        })
    }

    /// Reads all, area by area.
    ///
    /// # Errors
    /// When a file is missing or broken.
    pub fn all() -> io::Result<Vec<Golden>> {
        let mut all = Vec::new();
        for area in AREAS {
            for name in names(area)? {
                all.push(Golden::read(area, &name)?);
            }
        }
        Ok(all)
    }

    /// Whether `ours` is what it should be: the same as the recording, or different where a difference is meant.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self, ours: &Recording) -> Result<(), String> {
        let (name, diff) = (&self.name, compare::diff(&self.recording, ours));
        match &self.difference {
            None if diff.is_empty() => Ok(()),
            None => Err(format!("{name} is not as recorded:\n{diff}")),
            Some(reason) if diff.is_empty() => {
                Err(format!("{name} is as recorded: it needs no excuse any more ({reason})"))
            }
            Some(_) => Ok(()),
        }
    }
}

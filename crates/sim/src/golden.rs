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
pub const AREAS: [&str; 4] = ["canary", "bluegreen", "analysis", "traffic"];

/// A scenario and what the original did.
#[derive(Debug, Clone)]
pub struct Golden {
    /// Its name.
    pub name: String,
    /// What happens.
    pub scenario: Scenario,
    /// What was seen.
    pub recording: Recording,
    /// What this controller does otherwise, if it does.
    pub difference: Option<Difference>,
}

/// What this controller does otherwise than was recorded, on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Name of the scenario.
    pub name: String,
    /// The parts of the recording that may differ, as [`compare::diff`] names them; all if there are none.
    pub parts: Vec<String>,
    /// Why.
    pub reason: String,
}

impl Difference {
    /// Reads `NAME: reason` or `NAME (part; part): reason`.
    fn parse(line: &str) -> Option<Difference> {
        let (head, reason) = line.split_once(": ")?;
        let (name, parts) = match head.split_once(" (") {
            Some((name, parts)) => (name, parts.strip_suffix(')')?.split("; ").map(str::to_owned).collect()),
            None => (head, Vec::new()),
        };
        Some(Difference { name: name.to_owned(), parts, reason: reason.to_owned() })
    }

    /// The parts of a diff that nobody excuses.
    fn beyond<'a>(&'a self, diff: &'a str) -> Vec<&'a str> {
        let differing = diff.lines().filter_map(|line| line.strip_prefix("--- golden "));
        differing.filter(|part| !self.parts.is_empty() && !self.parts.iter().any(|p| p == part)).collect()
    }
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

/// What differs on purpose.
///
/// # Errors
/// When the list cannot be read.
pub fn differences() -> io::Result<Vec<Difference>> {
    let text = fs::read_to_string(directory().join("differences.txt"))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let broken = |line| io::Error::other(format!("not `NAME: reason`: {line}"));
    lines.map(|line| Difference::parse(line).ok_or_else(|| broken(line))).collect()
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
        let difference = differences()?.into_iter().find(|known| known.name == name);
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
            Some(difference) if diff.is_empty() => {
                Err(format!("{name} is as recorded: it needs no excuse any more ({})", difference.reason))
            }
            Some(difference) => match difference.beyond(&diff)[..] {
                [] => Ok(()),
                [..] => Err(format!("{name} is not as recorded, also where it should be:\n{diff}")),
            },
        }
    }
}

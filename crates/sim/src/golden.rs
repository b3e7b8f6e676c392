//! The recordings of the original controller that lie in `golden/`, and what they are to us.
//!
//! `golden/AREA/NAME.yaml` is a scenario, `NAME.json` what was seen of Argo Rollouts 1.10 on Kubernetes 1.34.
//! `golden/differences.txt` names those that are played differently on purpose; each is explained in `docs/differences.md`,
//! or, of the area about the plugin, in `docs/differences/cli.md`.

use crate::compare;
use crate::recording::Recording;
use crate::scenario::Scenario;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The areas that are about the controller: a directory each.
pub const AREAS: [&str; 4] = ["canary", "bluegreen", "analysis", "traffic"];

/// The area that is about the plugin.
pub const PLUGIN: &str = "cli";

/// A scenario and what the original did.
#[derive(Debug, Clone)]
pub struct Golden {
    /// Its name.
    pub name: String,
    /// What happens.
    pub scenario: Scenario,
    /// What was seen.
    pub recording: Recording,
    /// What is otherwise here, if anything is.
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
        let is_excused = |part: &&str| self.parts.is_empty() || self.parts.iter().any(|p| p == part);
        parts(diff).filter(|part| !is_excused(part)).collect()
    }

    /// The parts that need no excuse.
    fn idle<'a>(&'a self, diff: &str) -> Vec<&'a str> {
        let is_idle = |part: &&String| !parts(diff).any(|differing| differing == *part);
        self.parts.iter().filter(is_idle).map(String::as_str).collect()
    }
}

/// The parts that differ.
fn parts(diff: &str) -> impl Iterator<Item = &str> {
    diff.lines().filter_map(|line| line.strip_prefix("--- golden "))
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

/// What differs on purpose. Several lines about a scenario count together.
///
/// # Errors
/// When the list cannot be read.
pub fn differences() -> io::Result<Vec<Difference>> {
    let text = fs::read_to_string(directory().join("differences.txt"))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let broken = |line| io::Error::other(format!("not `NAME: reason`: {line}"));
    let mut differences: Vec<Difference> = Vec::new();
    for line in lines {
        let next = Difference::parse(line).ok_or_else(|| broken(line))?;
        match differences.iter_mut().find(|known| known.name == next.name) {
            Some(known) => {
                known.parts.extend(next.parts);
                known.reason = format!("{}; {}", known.reason, next.reason);
            }
            None => differences.push(next),
        }
    }
    Ok(differences)
}

impl Golden {
    /// Reads one.
    ///
    /// # Errors
    /// When a file is missing or broken.
    pub fn read(area: &str, name: &str) -> io::Result<Golden> {
        let directory = directory().join(area);
        let file = directory.join(name);
        let scenario = fs::read_to_string(file.with_extension("yaml"))?;
        let recording = fs::read_to_string(file.with_extension("json"))?;
        let difference = differences()?.into_iter().find(|known| known.name == name);
        Ok(Golden {
            name: name.to_owned(),
            scenario: Scenario { directory, ..Scenario::parse(&scenario).map_err(io::Error::other)? },
            recording: serde_json::from_str(&recording)?,
            difference,
        })
    }

    /// Reads all that are about the controller, area by area.
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
            Some(difference) => match (&difference.beyond(&diff)[..], &difference.idle(&diff)[..]) {
                ([], []) => Ok(()),
                ([], idle) => Err(format!("{name} is as recorded in what needs no excuse any more: {idle:?}")),
                _ => Err(format!("{name} is not as recorded, also where it should be:\n{diff}")),
            },
        }
    }
}

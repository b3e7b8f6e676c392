//! What is found.

use crate::locate::locate;
use crate::object::Object;
use crate::rules::{self, Rule};
use crate::{File, Position};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The API server or the controller refuses it.
    Error,
    /// It is accepted, and mostly a mistake.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// Which object a finding is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    /// `group/version`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty if it names none.
    pub namespace: String,
    /// Its name; empty if it has none.
    pub name: String,
}

/// `Rollout prod/web`.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "(no name)" } else { &self.name };
        match self.namespace.as_str() {
            "" => write!(f, "{} {name}", self.kind),
            namespace => write!(f, "{} {namespace}/{name}", self.kind),
        }
    }
}

/// One thing that is wrong or unwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub rule: &'static Rule,
    /// The file's name.
    pub file: String,
    /// Where in the file.
    pub at: Position,
    /// The object, if it can be told.
    pub object: Option<ObjectId>,
    /// The field, as messages of the controller name it; may be empty.
    pub field: String,
    /// What is wrong, without the field.
    pub message: String,
    /// The template of the chart that the document was made from, as `helm template` notes it.
    pub source: Option<String>,
    /// For a document that cannot be decoded: the whole text of the error in Argo Rollouts' words.
    pub undecodable: Option<String>,
}

impl Finding {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.rule.severity
    }

    /// `FIELD: MESSAGE`.
    pub fn text(&self) -> String {
        if self.field.is_empty() { self.message.clone() } else { format!("{}: {}", self.field, self.message) }
    }
}

/// The result of a check.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// In the order of files and documents.
    pub findings: Vec<Finding>,
    /// Files that were read.
    pub files: Vec<String>,
    /// Objects of `argoproj.io` that were found.
    pub objects: usize,
}

impl Report {
    /// How many findings are that bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.severity() == severity).count()
    }

    /// Those that are that bad.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |f| f.severity() == severity)
    }
}

/// Collects findings.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// For what is found about `object`.
    pub fn about<'a>(&'a mut self, object: &'a Object) -> About<'a> {
        About { object, findings: self }
    }

    /// Sorted by file; within one file as they were found.
    pub fn into_report(self, files: &[File], objects: usize, ignored: &BTreeSet<String>) -> Report {
        let order: BTreeMap<&str, usize> = files.iter().enumerate().map(|(i, f)| (f.name.as_str(), i)).collect();
        let mut findings = self.0;
        findings.retain(|f| f.severity() == Severity::Error || !ignored.contains(f.rule.id));
        findings.sort_by_key(|f| order.get(f.file.as_str()).copied());
        let sources: Vec<Vec<(usize, Option<&str>)>> = files.iter().map(|file| sources(&file.text)).collect();
        for finding in &mut findings {
            let notes = order.get(finding.file.as_str()).and_then(|i| sources.get(*i)).map_or(&[][..], Vec::as_slice);
            let above = notes.partition_point(|(line, _)| *line <= finding.at.line);
            let nearest = above.checked_sub(1).and_then(|i| notes[i].1);
            finding.source = nearest.map(str::to_string);
        }
        Report { findings, files: files.iter().map(|f| f.name.clone()).collect(), objects }
    }
}

/// The lines from which on another template of a chart, or none, is what `helm template` made a document from.
fn sources(text: &str) -> Vec<(usize, Option<&str>)> {
    let notes = text.lines().enumerate().filter_map(|(i, line)| match line.strip_prefix("# Source: ") {
        Some(path) => Some((i + 1, Some(path.trim()))),
        None => line.starts_with("---").then_some((i + 1, None)),
    });
    notes.collect()
}

/// What is found about one object.
pub(crate) struct About<'a> {
    object: &'a Object,
    findings: &'a mut Findings,
}

impl About<'_> {
    /// Something about `field`, whose place is looked up.
    pub fn add(&mut self, rule: &'static Rule, field: &str, message: impl Into<String>) {
        let field = if field == "<nil>" { "" } else { field };
        self.add_at(rule, locate(&self.object.node, self.object.at, field), field, message, None);
    }

    /// The same with its place, and what Argo Rollouts says if it cannot decode the document.
    pub fn add_at(
        &mut self,
        rule: &'static Rule,
        at: Position,
        field: &str,
        message: impl Into<String>,
        undecodable: Option<String>,
    ) {
        let finding = Finding {
            rule,
            file: self.object.file.clone(),
            at,
            object: Some(self.object.id.clone()),
            field: field.into(),
            message: message.into(),
            source: None,
            undecodable,
        };
        // Two fields may be wrong in the same words, so only warnings are said once.
        let is_said = rule.severity == Severity::Warning && self.findings.0.contains(&finding);
        if !is_said {
            self.findings.push(finding);
        }
    }

    /// Whether an error about this object names a field that ends so.
    pub fn knows(&self, last: &str) -> bool {
        let id = &self.object.id;
        self.findings.0.iter().any(|f| {
            f.object.as_ref() == Some(id)
                && f.severity() == Severity::Error
                && f.field.rsplit('.').next() == Some(last)
                && f.rule.id != rules::UNKNOWN_FIELD.id
        })
    }
}

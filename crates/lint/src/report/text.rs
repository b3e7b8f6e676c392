//! For people, and for scripts that read what Argo Rollouts prints.

use crate::{Finding, Report, Severity};
use std::collections::BTreeSet;

/// Text for both streams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// What Argo Rollouts prints on standard output: errors without their fields, one a line, and none of a file that it
    /// cannot decode.
    pub bodies: String,
    /// One line a finding: `FILE:LINE:COLUMN: SEVERITY: OBJECT: FIELD: MESSAGE [RULE]`.
    pub lines: String,
    /// The text of the first error: that of a document which cannot be decoded, if there is one.
    pub first_error: Option<String>,
}

/// `report` as text.
pub fn text(report: &Report) -> Text {
    let undecodable: BTreeSet<&str> =
        report.findings.iter().filter(|f| f.undecodable.is_some()).map(|f| f.file.as_str()).collect();
    let bodies = report.of(Severity::Error).filter(|f| !undecodable.contains(f.file.as_str()));
    let bodies = bodies.map(|f| format!("{}\n", f.message)).collect();
    let broken = report.findings.iter().find_map(|f| f.undecodable.clone());
    let first_error = broken.or_else(|| report.of(Severity::Error).next().map(Finding::text));
    // By their places, which is how a file is read.
    let mut placed: Vec<&Finding> = report.findings.iter().collect();
    placed.chunk_by_mut(|a, b| a.file == b.file).for_each(|of_file| of_file.sort_by_key(|finding| finding.at));
    Text { bodies, lines: placed.into_iter().map(line).collect(), first_error }
}

fn line(finding: &Finding) -> String {
    let Finding { file, at, object, .. } = finding;
    let object = object.as_ref().filter(|id| !id.kind.is_empty()).map_or_else(String::new, |id| format!("{id}: "));
    let severity = finding.severity().word();
    let source = finding.source.as_ref().map_or_else(String::new, |source| format!(" ({source})"));
    let text = finding.text().replace('\n', " ");
    format!("{file}:{}:{}: {severity}: {object}{text}{source} [{}]\n", at.line, at.column, finding.rule.id)
}

//! JSON.

use crate::{Finding, Report, Severity};
use serde_json::{Value, json};

/// `{"findings": [...], "summary": {"files", "objects", "errors", "warnings"}}`, indented, with a line's end.
pub fn json(report: &Report) -> String {
    let summary = json!({
        "files": report.files.len(),
        "objects": report.objects,
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
    });
    let findings: Vec<Value> = report.findings.iter().map(finding).collect();
    // Cannot fail: every key is a text.
    let mut text = serde_json::to_string_pretty(&json!({"findings": findings, "summary": summary})).unwrap_or_default();
    text.push('\n');
    text
}

fn finding(finding: &Finding) -> Value {
    let mut value = json!({
        "rule": finding.rule.id,
        "severity": finding.severity().word(),
        "file": finding.file,
        "line": finding.at.line,
        "column": finding.at.column,
        "message": finding.message,
    });
    if !finding.field.is_empty() {
        value["field"] = json!(finding.field);
    }
    if let Some(source) = &finding.source {
        value["source"] = json!(source);
    }
    if let Some(id) = &finding.object {
        value["object"] = json!({
            "apiVersion": id.api_version, "kind": id.kind, "namespace": id.namespace, "name": id.name,
        });
    }
    value
}

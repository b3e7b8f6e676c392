//! SARIF 2.1.0, which code scanners upload.

use crate::rules::{self, Rule};
use crate::{Finding, Report};
use serde_json::{Value, json};
use std::fmt::Write as _;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One run of the tool, of this version, with a line's end.
pub fn sarif(report: &Report, version: &str) -> String {
    let rules: Vec<Value> = rules::ALL.iter().map(|rule| described(rule)).collect();
    let results: Vec<Value> = report.findings.iter().map(result).collect();
    let driver = json!({"name": "kubectl-argo-rollouts lint", "version": version, "rules": rules});
    // What counts as a column is a character here, not a UTF-16 unit.
    let run = json!({"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results});
    let log = json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]});
    // Cannot fail: every key is a text.
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": rule.severity.word()},
    })
}

fn result(finding: &Finding) -> Value {
    let index = rules::ALL.iter().position(|rule| rule.id == finding.rule.id);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&finding.file)},
            "region": {"startLine": finding.at.line, "startColumn": finding.at.column},
        },
    });
    if let Some(id) = &finding.object {
        location["logicalLocations"] = json!([{"fullyQualifiedName": format!("{id} {}", finding.field).trim_end()}]);
    }
    json!({
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": finding.severity().word(),
        "message": {"text": finding.text()},
        "locations": [location],
    })
}

/// A path as a relative or `file` URI.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ => write!(uri, "%{byte:02X}").expect("writing to a String cannot fail"),
        }
    }
    uri
}

//! Workflow commands of GitHub Actions: annotations of the changed lines.

use crate::{Finding, Report};

/// One command a finding.
pub fn github(report: &Report) -> String {
    report.findings.iter().map(command).collect()
}

fn command(finding: &Finding) -> String {
    let object = finding.object.as_ref().map_or_else(String::new, |id| format!("{id}: "));
    let properties = [
        ("file", finding.file.clone()),
        ("line", finding.at.line.to_string()),
        ("col", finding.at.column.to_string()),
        ("title", format!("rollouts lint: {}", finding.rule.id)),
    ];
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    let message = data(&format!("{object}{}", finding.text()));
    format!("::{} {}::{message}\n", finding.severity().word(), properties.join(","))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

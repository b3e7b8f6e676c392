//! Roles made from what the document grants.

use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("../../../../docs/permissions.md");

/// The rules of the table below a heading.
pub fn rules(heading: &str) -> Vec<Value> {
    let title = format!("## {heading}");
    let table = DOCUMENT.lines().skip_while(|line| *line != title).skip(1).take_while(|line| !line.starts_with('#'));
    let rows = table.filter(|line| line.starts_with("| ") && !line.starts_with("| API group"));
    let rules: Vec<Value> = rows.map(rule).collect();
    assert!(!rules.is_empty(), "{heading} is in the document");
    rules
}

/// `` | group | `a`, `b` | get, list | … | ``
fn rule(row: &str) -> Value {
    let mut cells = row.trim_matches('|').split('|').map(str::trim);
    let mut cell = || cells.next().unwrap();
    let group = match cell() {
        "core" => "",
        group => group,
    };
    let mut list = || cell().split(',').map(|word| word.trim().trim_matches('`')).collect::<Vec<_>>();
    json!({ "apiGroups": [group], "resources": list(), "verbs": list() })
}

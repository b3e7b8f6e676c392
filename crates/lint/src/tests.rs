mod documented;
mod objects;
mod references;
mod robust;

use crate::{File, Report, Settings, check};

/// A Rollout that nothing can be said against; `canary` is what its strategy is.
fn rollout(name: &str, canary: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: {name}}}
spec:
  replicas: 10
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
      - name: {name}
        image: reg.example/{name}:1.2
        readinessProbe: {{httpGet: {{path: /, port: 80}}}}
  strategy:
    canary: {canary}
"
    )
}

fn service(name: &str, app: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {app}}}, ports: [{{port: 80}}]}}\n"
    )
}

fn template(name: &str, spec: &str) -> String {
    format!("---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: {name}}}\nspec: {spec}\n")
}

/// Steps with a gate.
const STEPS: &str = "{steps: [{setWeight: 20}, {pause: {}}]}";

fn report(texts: &[&str]) -> Report {
    let file = |(i, text): (usize, &&str)| File { name: format!("{}.yaml", i + 1), text: (*text).to_string() };
    check(&texts.iter().enumerate().map(file).collect::<Vec<_>>(), &Settings::default())
}

/// `LINE:COLUMN RULE FIELD: MESSAGE`.
fn found(text: &str) -> Vec<String> {
    report(&[text])
        .findings
        .iter()
        .map(|f| format!("{}:{} {} {}", f.at.line, f.at.column, f.rule.id, f.text()))
        .collect()
}

/// Ids of rules.
fn ids(text: &str) -> Vec<&'static str> {
    report(&[text]).findings.iter().map(|f| f.rule.id).collect()
}

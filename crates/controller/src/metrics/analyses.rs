//! Numbers about the present state of AnalysisRuns and templates, from the caches at each scrape. Names of metrics that
//! a user wrote twice are told once: a scrape never fails because of what users write.

use super::phases::{by_phase, labels, phase};
use super::text::{Kind, Text};
use rollouts_api::analysis::{AnalysisRun, AnalysisTemplate, Metric};
use rollouts_providers::provider_name;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn write_runs(text: &mut Text, runs: &[Arc<AnalysisRun>]) {
    text.family("analysis_run_info", Kind::Gauge, "What there is to know about an AnalysisRun.");
    for run in runs {
        let [namespace, name] = labels(&run.metadata);
        text.sample("analysis_run_info", &[namespace, name, ("phase", phase(&run.status.phase))], 1.0);
    }
    text.family("analysis_run_phase", Kind::Gauge, "Deprecated, use analysis_run_info.");
    for run in runs {
        by_phase(text, "analysis_run_phase", &labels(&run.metadata), &run.status.phase);
    }
    text.family("analysis_run_metric_type", Kind::Gauge, "Where the metrics of an AnalysisRun are measured.");
    for run in runs {
        for metric in once(&run.spec.metrics, |metric| &metric.name) {
            let [namespace, name] = labels(&run.metadata);
            let labels = [namespace, name, ("metric", &metric.name), ("type", kind(Some(metric)))];
            text.sample("analysis_run_metric_type", &labels, 1.0);
        }
    }
    text.family("analysis_run_metric_phase", Kind::Gauge, "How the metrics of an AnalysisRun that were measured go.");
    for run in runs {
        for result in once(&run.status.metric_results, |result| &result.name) {
            let metric = run.spec.metrics.iter().find(|metric| metric.name == result.name);
            let [namespace, name] = labels(&run.metadata);
            let labels = [
                namespace,
                name,
                ("metric", &result.name),
                ("type", kind(metric)),
                ("dry_run", if result.dry_run { "true" } else { "false" }),
            ];
            by_phase(text, "analysis_run_metric_phase", &labels, &result.phase);
        }
    }
}

pub(super) fn write_templates(text: &mut Text, templates: &[Arc<AnalysisTemplate>]) {
    text.family("analysis_template_info", Kind::Gauge, "AnalysisTemplates; those of the cluster have no namespace.");
    templates.iter().for_each(|template| text.sample("analysis_template_info", &labels(&template.metadata), 1.0));
    text.family("analysis_template_metric_info", Kind::Gauge, "The metrics of an AnalysisTemplate.");
    for template in templates {
        for metric in once(&template.spec.metrics, |metric| &metric.name) {
            let [namespace, name] = labels(&template.metadata);
            let labels = [namespace, name, ("type", kind(Some(metric))), ("metric", &*metric.name)];
            text.sample("analysis_template_metric_info", &labels, 1.0);
        }
    }
}

/// The first of each name.
fn once<'a, T>(all: &'a [T], name: impl Fn(&'a T) -> &'a String) -> impl Iterator<Item = &'a T> {
    let mut seen = BTreeSet::new();
    all.iter().filter(move |one| seen.insert(name(one)))
}

/// Where a metric is measured, in the words of the Go controller.
fn kind(metric: Option<&Metric>) -> &'static str {
    let kind = metric.map_or("", provider_name);
    if kind.is_empty() { "Unknown Provider" } else { kind }
}

#[cfg(test)]
mod tests {
    use super::super::phases::PHASES;
    use super::*;
    use serde_json::{Value, json};

    fn lines(text: Text) -> Vec<String> {
        text.finish().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    fn run(name: &str, metrics: Value, status: Value) -> Arc<AnalysisRun> {
        let object = json!({
            "metadata": { "name": name, "namespace": "shop" }, "spec": { "metrics": metrics }, "status": status,
        });
        Arc::new(serde_json::from_value(object).expect("an AnalysisRun"))
    }

    #[test]
    fn runs_as_the_go_controller_tells_them() {
        let metrics = json!([
            { "name": "errors", "provider": { "prometheus": { "query": "q" } } },
            { "name": "looks", "provider": { "web": { "url": "u" }, "job": { "spec": {} } } },
            { "name": "errors", "provider": { "skywalking": { "query": "twice" } } },
        ]);
        let results = json!([
            { "name": "errors", "phase": "Failed", "dryRun": true },
            { "name": "errors", "phase": "Running" },
        ]);
        let begun = run("begun", metrics, json!({ "phase": "Failed", "metricResults": results }));
        let new = run("new", json!([{ "name": "m", "provider": {} }]), Value::Null);
        let mut text = Text::default();
        write_runs(&mut text, &[begun, new]);
        let lines = lines(text);
        let (begun, new) = (r#"namespace="shop",name="begun""#, r#"namespace="shop",name="new""#);
        assert_eq!(lines[0], format!(r#"analysis_run_info{{{begun},phase="Failed"}} 1"#));
        assert_eq!(lines[1], format!(r#"analysis_run_info{{{new},phase="Pending"}} 1"#));
        let phases = |of: &str, present: &str| {
            PHASES.map(|phase| {
                let is = if phase.as_str() == present { 1 } else { 0 };
                format!(r#"{of},phase="{}"}} {is}"#, phase.as_str())
            })
        };
        assert_eq!(lines[2..8], phases(&format!("analysis_run_phase{{{begun}"), "Failed"));
        assert_eq!(lines[8..14], phases(&format!("analysis_run_phase{{{new}"), "Pending"));
        let of = |name: &str, run: &str, metric: &str, kind: &str| {
            format!(r#"analysis_run_metric_{name}{{{run},metric="{metric}",type="{kind}""#)
        };
        assert_eq!(lines[14], of("type", begun, "errors", "Prometheus") + "} 1");
        assert_eq!(lines[15], of("type", begun, "looks", "Job") + "} 1");
        assert_eq!(lines[16], of("type", new, "m", "Unknown Provider") + "} 1");
        let measured = of("phase", begun, "errors", "Prometheus") + r#",dry_run="true""#;
        assert_eq!(lines[17..], phases(&measured, "Failed"));
    }

    #[test]
    fn templates_as_the_go_controller_tells_them() {
        let template = |namespace: &str, metrics: Value| -> Arc<AnalysisTemplate> {
            let object = json!({
                "metadata": { "name": "t", "namespace": namespace }, "spec": { "metrics": metrics },
            });
            Arc::new(serde_json::from_value(object).expect("a template"))
        };
        let plugin = json!([{ "name": "m", "provider": { "plugin": { "mine": {} } } }]);
        let twice = json!([{ "name": "m", "provider": {} }, { "name": "m", "provider": {} }]);
        let mut text = Text::default();
        write_templates(&mut text, &[template("shop", plugin), template("", twice)]);
        let expected = [
            r#"analysis_template_info{namespace="shop",name="t"} 1"#,
            r#"analysis_template_info{namespace="",name="t"} 1"#,
            r#"analysis_template_metric_info{namespace="shop",name="t",type="RPCPlugin",metric="m"} 1"#,
            r#"analysis_template_metric_info{namespace="",name="t",type="Unknown Provider",metric="m"} 1"#,
        ];
        assert_eq!(lines(text), expected);
    }
}

//! From references to templates to the spec of a run (analysis.md §1.10).

use super::{AnalysisRunSpec, AnalysisTemplateSpec, Argument, Metric};
use crate::rollout::{AnalysisTemplateRef, DryRun, MeasurementRetention};
use std::collections::{BTreeMap, BTreeSet};

/// All templates by reference, as far as they exist.
pub type TemplatesByRef = BTreeMap<AnalysisTemplateRef, AnalysisTemplateSpec>;

/// A reference to a template that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingTemplate {
    /// The reference.
    pub reference: AnalysisTemplateRef,
    /// Whether another template makes it.
    pub nested: bool,
}

impl MissingTemplate {
    /// The kind that it refers to.
    pub fn kind(&self) -> &'static str {
        if self.reference.cluster_scope { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" }
    }

    /// `AnalysisTemplate 'x' not found`.
    pub fn message(&self) -> String {
        format!("{} '{}' not found", self.kind(), self.reference.template_name)
    }
}

/// The templates that a list of references stands for, each once: all namespaced ones before all cluster ones.
#[derive(Debug, Clone, Default)]
pub struct TemplateSet<'a> {
    namespaced: Vec<(&'a str, &'a AnalysisTemplateSpec)>,
    cluster: Vec<(&'a str, &'a AnalysisTemplateSpec)>,
}

impl<'a> TemplateSet<'a> {
    /// Follows `references` depth first, a template before those that it refers to. Templates that refer to each
    /// other in a circle are taken once.
    pub fn resolve(references: &[AnalysisTemplateRef], found: &'a TemplatesByRef) -> Result<Self, MissingTemplate> {
        let mut set = TemplateSet::default();
        let mut seen = BTreeSet::new();
        set.add(references, found, &mut seen, false)?;
        Ok(set)
    }

    fn add(
        &mut self,
        references: &[AnalysisTemplateRef],
        found: &'a TemplatesByRef,
        seen: &mut BTreeSet<AnalysisTemplateRef>,
        nested: bool,
    ) -> Result<(), MissingTemplate> {
        for reference in references {
            let (known, spec) = found
                .get_key_value(reference)
                .ok_or_else(|| MissingTemplate { reference: reference.clone(), nested })?;
            if seen.insert(reference.clone()) {
                let list = if known.cluster_scope { &mut self.cluster } else { &mut self.namespaced };
                list.push((&known.template_name, spec));
                self.add(&spec.templates, found, seen, true)?;
            }
        }
        Ok(())
    }

    /// The templates with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a AnalysisTemplateSpec)> {
        self.namespaced.iter().chain(&self.cluster).copied()
    }

    /// The templates as one. The error is what the Rollout or run shows.
    pub fn flatten(&self) -> Result<AnalysisTemplateSpec, String> {
        let specs = || self.iter().map(|(_, spec)| spec);
        let metrics: Vec<Metric> = specs().flat_map(|s| s.metrics.clone()).collect();
        let dry_run: Vec<DryRun> = specs().flat_map(|s| s.dry_run.clone()).collect();
        let measurement_retention: Vec<MeasurementRetention> =
            specs().flat_map(|s| s.measurement_retention.clone()).collect();
        if let Some(name) = repeated(metrics.iter().map(|m| m.name.as_str())) {
            return Err(format!("two metrics have the same name '{name}'"));
        }
        check_rules(&dry_run, &measurement_retention)?;
        let args = merge_declarations(specs().flat_map(|s| &s.args))?;
        Ok(AnalysisTemplateSpec { metrics, args, dry_run, measurement_retention, templates: Vec::new() })
    }

    /// The spec of a run of these templates with the caller's arguments and rules. Arguments that no template
    /// declares are dropped.
    pub fn run_spec(
        &self,
        args: &[Argument],
        dry_run: &[DryRun],
        retention: &[MeasurementRetention],
    ) -> Result<AnalysisRunSpec, String> {
        let flat = self.flatten()?;
        let dry_run = [dry_run, &flat.dry_run[..]].concat();
        let measurement_retention = [retention, &flat.measurement_retention[..]].concat();
        check_rules(&dry_run, &measurement_retention)?;
        let args = give_values(flat.args, args)?;
        Ok(AnalysisRunSpec { metrics: flat.metrics, args, dry_run, measurement_retention, ..Default::default() })
    }
}

fn check_rules(dry_run: &[DryRun], retention: &[MeasurementRetention]) -> Result<(), String> {
    if let Some(name) = repeated(dry_run.iter().map(|r| r.metric_name.as_str())) {
        return Err(format!("two Dry-Run metric rules have the same name '{name}'"));
    }
    if let Some(name) = repeated(retention.iter().map(|r| r.metric_name.as_str())) {
        return Err(format!("two Measurement Retention metric rules have the same name '{name}'"));
    }
    Ok(())
}

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// Several templates may declare one argument, as long as they do not give it different values.
fn merge_declarations<'a>(declarations: impl Iterator<Item = &'a Argument>) -> Result<Vec<Argument>, String> {
    let mut merged: Vec<Argument> = Vec::new();
    for arg in declarations {
        match merged.iter_mut().find(|m| m.name == arg.name) {
            None => merged.push(arg.clone()),
            Some(earlier) => match (&earlier.value, &arg.value) {
                (Some(a), Some(b)) if a != b => {
                    let name = &arg.name;
                    return Err(format!(
                        "Argument `{name}` specified multiple times with different values: '{a}', '{b}'"
                    ));
                }
                // One that only declares the argument takes no source from another.
                (None, _) if arg.value.is_some() || arg.value_from.is_some() => *earlier = arg.clone(),
                _ => {}
            },
        }
    }
    Ok(merged)
}

fn give_values(mut declared: Vec<Argument>, given: &[Argument]) -> Result<Vec<Argument>, String> {
    for arg in &mut declared {
        if let Some(given) = given.iter().find(|g| g.name == arg.name) {
            if given.value.is_some() {
                // Where both stand the secret wins, but the caller means this value.
                arg.value.clone_from(&given.value);
                arg.value_from = None;
            } else if given.value_from.is_some() {
                arg.value_from.clone_from(&given.value_from);
            }
        }
        if arg.value.is_none() && arg.value_from.is_none() {
            return Err(format!("args.{} was not resolved", arg.name));
        }
    }
    Ok(declared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn found(templates: Value) -> TemplatesByRef {
        let specs: BTreeMap<String, AnalysisTemplateSpec> = serde_json::from_value(templates).expect("specs");
        let reference = |name: &str| AnalysisTemplateRef {
            template_name: name.trim_start_matches("cluster/").to_string(),
            cluster_scope: name.starts_with("cluster/"),
        };
        specs.into_iter().map(|(name, spec)| (reference(&name), spec)).collect()
    }

    fn run(templates: Value, references: Value, args: Value) -> Result<AnalysisRunSpec, String> {
        let found = found(templates);
        let references: Vec<AnalysisTemplateRef> = serde_json::from_value(references).expect("references");
        let args: Vec<Argument> = serde_json::from_value(args).expect("args");
        TemplateSet::resolve(&references, &found).map_err(|e| e.message())?.run_spec(&args, &[], &[])
    }

    #[test]
    fn nested_templates_come_once_and_cluster_ones_last() {
        let templates = json!({
            "a": {"metrics": [{"name": "a"}], "templates": [{"templateName": "c", "clusterScope": true}, {"templateName": "b"}]},
            "b": {"metrics": [{"name": "b"}], "templates": [{"templateName": "a"}]},
            "cluster/c": {"metrics": [{"name": "c"}]},
        });
        let spec =
            run(templates.clone(), json!([{"templateName": "a"}, {"templateName": "b"}]), json!([])).expect("merges");
        assert_eq!(spec.metrics.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        let missing = run(templates, json!([{"templateName": "c"}]), json!([]));
        assert_eq!(missing.unwrap_err(), "AnalysisTemplate 'c' not found");
    }

    #[test]
    fn arguments() {
        let templates = json!({
            "a": {"args": [{"name": "x"}, {"name": "y", "value": "1"}, {"name": "s", "valueFrom": {"secretKeyRef": {"name": "n", "key": "k"}}}]},
            "b": {"args": [{"name": "x", "value": "default"}]},
        });
        let both = json!([{"templateName": "a"}, {"templateName": "b"}]);
        let spec =
            run(templates.clone(), both, json!([{"name": "y", "value": ""}, {"name": "stranger", "value": "z"}]));
        let args = spec.expect("merges").args;
        let values: Vec<_> = args.iter().map(|a| (a.name.as_str(), a.value.as_deref())).collect();
        assert_eq!(values, [("x", Some("default")), ("y", Some("")), ("s", None)]);
        let missing = run(templates, json!([{"templateName": "a"}]), json!([]));
        assert_eq!(missing.unwrap_err(), "args.x was not resolved");
    }

    #[test]
    fn secrets_are_lost_only_to_values() {
        let secret = json!({"name": "s", "valueFrom": {"secretKeyRef": {"name": "n", "key": "k"}}});
        let templates = json!({ "a": {"args": [secret]}, "b": {"args": [{"name": "s"}]} });
        let both = json!([{"templateName": "a"}, {"templateName": "b"}]);
        let kept = run(templates.clone(), both.clone(), json!([])).expect("merges").args;
        assert_eq!(serde_json::to_value(&kept).expect("JSON"), json!([secret]));
        let given = run(templates, both, json!([{"name": "s", "value": "open"}])).expect("merges").args;
        assert_eq!(serde_json::to_value(&given).expect("JSON"), json!([{"name": "s", "value": "open"}]));
    }

    #[test]
    fn contradictions() {
        let two = json!([{"templateName": "a"}, {"templateName": "b"}]);
        let error = |a: Value, b: Value| run(json!({"a": a, "b": b}), two.clone(), json!([])).unwrap_err();
        let metric = json!({"metrics": [{"name": "up"}]});
        assert_eq!(error(metric.clone(), metric), "two metrics have the same name 'up'");
        let rule = json!({"dryRun": [{"metricName": "up"}]});
        assert_eq!(error(rule.clone(), rule), "two Dry-Run metric rules have the same name 'up'");
        let rule = json!({"measurementRetention": [{"metricName": "up", "limit": 1}]});
        assert_eq!(error(rule.clone(), rule), "two Measurement Retention metric rules have the same name 'up'");
        assert_eq!(
            error(json!({"args": [{"name": "x", "value": "1"}]}), json!({"args": [{"name": "x", "value": "2"}]})),
            "Argument `x` specified multiple times with different values: '1', '2'"
        );
    }
}

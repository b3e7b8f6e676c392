//! Analyses that a Rollout refers to (analysis.md §1.12).

use super::references::{ReferenceError, References};
use crate::analysis::{Argument, Metric, TemplateSet, TemplatesByRef};
use crate::field::{FieldError, Path};
use crate::rollout::{AnalysisRunArgument, AnalysisTemplateRef, Rollout, RolloutAnalysis};
use crate::rollout_path;
use std::collections::BTreeSet;

/// One place of a Rollout that starts runs.
#[derive(Debug, Clone)]
pub struct Attachment<'a> {
    /// Where.
    pub path: Path,
    /// What is run.
    pub analysis: &'a RolloutAnalysis,
    /// Runs beside the steps, so it need not end.
    pub background: bool,
}

impl Attachment<'_> {
    /// The arguments as far as they are known before anything runs: what stands for a hash or a field has some value.
    pub fn arguments(&self) -> Vec<Argument> {
        self.analysis.args.iter().map(with_some_value).collect()
    }
}

/// References of the Rollout itself to templates, without those that templates make.
pub fn template_refs(rollout: &Rollout) -> Vec<&AnalysisTemplateRef> {
    attachments(rollout).into_iter().flat_map(|a| &a.analysis.templates).collect()
}

/// Templates that do not exist.
pub(super) fn missing(rollout: &Rollout, found: &References) -> Vec<ReferenceError> {
    let mut errors = Vec::new();
    for attachment in attachments(rollout) {
        if let Err(missing) = TemplateSet::resolve(&attachment.analysis.templates, &found.analysis_templates) {
            let path = if missing.nested { Path::new("spec.templates") } else { attachment.path.child("templates") };
            let error = FieldError::invalid(&path, &missing.reference.template_name, missing.message());
            errors.push(ReferenceError::absent(missing.kind(), error));
        }
    }
    errors
}

/// Templates that do not fit together or not the arguments, and analyses that would never end.
pub(super) fn contents(rollout: &Rollout, found: &References) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for attachment in attachments(rollout) {
        let args = attachment.arguments();
        let Attachment { path, analysis, background } = attachment;
        let Ok(set) = TemplateSet::resolve(&analysis.templates, &found.analysis_templates) else { continue };
        let path = path.child("templates");
        match set.run_spec(&args, &analysis.dry_run, &analysis.measurement_retention) {
            Err(detail) => {
                let names: Vec<&str> = set.iter().map(|(name, _)| name).collect();
                errors.push(FieldError::invalid(&path, format!("templateNames: [{}]", names.join(" ")), detail));
            }
            Ok(run) if !background => {
                for (name, template) in set.iter() {
                    let both = template.args.iter().filter(|a| a.value.is_some() && a.value_from.is_some());
                    errors.extend(both.map(|arg| {
                        let detail =
                            format!("AnalysisTemplate {name}: arg '{}' has both Value and ValueFrom fields", arg.name);
                        FieldError::invalid(&path, name, detail)
                    }));
                    let endless = template.metrics.iter().filter(|m| is_endless(m, &run.args));
                    errors.extend(endless.map(|metric| {
                        let count = metric.count.as_ref().map_or("<nil>".to_string(), ToString::to_string);
                        let detail = format!(
                            "AnalysisTemplate {name} has metric {} which runs indefinitely. Invalid value for count: \
                             {count}",
                            metric.name
                        );
                        FieldError::invalid(&path, name, detail)
                    }));
                }
            }
            Ok(_) => {}
        }
    }
    errors.extend(field_refs(rollout, found));
    errors
}

/// Arguments that refer to fields which the Rollout does not have. A field of the status may come later; upstream finds
/// none of these before it fails to make the run, again and again.
fn field_refs(rollout: &Rollout, found: &References) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for attachment in attachments(rollout) {
        let args = attachment.arguments();
        let Attachment { path, analysis, .. } = attachment;
        let given = analysis.args.iter().filter_map(|a| a.value_from.as_ref()?.field_ref.as_ref());
        let run = TemplateSet::resolve(&analysis.templates, &found.analysis_templates).ok();
        let run = run.and_then(|set| set.run_spec(&args, &[], &[]).ok());
        let declared = run.iter().flat_map(|r| &r.args).filter_map(|a| a.value_from.as_ref()?.field_ref.as_ref());
        for field in given.chain(declared).map(|f| f.field_path.as_str()).filter(|f| !f.starts_with("status")) {
            if let Err(detail) = rollout_path::extract(rollout, field) {
                errors.push(FieldError::invalid(&path.child("args"), field, detail));
            }
        }
    }
    errors
}

/// Arguments of the Rollout that none of the templates declares, with the analyses that name them. They change nothing,
/// and are mostly misspelt.
pub fn unknown_arguments(rollout: &Rollout, templates: &TemplatesByRef) -> Vec<(Path, String)> {
    let mut unknown = Vec::new();
    for Attachment { path, analysis, .. } in attachments(rollout) {
        let Ok(set) = TemplateSet::resolve(&analysis.templates, templates) else { continue };
        let declared: BTreeSet<&str> = set.iter().flat_map(|(_, t)| &t.args).map(|a| a.name.as_str()).collect();
        let names = analysis.args.iter().map(|a| &a.name).filter(|name| !declared.contains(name.as_str()));
        unknown.extend(names.map(|name| (path.child("args"), name.clone())));
    }
    unknown
}

/// All places of a Rollout that start runs.
pub fn attachments(rollout: &Rollout) -> Vec<Attachment<'_>> {
    let strategy = Path::new("spec.strategy");
    let mut all = Vec::new();
    let mut add = |path: Path, analysis, background| {
        all.push(Attachment { path, analysis, background });
    };
    if let Some(blue_green) = &rollout.spec.strategy.blue_green {
        let path = strategy.child("blueGreen");
        if let Some(analysis) = &blue_green.pre_promotion_analysis {
            add(path.child("prePromotionAnalysis"), analysis, false);
        }
        if let Some(analysis) = &blue_green.post_promotion_analysis {
            add(path.child("postPromotionAnalysis"), analysis, false);
        }
    }
    if let Some(canary) = &rollout.spec.strategy.canary {
        let path = strategy.child("canary");
        for (i, step) in canary.steps.iter().enumerate() {
            if let Some(analysis) = &step.analysis {
                add(path.child("steps").index(i).child("analysis"), analysis, false);
            }
        }
        if let Some(background) = &canary.analysis {
            add(path.child("analysis"), &background.analysis, true);
        }
    }
    all
}

/// An argument as far as it is known before anything runs: the hashes and fields that a Rollout's arguments stand for are
/// not, but that there will be a value is.
pub fn with_some_value(arg: &AnalysisRunArgument) -> Argument {
    let value = if arg.value_from.is_some() { "dummy-value" } else { &arg.value };
    Argument { name: arg.name.clone(), value: Some(value.to_string()), value_from: None }
}

fn is_endless(metric: &Metric, args: &[Argument]) -> bool {
    let mut metric = metric.clone();
    if let Some(crate::IntOrString::String(count)) = &mut metric.count {
        for arg in args {
            let value = arg.value.as_deref().unwrap_or("dummy-value");
            for placeholder in [format!("{{{{args.{}}}}}", arg.name), format!("{{{{ args.{} }}}}", arg.name)] {
                *count = count.replace(&placeholder, value);
            }
        }
    }
    metric.effective_count().is_none()
}

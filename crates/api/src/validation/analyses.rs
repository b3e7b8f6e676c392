//! Analyses that a Rollout refers to (analysis.md §1.12).

use super::references::References;
use crate::analysis::{Argument, Metric, TemplateSet};
use crate::field::{FieldError, Path};
use crate::rollout::{AnalysisRunArgument, AnalysisTemplateRef, Rollout, RolloutAnalysis};

/// One place of a Rollout that starts runs.
struct Attachment<'a> {
    path: Path,
    analysis: &'a RolloutAnalysis,
    /// Runs beside the steps, so it need not end.
    background: bool,
}

/// References of the Rollout itself to templates, without those that templates make.
pub fn template_refs(rollout: &Rollout) -> Vec<&AnalysisTemplateRef> {
    attachments(rollout).into_iter().flat_map(|a| &a.analysis.templates).collect()
}

/// Templates that do not exist.
pub(super) fn missing(rollout: &Rollout, found: &References) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for attachment in attachments(rollout) {
        if let Err(missing) = TemplateSet::resolve(&attachment.analysis.templates, &found.analysis_templates) {
            let path = if missing.nested { Path::new("spec.templates") } else { attachment.path };
            errors.push(FieldError::invalid(&path, &missing.reference.template_name, missing.message()));
        }
    }
    errors
}

/// Templates that do not fit together or not the arguments, and analyses that would never end.
pub(super) fn contents(rollout: &Rollout, found: &References) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for Attachment { path, analysis, background } in attachments(rollout) {
        let Ok(set) = TemplateSet::resolve(&analysis.templates, &found.analysis_templates) else { continue };
        let args: Vec<Argument> = analysis.args.iter().map(with_some_value).collect();
        match set.run_spec(&args, &analysis.dry_run, &analysis.measurement_retention) {
            Err(detail) => {
                let names: Vec<&str> = set.iter().map(|(name, _)| name).collect();
                errors.push(FieldError::invalid(&path, format!("templateNames: [{}]", names.join(" ")), detail));
            }
            Ok(run) if !background => {
                for (name, template) in set.iter() {
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
    errors
}

fn attachments(rollout: &Rollout) -> Vec<Attachment<'_>> {
    let strategy = Path::new("spec.strategy");
    let mut all = Vec::new();
    let mut add = |path: Path, analysis, background| {
        all.push(Attachment { path: path.child("templates"), analysis, background });
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

/// The hashes and fields that a Rollout's arguments stand for are not known here, but that there will be a value is.
fn with_some_value(arg: &AnalysisRunArgument) -> Argument {
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

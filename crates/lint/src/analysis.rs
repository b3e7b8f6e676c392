//! AnalysisTemplates, AnalysisRuns, and what Rollouts make of templates.

use crate::expected;
use crate::finding::About;
use crate::object::Object;
use crate::rollout::Subject;
use crate::rules;
use crate::warnings;
use crate::world::World;
use rollouts_api::IntOrString;
use rollouts_api::analysis::{
    AnalysisRun, AnalysisRunSpec, AnalysisTemplate, AnalysisTemplateSpec, Argument, Metric, TemplateSet, TemplatesByRef,
};
use rollouts_api::field::quote;
use rollouts_api::rollout::AnalysisTemplateRef;
use rollouts_api::validation::attachments;
use rollouts_core::analysis::run::{SpecProblem, spec_problems};

/// Stands for the value of an argument that nobody has given yet.
const SOME_VALUE: &str = "dummy-value";

/// The template that is meant, if it is in the input and can be read.
pub(crate) fn find_template(
    world: &World<'_>,
    namespace: &str,
    reference: &AnalysisTemplateRef,
) -> Option<AnalysisTemplateSpec> {
    let (kind, namespace) = match reference.cluster_scope {
        true => ("ClusterAnalysisTemplate", ""),
        false => ("AnalysisTemplate", namespace),
    };
    let object = world.find("argoproj.io", kind, namespace, &reference.template_name)?;
    serde_json::from_value::<AnalysisTemplate>(object.value.clone()).ok().map(|template| template.spec)
}

/// A template by itself: what is wrong with it whoever uses it.
pub(crate) fn check_template(object: &Object, world: &World<'_>, found: &mut About<'_>) {
    if !object.is_sound {
        return;
    }
    expected::required(object, found);
    let Ok(template) = serde_json::from_value::<AnalysisTemplate>(object.value.clone()) else { return };
    let spec = &template.spec;
    let own = AnalysisTemplateRef {
        template_name: object.id.name.clone(),
        cluster_scope: object.id.kind == "ClusterAnalysisTemplate",
    };
    let mut all = with_nested(&object.id.namespace, &own, world);
    // Of several templates with its name it is another that is meant.
    all.insert(own.clone(), spec.clone());
    if spec.metrics.is_empty() && spec.templates.is_empty() {
        found.add(&rules::INVALID_ANALYSIS, "spec.metrics", "no metrics specified");
    }
    let flat = match TemplateSet::resolve(&[own], &all).map(|set| set.flatten()) {
        Ok(Ok(flat)) => flat,
        Ok(Err(message)) => return found.add(&rules::INVALID_ANALYSIS, "spec", message),
        // Templates that it refers to are elsewhere: they may have the rest.
        Err(missing) => {
            let what = missing.message();
            let what = what.strip_suffix(" found").unwrap_or(&what);
            expected::absent(world, missing.kind(), "spec.templates", what, found);
            spec.clone()
        }
    };
    if !spec.metrics.is_empty() {
        let args = flat.args.iter().map(with_some_value).collect();
        let metrics = spec.metrics.iter().map(without_unknown_numbers).collect();
        let run = AnalysisRunSpec { metrics, args, ..Default::default() };
        for SpecProblem { metric, message, is_unknown_argument } in spec_problems(&run) {
            let field = metric.map_or_else(|| "spec.metrics".to_string(), metric_path);
            // A template beside it may have the argument.
            let rule = if is_unknown_argument { &rules::UNDECLARED_ARGUMENT } else { &rules::INVALID_ANALYSIS };
            found.add(rule, &field, message);
        }
    }
    conditions(&spec.metrics, found);
    warnings::of_metrics(&spec.metrics, found);
}

/// A run: what it would end with.
pub(crate) fn check_run(object: &Object, found: &mut About<'_>) {
    if !object.is_sound {
        return;
    }
    expected::required(object, found);
    let Ok(run) = serde_json::from_value::<AnalysisRun>(object.value.clone()) else { return };
    for SpecProblem { metric, message, .. } in spec_problems(&run.spec) {
        let field = metric.map_or_else(|| "spec".to_string(), metric_path);
        found.add(&rules::INVALID_ANALYSIS, &field, message);
    }
    conditions(&run.spec.metrics, found);
    warnings::of_metrics(&run.spec.metrics, found);
}

/// What a Rollout's runs would end with: its templates with its arguments. What is wrong with a template whatever its
/// arguments are is told of the template.
pub(crate) fn check_attachments(subject: &Subject<'_>, found: &mut About<'_>) {
    for attachment in attachments(subject.rollout()) {
        let templates = &subject.snapshot.analysis_templates;
        let Ok(set) = TemplateSet::resolve(&attachment.analysis.templates, templates) else { continue };
        if attachment.analysis.templates.is_empty() {
            continue;
        }
        let analysis = attachment.analysis;
        let given = attachment.arguments();
        let Ok(run) = set.run_spec(&given, &analysis.dry_run, &analysis.measurement_retention) else { continue };
        let told: Vec<SpecProblem> = spec_problems(&AnalysisRunSpec {
            metrics: run.metrics.iter().map(without_unknown_numbers).collect(),
            args: run.args.iter().map(|arg| with_some_value(&Argument { value: None, ..arg.clone() })).collect(),
            ..AnalysisRunSpec::default()
        });
        // A field of the Rollout, or a hash, is some text: no number can be made of it here.
        let is_open = given.iter().any(|arg| arg.value.as_deref() == Some(SOME_VALUE));
        let metrics = run.metrics.iter().map(|m| if is_open { without_unknown_numbers(m) } else { m.clone() });
        let run = AnalysisRunSpec { metrics: metrics.collect(), ..run };
        let run = AnalysisRunSpec { args: run.args.iter().map(with_some_value).collect(), ..run };
        for problem in spec_problems(&run).into_iter().filter(|problem| !told.contains(problem)) {
            let of = problem.metric.and_then(|i| run.metrics.get(i));
            let message = match of {
                Some(metric) => format!("metric {}: {}", quote(&metric.name), problem.message),
                None => problem.message,
            };
            found.add(&rules::INVALID_ANALYSIS, attachment.path.as_str(), message);
        }
        if attachment.background {
            warnings::of_background(&run.metrics, attachment.path.as_str(), found);
        }
    }
}

/// The template that is meant and those that it refers to, as far as they are in the input.
pub(crate) fn with_nested(namespace: &str, reference: &AnalysisTemplateRef, world: &World<'_>) -> TemplatesByRef {
    let mut all = TemplatesByRef::new();
    let mut open = vec![reference.clone()];
    while let Some(reference) = open.pop() {
        if all.contains_key(&reference) {
            continue;
        }
        if let Some(spec) = find_template(world, namespace, &reference) {
            open.extend(spec.templates.iter().cloned());
            all.insert(reference, spec);
        }
    }
    all
}

/// Conditions that no value can be put into.
fn conditions(metrics: &[Metric], found: &mut About<'_>) {
    for (i, metric) in metrics.iter().enumerate() {
        for (field, condition) in
            [("successCondition", &metric.success_condition), ("failureCondition", &metric.failure_condition)]
        {
            // With arguments in it, it is not known before a run.
            if condition.is_empty() || condition.contains("{{") {
                continue;
            }
            if let Some(error) = rollouts_expr::syntax_error(condition) {
                let message = format!("{} is no expression: {error}", quote(condition));
                found.add(&rules::INVALID_CONDITION, &format!("{}.{field}", metric_path(i)), message);
            }
        }
    }
}

fn metric_path(i: usize) -> String {
    format!("spec.metrics[{i}]")
}

fn with_some_value(arg: &Argument) -> Argument {
    match (&arg.value, &arg.value_from) {
        (Some(_), _) => arg.clone(),
        (None, Some(from)) if from.secret_key_ref.is_some() => arg.clone(),
        _ => Argument { name: arg.name.clone(), value: Some(SOME_VALUE.into()), value_from: None },
    }
}

/// The metric without numbers and durations that arguments will give.
fn without_unknown_numbers(metric: &Metric) -> Metric {
    let is_open = |text: &str| text.contains("{{");
    let is_open_number = |n: &Option<IntOrString>| matches!(n, Some(IntOrString::String(text)) if is_open(text));
    let numbers = [
        &metric.count,
        &metric.failure_limit,
        &metric.inconclusive_limit,
        &metric.consecutive_error_limit,
        &metric.consecutive_success_limit,
    ];
    let mut metric = if numbers.into_iter().any(is_open_number) {
        Metric {
            count: None,
            failure_limit: None,
            inconclusive_limit: None,
            consecutive_error_limit: None,
            consecutive_success_limit: None,
            ..metric.clone()
        }
    } else {
        metric.clone()
    };
    for duration in [&mut metric.interval, &mut metric.initial_delay] {
        if is_open(duration) {
            *duration = "1m".into();
        }
    }
    metric
}

//! Jobs and CronJobs.

use super::{immutable, non_negative};
use rollouts_api::LabelSelector;
use rollouts_api::field::{FieldError, Path};
use rollouts_api::pod_template::json::{entries, get, int, text};
use rollouts_api::pod_template::validate::{Errors, label_selector, pod_template};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn job(obj: &Value, old: Option<&Value>, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    if old.is_none() {
        generated(obj, errors);
    }
    job_spec(spec, &path, errors);
    let selector = get(spec, "selector");
    match selector {
        None => errors.push(FieldError::required(&path.child("selector"), "")),
        Some(selector) => label_selector(selector, &path.child("selector"), errors),
    }
    let selector = selector.and_then(|s| serde_json::from_value::<LabelSelector>(s.clone()).ok());
    let compiled = selector.and_then(|s| s.compile().ok());
    let metadata = &spec["template"]["metadata"];
    let labels: BTreeMap<String, String> =
        entries(metadata, "labels").into_iter().filter_map(|(k, v)| Some((k.into(), v.as_str()?.into()))).collect();
    if compiled.is_none_or(|selector| !selector.matches(&labels)) {
        let path = path.child("template").child("metadata").child("labels");
        let labels = get(metadata, "labels").unwrap_or(&Value::Null);
        errors.push(FieldError::invalid(&path, labels, "`selector` does not match template `labels`"));
    }
    let Some(old) = old.map(|old| &old["spec"]) else { return };
    if text(spec, "completionMode") == "Indexed" {
        let completions = int(spec, "completions");
        let changed = completions != int(old, "completions");
        if let Some(n) = completions.filter(|n| changed && Some(*n) != int(spec, "parallelism")) {
            let detail = "can only be modified in tandem with spec.parallelism";
            errors.push(FieldError::invalid(&path.child("completions"), n, detail));
        }
    } else {
        immutable(errors, &path, "batch/v1.JobSpec", "completions", spec, old);
    }
    let frozen = [
        "selector",
        "template",
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ];
    for key in frozen {
        immutable(errors, &path, "batch/v1.JobSpec", key, spec, old);
    }
}

/// Checks that labels the server sets are not set otherwise.
fn generated(obj: &Value, errors: &mut Errors) {
    if get(&obj["spec"], "manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    let (name, uid) = (text(&obj["metadata"], "name"), text(&obj["metadata"], "uid"));
    let labels = &obj["spec"]["template"]["metadata"]["labels"];
    let path = Path::new("spec.template.metadata.labels");
    let expected = [
        ("controller-uid", uid),
        ("job-name", name),
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
    ];
    for (key, expected) in expected {
        if text(labels, key) != expected {
            let shown = labels.get(key).map_or(&Value::Null, |_| labels);
            let detail = format!("must be '{expected}'");
            errors.push(FieldError::invalid(&path.key(key), shown, detail));
        }
    }
}

fn job_spec(spec: &Value, path: &Path, errors: &mut Errors) {
    let counts = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    non_negative(errors, path, spec, &counts);
    match text(spec, "completionMode") {
        "" | "NonIndexed" => {}
        "Indexed" => {
            if int(spec, "completions").is_none() {
                errors.push(FieldError::required(&path.child("completions"), "when completion mode is Indexed"));
            }
        }
        other => {
            let supported = ["NonIndexed", "Indexed"];
            errors.push(FieldError::not_supported(&path.child("completionMode"), other, &supported));
        }
    }
    if int(spec, "maxFailedIndexes").is_some() && int(spec, "backoffLimitPerIndex").is_none() {
        let detail = "when maxFailedIndexes is specified";
        errors.push(FieldError::required(&path.child("backoffLimitPerIndex"), detail));
    }
    if matches!(text(spec, "completionMode"), "" | "NonIndexed") {
        for key in ["backoffLimitPerIndex", "maxFailedIndexes"] {
            if let Some(n) = int(spec, key) {
                errors.push(FieldError::invalid(&path.child(key), n, "requires indexed completion mode"));
            }
        }
    }
    let template = get(spec, "template").unwrap_or(&Value::Null);
    errors.extend(pod_template(template, &path.child("template")));
    let path = path.child("template").child("spec").child("restartPolicy");
    match text(&template["spec"], "restartPolicy") {
        "Always" | "" => errors.push(FieldError::required(&path, r#"valid values: "OnFailure", "Never""#)),
        "Never" => {}
        "OnFailure" if get(spec, "podFailurePolicy").is_some() => {
            let detail = r#"only "Never" is supported when podFailurePolicy is specified"#;
            errors.push(FieldError::invalid(&path, "OnFailure", detail));
        }
        "OnFailure" => {}
        other => errors.push(FieldError::not_supported(&path, other, &["OnFailure", "Never"])),
    }
}

pub(super) fn cron_job(obj: &Value, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    if text(spec, "schedule").is_empty() {
        errors.push(FieldError::required(&path.child("schedule"), ""));
    }
    non_negative(errors, &path, spec, &["startingDeadlineSeconds"]);
    let policy = text(spec, "concurrencyPolicy");
    let supported = ["Allow", "Forbid", "Replace"];
    if !supported.contains(&policy) {
        errors.push(FieldError::not_supported(&path.child("concurrencyPolicy"), policy, &supported));
    }
    job_spec(&spec["jobTemplate"]["spec"], &path.child("jobTemplate").child("spec"), errors);
    non_negative(errors, &path, spec, &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"]);
}

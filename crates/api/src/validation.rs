//! Validation of a Rollout (rollout.md §9). Only the first error reaches its `InvalidSpec` condition, so the order
//! of the checks is part of what users see; `lint` prints them all.
//!
//! Paths of these checks leave out `canary` and `blueGreen` (`spec.strategy.steps[0]`): the original does, and
//! people search for its messages. Those of [`references`] are complete.

mod analyses;
mod blue_green;
mod canary;
mod counts;
mod references;
mod routers;
mod routes;
mod steps;
mod strategy;
mod unsupported;

pub use analyses::{Attachment, attachments, template_refs, unknown_arguments, with_some_value};
pub use references::{
    MappingRef, ReferenceError, References, ServiceRef, ingress_backends, reference_errors, references, service_names,
};
pub use unsupported::unsupported;

use crate::field::{BadValue, FieldError, Kind, Path};
use crate::pod_template::{self, validate};
use crate::rollout::{Rollout, RolloutSpec};
use crate::step_hash::to_go_json;
use crate::{LabelSelector, go_json};
use serde_json::json;

const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

/// Everything wrong with a Rollout in itself, in order. If `workloadRef` is set, the template and the selector must
/// already be the workload's.
pub fn rollout(rollout: &Rollout) -> Vec<FieldError> {
    let spec = &rollout.spec;
    let path = Path::new("spec");
    let mut errors = Vec::new();
    not_negative(&path.child("replicas"), spec.replicas(), &mut errors);
    selector_and_template(spec, &path, &mut errors);
    not_negative(&path.child("minReadySeconds"), spec.min_ready_seconds, &mut errors);
    not_negative(&path.child("revisionHistoryLimit"), spec.revision_history_limit(), &mut errors);
    let deadline = path.child("progressDeadlineSeconds");
    not_negative(&deadline, spec.progress_deadline_seconds(), &mut errors);
    if spec.progress_deadline_seconds() <= spec.min_ready_seconds {
        let detail = "must be greater than minReadySeconds";
        errors.push(FieldError::invalid(&deadline, spec.progress_deadline_seconds(), detail));
    }
    errors.extend(strategy::validate(rollout, &path.child("strategy")));
    errors
}

/// [`rollout`] as written in a file, with `workloadRef` unresolved: the template must then be empty.
pub fn unresolved_rollout(written: &Rollout) -> Vec<FieldError> {
    if written.spec.workload_ref.is_none() {
        return rollout(written);
    }
    let template = &written.spec.template;
    let mut errors = rollout(written);
    // What the workload will supply cannot be checked here.
    errors.retain(|e| !["spec.selector", "spec.template"].iter().any(|p| e.path.as_str().starts_with(p)));
    if !template.labels().is_empty() || !template.annotations().is_empty() {
        let path = Path::new("spec.template");
        errors.insert(0, internal(&path, "template must be empty for workload reference rollout"));
    }
    errors
}

/// `PATH: Internal error: DETAIL`.
fn internal(path: &Path, detail: &str) -> FieldError {
    FieldError { path: path.clone(), kind: Kind::Internal, value: None, detail: detail.to_string() }
}

fn not_negative(path: &Path, n: i32, errors: &mut Vec<FieldError>) {
    if n < 0 {
        errors.push(FieldError::invalid(path, n, NOT_NEGATIVE));
    }
}

fn selector_and_template(spec: &RolloutSpec, path: &Path, errors: &mut Vec<FieldError>) {
    let at = path.child("selector");
    let mut template = spec.template.value();
    pod_template::default(&mut template);
    let template_errors =
        |selector: &LabelSelector| validate::for_replica_set(&template, selector, &path.child("template"));
    match &spec.selector {
        None => {
            errors.push(FieldError::required(&at, "Rollout has missing field '.spec.selector'"));
            let labels = BadValue::raw(go_json::to_string(&json!(spec.template.labels())));
            let detail = "`selector` does not match template `labels`";
            errors.push(FieldError::invalid(&path.child("template.metadata.labels"), labels, detail));
            errors.extend(template_errors(&LabelSelector::default()));
        }
        Some(selector) => {
            if selector.is_empty() {
                errors.push(FieldError::invalid(&at, &json!({}), "empty selector is invalid for deployment"));
            } else if let Err(detail) = selector.compile() {
                let value = BadValue::raw(String::from_utf8_lossy(&to_go_json(selector)));
                errors.push(FieldError::invalid(&at, value, detail));
            }
            errors.extend(template_errors(selector));
        }
    }
}

//! Pods.

use rollouts_api::field::{FieldError, Path};
use rollouts_api::go_json::semantic;
use rollouts_api::pod_template::json::{int, list, set, text};
use rollouts_api::pod_template::validate::{Errors, Owner, pod_spec};
use rollouts_api::syntax;
use serde_json::Value;

const UPDATABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
                         `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions \
                         to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
                         previously negative)";

pub(super) fn check(obj: &Value, old: Option<&Value>, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    pod_spec(spec, &path, Owner::Pod, errors);
    match old {
        Some(old) => update(spec, &old["spec"], &path, errors),
        None if !list(spec, "ephemeralContainers").is_empty() => {
            let detail = "cannot be set on create";
            errors.push(FieldError::forbidden(&path.child("ephemeralContainers"), detail));
        }
        None => {}
    }
}

fn update(spec: &Value, old: &Value, path: &Path, errors: &mut Errors) {
    for kind in ["containers", "initContainers"] {
        let containers = list(spec, kind);
        if containers.len() != list(old, kind).len() {
            let detail = "pod updates may not add or remove containers";
            errors.push(FieldError::forbidden(&path.child(kind), detail));
            return;
        }
        for (i, container) in containers.iter().enumerate() {
            let (image, path) = (text(container, "image"), path.child(kind).index(i).child("image"));
            if image.is_empty() {
                errors.push(FieldError::required(&path, ""));
            }
            if image.trim() != image {
                errors.push(FieldError::invalid(&path, image, "must not have leading or trailing whitespace"));
            }
        }
    }
    if !deadline(spec, old, path, errors) {
        return;
    }
    let removed = list(old, "tolerations").iter().any(|t| !list(spec, "tolerations").contains(t));
    if removed {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(FieldError::forbidden(&path.child("tolerations"), detail));
    }
    let mut frozen = spec.clone();
    for kind in ["containers", "initContainers"] {
        let images = list(old, kind).iter().map(|c| c.get("image").cloned().unwrap_or_default());
        let containers = frozen.get_mut(kind).and_then(Value::as_array_mut).into_iter().flatten();
        for (container, image) in containers.zip(images) {
            set(container, "image", image);
        }
    }
    for key in ["activeDeadlineSeconds", "schedulingGates", "tolerations", "ephemeralContainers"] {
        set(&mut frozen, key, old.get(key).cloned().unwrap_or_default());
    }
    let was_negative = int(old, "terminationGracePeriodSeconds").is_some_and(|s| s < 0);
    if was_negative && int(spec, "terminationGracePeriodSeconds") == Some(1) {
        set(&mut frozen, "terminationGracePeriodSeconds", old["terminationGracePeriodSeconds"].clone());
    }
    if !semantic::equal("core/v1.PodSpec", &frozen, old) {
        errors.push(FieldError::forbidden(path, format!("{UPDATABLE}\n{}", difference(old, &frozen))));
    }
}

/// Checks that a deadline only shrinks; says whether to go on.
fn deadline(spec: &Value, old: &Value, path: &Path, errors: &mut Errors) -> bool {
    let path = path.child("activeDeadlineSeconds");
    match (int(spec, "activeDeadlineSeconds"), int(old, "activeDeadlineSeconds")) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            let complaints = syntax::in_range(new, 0, i32::MAX.into());
            errors.extend(complaints.into_iter().map(|c| FieldError::invalid(&path, new, c)));
            false
        }
        (Some(new), Some(old)) if old < new => {
            errors.push(FieldError::invalid(&path, new, "must be less than or equal to previous value"));
            false
        }
        (None, Some(_)) => {
            let detail = "must not update from a positive integer to nil value";
            errors.push(FieldError::invalid(&path, &Value::Null, detail));
            true
        }
        _ => true,
    }
}

/// Lines around the place that differs, as in a unified diff.
const CONTEXT_LINES: usize = 3;

/// The lines of `old` and `new`, as indented JSON, from the first to the last that differ.
fn difference(old: &Value, new: &Value) -> String {
    let [old, new] = [old, new].map(|v| format!("{v:#}"));
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let start = head.saturating_sub(CONTEXT_LINES);
    let after = tail.min(CONTEXT_LINES);
    let length = |lines: &[&str]| lines.len() - tail + after - start;
    let mut out = format!("@@ -{},{} +{},{} @@\n", start + 1, length(&old), start + 1, length(&new));
    let mut push = |mark: char, lines: &[&str]| lines.iter().for_each(|line| out.push_str(&format!("{mark}{line}\n")));
    push(' ', &old[start..head]);
    push('-', &old[head..old.len() - tail]);
    push('+', &new[head..new.len() - tail]);
    push(' ', &old[old.len() - tail..old.len() - tail + after]);
    out
}

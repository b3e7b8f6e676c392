//! The pod template.

use crate::finding::About;
use crate::rollout::Subject;
use crate::rules;
use rollouts_api::pod_template::pull_policy;
use serde_json::Value;

/// Seconds between two looks of a readiness probe.
const PROBE_PERIOD_SECONDS: i64 = 10;

pub(super) fn check(subject: &Subject<'_>, found: &mut About<'_>) {
    let spec = &subject.rollout().spec;
    // Fields of a workload are in another object.
    let is_own = subject.written.spec.workload_ref.is_none();
    let template = spec.template.value();
    let at = |i: usize| if is_own { format!("spec.template.spec.containers[{i}]") } else { "spec.workloadRef".into() };
    let containers = template["spec"]["containers"].as_array().map_or(&[][..], Vec::as_slice);
    let mut slowest = 0;
    for (i, container) in containers.iter().enumerate() {
        let name = container["name"].as_str().unwrap_or_default();
        let image = container["image"].as_str().unwrap_or_default();
        if !image.is_empty() && pull_policy(image) == "Always" {
            let message = format!(
                "{image} is not one image but whichever is the newest: versions of pods differ, and undo \
                                   goes nowhere; name a version or a digest"
            );
            found.add(&rules::IMAGE_LATEST, &format!("{}{}", at(i), if is_own { ".image" } else { "" }), message);
        }
        if container["readinessProbe"].is_null() {
            let message = format!(
                "container {name} has no readinessProbe: its pods count as available, and an update goes \
                                   on, as soon as it has started"
            );
            found.add(&rules::NO_READINESS_PROBE, &at(i), message);
        }
        slowest = slowest.max(ready_after_seconds(&container["readinessProbe"]));
    }
    let (deadline, minimum) = (i64::from(spec.progress_deadline_seconds()), i64::from(spec.min_ready_seconds));
    if slowest + minimum >= deadline && minimum < deadline {
        let message = format!(
            "a pod is available {} s after its start at the earliest (initialDelaySeconds and \
                               minReadySeconds), and the deadline is {deadline} s: every update fails",
            slowest + minimum
        );
        found.add(&rules::DEADLINE_TOO_SHORT, "spec.progressDeadlineSeconds", message);
    }
}

/// Seconds from the start of a container to its first chance to be ready.
fn ready_after_seconds(probe: &Value) -> i64 {
    let number = |field: &str, default: i64| probe[field].as_i64().unwrap_or(default);
    let more = (number("successThreshold", 1) - 1).max(0).saturating_mul(number("periodSeconds", PROBE_PERIOD_SECONDS));
    number("initialDelaySeconds", 0).saturating_add(more).clamp(0, i64::from(i32::MAX))
}

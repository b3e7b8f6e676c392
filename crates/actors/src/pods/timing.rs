//! How long a pod's containers take, from its spec and its annotations (see [`crate::annotations`]).

use super::script::{Run, run};
use crate::annotations::{CRASH_AFTER, NEVER_READY, READY_AFTER};
use k8s_openapi::api::core::v1::{Container, LifecycleHandler, Pod};
use kube::ResourceExt;
use std::time::Duration;

const BAD_IMAGES: [&str; 3] = ["error", "does-not-exist", "nonexistent"];
const DEFAULT_GRACE: Duration = Duration::from_secs(30);

/// What becomes of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fate {
    /// Its image cannot be pulled: it never starts.
    pub bad: bool,
    /// From the pod's creation until it has started.
    pub start: Duration,
    /// From its start until it is ready; `None` when it never is.
    pub ready: Option<Duration>,
    /// From the pod's creation until it may be ready at the earliest.
    pub ready_not_before: Duration,
    pub run: Run,
}

pub(super) fn fate(pod: &Pod, container: &Container, start_delay: Duration) -> Fate {
    let annotation = |name: &str| pod.annotations().get(name).map(String::as_str);
    let restarts = restart_policy(pod) == "Always";
    let unknown = if restarts { Run::Forever } else { Run::Ends(Duration::ZERO, 0) };
    let scripted = run(&argv(container), unknown);
    let hook = container.lifecycle.as_ref().and_then(|l| l.post_start.as_ref());
    let delay = container.readiness_probe.as_ref().and_then(|p| p.initial_delay_seconds).unwrap_or_default();
    Fate {
        bad: is_bad(container),
        start: start_delay + hook.map(hook_time).unwrap_or_default(),
        ready: match annotation(NEVER_READY) {
            Some("true") => None,
            _ => Some(seconds(delay.into())),
        },
        ready_not_before: annotation(READY_AFTER).and_then(duration).unwrap_or_default(),
        run: annotation(CRASH_AFTER).and_then(duration).map_or(scripted, |after| Run::Ends(after, 1)),
    }
}

/// Never pulled: by the image's name, or by the first word of the command.
pub(super) fn is_bad(container: &Container) -> bool {
    let image = container.image.as_deref().unwrap_or_default();
    let command = container.command.iter().flatten().next().map(String::as_str).unwrap_or_default();
    BAD_IMAGES.iter().any(|bad| image.contains(bad))
        || command.split_whitespace().next().is_some_and(|word| word.contains("bad"))
}

/// From the pod's deletion until it is gone.
pub(super) fn stop_time(pod: &Pod, stop_delay: Duration) -> Duration {
    let containers = pod.spec.iter().flat_map(|s| &s.containers);
    let hooks = containers.filter_map(|c| c.lifecycle.as_ref()?.pre_stop.as_ref());
    let longest = hooks.map(hook_time).max().unwrap_or_default();
    let grace = pod.metadata.deletion_grace_period_seconds.map_or(DEFAULT_GRACE, seconds);
    (stop_delay + longest).min(grace)
}

pub(super) fn restart_policy(pod: &Pod) -> &str {
    pod.spec.as_ref().and_then(|s| s.restart_policy.as_deref()).unwrap_or("Always")
}

fn hook_time(hook: &LifecycleHandler) -> Duration {
    let native = hook.sleep.as_ref().map(|s| seconds(s.seconds)).unwrap_or_default();
    let argv = hook.exec.as_ref().and_then(|e| e.command.clone()).unwrap_or_default();
    native + run(&argv, Run::Ends(Duration::ZERO, 0)).duration()
}

fn argv(container: &Container) -> Vec<String> {
    container.command.iter().chain(&container.args).flatten().cloned().collect()
}

fn seconds(n: i64) -> Duration {
    Duration::from_secs(u64::try_from(n).unwrap_or_default())
}

/// Go's notation or a number of seconds; `None` for anything else, as if the annotation were absent.
fn duration(text: &str) -> Option<Duration> {
    if let Ok(n) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(n).ok();
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * factor).ok()?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn annotations_take_go_durations_and_seconds() {
        assert_eq!(duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1500ms"), Some(Duration::from_millis(1500)));
        assert_eq!(duration("45"), Some(Duration::from_secs(45)));
        assert_eq!(duration("soon"), None);
        assert_eq!(duration(""), None);
    }

    #[test]
    fn hooks_and_probes_delay() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "deletionGracePeriodSeconds": 5},
            "spec": {"containers": [{
                "name": "c", "image": "app:1",
                "readinessProbe": {"initialDelaySeconds": 7},
                "lifecycle": {
                    "postStart": {"exec": {"command": ["sh", "-c", "sleep 2"]}},
                    "preStop": {"exec": {"command": ["sleep", "60"]}},
                },
            }]},
        }))
        .unwrap();
        let one = Duration::from_secs(1);
        let fate = fate(&pod, &pod.spec.as_ref().unwrap().containers[0], one);
        assert_eq!((fate.start.as_secs(), fate.ready.unwrap().as_secs(), fate.bad), (3, 7, false));
        assert_eq!(fate.run, Run::Forever);
        assert_eq!(stop_time(&pod, one).as_secs(), 5, "bounded by the grace period");
    }

    #[test]
    fn bad_images_and_commands() {
        let bad = |c: serde_json::Value| is_bad(&serde_json::from_value(c).unwrap());
        assert!(bad(json!({"name": "c", "image": "tool:does-not-exist"})));
        assert!(bad(json!({"name": "c", "image": "app:1", "command": ["bad-command"]})));
        assert!(!bad(json!({"name": "c", "image": "app:1", "command": ["sh", "-c", "bad"]})));
    }
}

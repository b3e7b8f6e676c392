//! A pod's phase and conditions, from its containers and readiness gates.

use super::timing::restart_policy;
use crate::machinery::whole_seconds;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, PodCondition};

/// The phase that these containers mean.
pub(super) fn phase(pod: &Pod, containers: &[ContainerStatus]) -> &'static str {
    let state = |c: &ContainerStatus| c.state.clone().unwrap_or_default();
    let exited = |c: &ContainerStatus| state(c).terminated.or(c.last_state.clone().unwrap_or_default().terminated);
    if containers.iter().any(|c| state(c).running.is_none() && exited(c).is_none()) {
        return "Pending";
    }
    if containers.iter().any(|c| state(c).terminated.is_none()) {
        return "Running";
    }
    let failed = containers.iter().filter_map(exited).any(|t| t.exit_code != 0);
    match (restart_policy(pod), failed) {
        ("Always", _) | ("OnFailure", true) => "Running",
        (_, true) => "Failed",
        (_, false) => "Succeeded",
    }
}

/// The conditions after the containers went from `before` to `after`.
///
/// Readiness is written when the containers' own readiness changes, and otherwise left as it is: what somebody else
/// wrote there stays. `Ready` follows the readiness gates at any time.
pub(super) fn conditions(
    pod: &Pod,
    phase: &str,
    initialized: bool,
    before: &[ContainerStatus],
    after: &[ContainerStatus],
    now: Timestamp,
) -> Vec<PodCondition> {
    let mut list = Conditions { list: pod.status.clone().and_then(|s| s.conditions).unwrap_or_default(), now };
    let started = after.iter().any(|c| c.started == Some(true) || c.restart_count > 0);
    let finished = matches!(phase, "Succeeded" | "Failed");
    list.set("PodReadyToStartContainers", started || list.is("PodReadyToStartContainers"), None);
    let waiting_init = ("ContainersNotInitialized", "containers with incomplete status".to_string());
    let init = if finished { completed() } else { None };
    list.set("Initialized", initialized, init.or((!initialized).then_some(waiting_init)));
    if !list.is("PodScheduled") {
        list.set("PodScheduled", true, None);
    }
    let all_ready = |c: &[ContainerStatus]| !c.is_empty() && c.iter().all(|c| c.ready);
    let changed = all_ready(before) != all_ready(after) || list.get("ContainersReady").is_none();
    let ready = all_ready(after);
    if finished || changed {
        let unready: Vec<&str> = after.iter().filter(|c| !c.ready).map(|c| c.name.as_str()).collect();
        let message = format!("containers with unready status: [{}]", unready.join(" "));
        let why = if finished { completed() } else { Some(("ContainersNotReady", message)) };
        let why = why.filter(|_| !ready);
        list.set("ContainersReady", ready, why.clone());
        list.set("Ready", ready && gates(pod).is_none(), why.or_else(|| gates(pod)));
    } else if has_gates(pod) && list.is("ContainersReady") {
        list.set("Ready", gates(pod).is_none(), gates(pod));
    }
    list.list
}

type Why = (&'static str, String);

fn completed() -> Option<Why> {
    Some(("PodCompleted", String::new()))
}

fn has_gates(pod: &Pod) -> bool {
    pod.spec.as_ref().and_then(|s| s.readiness_gates.as_ref()).is_some_and(|g| !g.is_empty())
}

/// Why readiness gates keep the pod from being ready; `None` when they do not.
fn gates(pod: &Pod) -> Option<Why> {
    let gates = pod.spec.iter().flat_map(|s| s.readiness_gates.iter().flatten());
    let messages: Vec<String> = gates
        .filter_map(|gate| {
            let name = &gate.condition_type;
            match crate::machinery::cond(pod, name) {
                Some("True") => None,
                Some(status) => {
                    Some(format!("the status of pod readiness gate {name:?} is not \"True\", but {status}"))
                }
                None => Some(format!("corresponding condition of pod readiness gate {name:?} does not exist.")),
            }
        })
        .collect();
    (!messages.is_empty()).then(|| ("ReadinessGatesNotReady", messages.join(", ")))
}

struct Conditions {
    list: Vec<PodCondition>,
    now: Timestamp,
}

impl Conditions {
    fn get(&self, kind: &str) -> Option<&PodCondition> {
        self.list.iter().find(|c| c.type_ == kind)
    }

    fn is(&self, kind: &str) -> bool {
        self.get(kind).is_some_and(|c| c.status == "True")
    }

    /// Sets a condition; its transition time moves only when the status does.
    fn set(&mut self, kind: &str, on: bool, why: Option<Why>) {
        let status = if on { "True" } else { "False" };
        let (reason, message) = why.map_or((None, None), |(r, m)| (Some(r.to_string()), Some(m)));
        let message = message.filter(|m| !m.is_empty());
        let now = whole_seconds(self.now);
        let condition = match self.list.iter_mut().position(|c| c.type_ == kind) {
            Some(at) => &mut self.list[at],
            None => {
                self.list.push(PodCondition { type_: kind.to_string(), ..Default::default() });
                let last = self.list.len() - 1;
                &mut self.list[last]
            }
        };
        if condition.status != status {
            condition.status = status.to_string();
            condition.last_transition_time = Some(now);
        }
        condition.reason = reason;
        condition.message = message;
    }
}

//! Pods.

use super::format::{age, has_condition, name, or_none, since};
use jiff::Timestamp;
use rollouts_api::pod_template::json::{get, int, is_true, list, text};
use serde_json::Value;

pub(super) fn row(pod: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    let summary = summarise(pod);
    let restarts = match summary.last_restart {
        Some(time) if summary.restarts != 0 => format!("{} ({} ago)", summary.restarts, since(time, now)),
        _ => summary.restarts.to_string(),
    };
    let ip = list(status, "podIPs").first().map_or("", |ip| text(ip, "ip"));
    vec![
        name(pod),
        format!("{}/{}", summary.ready, summary.total).into(),
        summary.reason.into(),
        restarts.into(),
        age(pod, now),
        or_none(ip).into(),
        or_none(text(spec, "nodeName")).into(),
        or_none(text(status, "nominatedNodeName")).into(),
        gates(spec, status).into(),
    ]
}

fn gates(spec: &Value, status: &Value) -> String {
    let gates = list(spec, "readinessGates");
    if gates.is_empty() {
        return or_none("").to_string();
    }
    let open = gates.iter().filter(|gate| has_condition(status, text(gate, "conditionType"))).count();
    format!("{open}/{}", gates.len())
}

struct Summary<'a> {
    ready: usize,
    total: usize,
    restarts: i64,
    last_restart: Option<&'a str>,
    reason: String,
}

impl<'a> Summary<'a> {
    /// Counts the restarts of one container.
    fn count(&mut self, container: &'a Value) {
        self.restarts += int(container, "restartCount").unwrap_or_default();
        let finished = text(&container["lastState"]["terminated"], "finishedAt");
        if !finished.is_empty() {
            self.last_restart = self.last_restart.max(Some(finished));
        }
    }
}

fn summarise(pod: &Value) -> Summary<'_> {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    let phase = text(status, "phase");
    let status_reason = text(status, "reason");
    let gated = |c: &Value| text(c, "type") == "PodScheduled" && text(c, "reason") == "SchedulingGated";
    let reason = match status_reason {
        _ if list(status, "conditions").iter().any(gated) => "SchedulingGated",
        "" => phase,
        reason => reason,
    };
    let inits = list(spec, "initContainers");
    let sidecars = inits.iter().filter(|c| text(c, "restartPolicy") == "Always");
    let total = list(spec, "containers").len() + sidecars.count();
    let mut all = Summary { ready: 0, total, restarts: 0, last_restart: None, reason: reason.to_string() };
    let mut sidecars = Summary { ready: 0, total, restarts: 0, last_restart: None, reason: String::new() };
    let initializing = initialisation(inits, status, &mut all, &mut sidecars);
    if !initializing || has_condition(status, "Initialized") {
        (all.restarts, all.last_restart) = (sidecars.restarts, sidecars.last_restart);
        main_containers(status, &mut all);
    }
    if get(&pod["metadata"], "deletionTimestamp").is_some() {
        if status_reason == "NodeLost" {
            all.reason = "Unknown".to_string();
        } else if !matches!(phase, "Succeeded" | "Failed") {
            all.reason = "Terminating".to_string();
        }
    }
    all
}

/// Walks the init containers up to the one at work, if any; says whether there is one.
fn initialisation<'a>(inits: &[Value], status: &'a Value, all: &mut Summary<'a>, sidecars: &mut Summary<'a>) -> bool {
    for (i, container) in list(status, "initContainerStatuses").iter().enumerate() {
        all.count(container);
        let sidecar =
            inits.iter().any(|c| text(c, "name") == text(container, "name") && text(c, "restartPolicy") == "Always");
        if sidecar {
            sidecars.count(container);
        }
        let terminated = get(&container["state"], "terminated");
        let waiting = get(&container["state"], "waiting").map_or("", |w| text(w, "reason"));
        if terminated.is_some_and(|t| int(t, "exitCode").unwrap_or_default() == 0) {
            continue;
        }
        if sidecar && is_true(container, "started") {
            all.ready += usize::from(is_true(container, "ready"));
            continue;
        }
        all.reason = match terminated {
            Some(terminated) => format!("Init:{}", end_of(terminated)),
            None if !matches!(waiting, "" | "PodInitializing") => format!("Init:{waiting}"),
            None => format!("Init:{i}/{}", inits.len()),
        };
        return true;
    }
    false
}

fn main_containers<'a>(status: &'a Value, all: &mut Summary<'a>) {
    let mut running = false;
    for container in list(status, "containerStatuses").iter().rev() {
        all.count(container);
        let state = &container["state"];
        let waiting = text(&state["waiting"], "reason");
        if !waiting.is_empty() {
            all.reason = waiting.to_string();
        } else if let Some(terminated) = get(state, "terminated") {
            all.reason = end_of(terminated);
        } else if is_true(container, "ready") && get(state, "running").is_some() {
            running = true;
            all.ready += 1;
        }
    }
    if all.reason == "Completed" && running {
        let ready = has_condition(status, "Ready");
        all.reason = if ready { "Running" } else { "NotReady" }.to_string();
    }
}

/// Why a container ended.
fn end_of(terminated: &Value) -> String {
    let code = |key| int(terminated, key).unwrap_or_default();
    match text(terminated, "reason") {
        "" if code("signal") != 0 => format!("Signal:{}", code("signal")),
        "" => format!("ExitCode:{}", code("exitCode")),
        reason => reason.to_string(),
    }
}

//! A pod in one line, in the words of `kubectl get pods`.

use crate::duration::age;
use crate::icon::Icon;
use crate::read::{created, flag, int, list, name, present, text};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodInfo {
    /// Name.
    pub name: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// How old it is.
    pub age: SignedDuration,
    /// Phase, or what keeps it from running.
    pub status: String,
    /// Sign of the status.
    pub icon: Icon,
    /// Containers that run and are ready.
    pub ready: usize,
    /// Containers of the spec.
    pub containers: usize,
    /// Restarts of containers, or of init containers while those run.
    pub restarts: i64,
}

impl PodInfo {
    /// Reads a pod.
    pub fn of(pod: &Value, now: Timestamp) -> PodInfo {
        let State { reason, ready, restarts } = State::of(pod);
        let created = created(pod);
        let icon = Icon::of_pod(&reason);
        let containers = list(pod, "/spec/containers").len();
        PodInfo {
            name: name(pod).into(),
            created,
            age: age(created, now),
            status: reason,
            icon,
            ready,
            containers,
            restarts,
        }
    }
}

struct State {
    reason: String,
    ready: usize,
    restarts: i64,
}

impl State {
    fn of(pod: &Value) -> State {
        let status_reason = text(pod, "/status/reason");
        let reason = if status_reason.is_empty() { text(pod, "/status/phase") } else { status_reason };
        let mut state = State { reason: reason.into(), ready: 0, restarts: 0 };
        if !state.read_init_containers(pod) {
            state.read_containers(pod);
        }
        if present(pod, "/metadata/deletionTimestamp") {
            state.reason = if status_reason == "NodeLost" { "Unknown".into() } else { "Terminating".into() };
        }
        state
    }

    /// Looks for the first init container that is not done. Returns whether the pod is still initializing.
    fn read_init_containers(&mut self, pod: &Value) -> bool {
        let specs = list(pod, "/spec/initContainers");
        for (i, container) in list(pod, "/status/initContainerStatuses").iter().enumerate() {
            self.restarts += int(container, "/restartCount");
            if present(container, "/state/terminated") {
                if int(container, "/state/terminated/exitCode") == 0 {
                    continue;
                }
                self.reason = format!("Init:{}", ended(container));
                return true;
            }
            if restartable(specs, container) && flag(container, "/started") {
                if flag(container, "/ready") {
                    continue;
                }
                return false;
            }
            self.reason = match text(container, "/state/waiting/reason") {
                "" | "PodInitializing" => format!("Init:{i}/{}", specs.len()),
                waiting => format!("Init:{waiting}"),
            };
            return true;
        }
        false
    }

    fn read_containers(&mut self, pod: &Value) {
        self.restarts = 0;
        let mut running = false;
        for container in list(pod, "/status/containerStatuses").iter().rev() {
            self.restarts += int(container, "/restartCount");
            let waiting = text(container, "/state/waiting/reason");
            if !waiting.is_empty() {
                self.reason = waiting.into();
            } else if present(container, "/state/terminated") {
                self.reason = ended(container);
            } else if flag(container, "/ready") && present(container, "/state/running") {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && running {
            self.reason = "Running".into();
        }
    }
}

/// Why a container ended.
fn ended(container: &Value) -> String {
    let reason = text(container, "/state/terminated/reason");
    let signal = int(container, "/state/terminated/signal");
    match () {
        () if !reason.is_empty() => reason.into(),
        () if signal != 0 => format!("Signal:{signal}"),
        () => format!("ExitCode:{}", int(container, "/state/terminated/exitCode")),
    }
}

/// Whether the init container is a sidecar, which stays.
fn restartable(specs: &[Value], status: &Value) -> bool {
    let spec = specs.iter().find(|s| text(s, "/name") == text(status, "/name"));
    spec.is_some_and(|s| text(s, "/restartPolicy") == "Always")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(status: Value, spec: Value) -> String {
        let pod = json!({"metadata": {"name": "p"}, "spec": spec, "status": status});
        let p = PodInfo::of(&pod, Timestamp::UNIX_EPOCH);
        format!("{} {}/{} {}", p.status, p.ready, p.containers, p.restarts)
    }

    fn two() -> Value {
        json!({"containers": [{"name": "a"}, {"name": "b"}]})
    }

    #[test]
    fn containers() {
        let up = json!({"name": "a", "ready": true, "restartCount": 2, "state": {"running": {}}});
        let done =
            json!({"name": "b", "restartCount": 1, "state": {"terminated": {"reason": "Completed", "exitCode": 0}}});
        let crash = json!({"name": "b", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}});
        let killed = json!({"name": "b", "state": {"terminated": {"signal": 9, "exitCode": 137}}});
        let exited = json!({"name": "b", "state": {"terminated": {"exitCode": 3}}});
        for (statuses, expected) in [
            (json!([up, up]), "Running 2/2 4"),
            (json!([up, done]), "Running 1/2 3"),
            (json!([done, done]), "Completed 0/2 2"),
            (json!([up, crash]), "CrashLoopBackOff 1/2 6"),
            (json!([killed]), "Signal:9 0/2 0"),
            (json!([exited]), "ExitCode:3 0/2 0"),
            (json!([]), "Running 0/2 0"),
        ] {
            assert_eq!(line(json!({"phase": "Running", "containerStatuses": statuses}), two()), expected);
        }
        assert_eq!(line(json!({"phase": "Failed", "reason": "Evicted"}), two()), "Evicted 0/2 0");
    }

    #[test]
    fn init_containers() {
        let mut spec = two();
        spec["initContainers"] = json!([{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]);
        let done =
            json!({"name": "i", "restartCount": 1, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
        let waits = |name: &str, reason: &str| json!({"name": name, "state": {"waiting": {"reason": reason}}});
        let side = |ready: bool| json!({"name": "s", "started": true, "ready": ready, "state": {"running": {}}});
        let failed =
            json!({"name": "i", "restartCount": 3, "state": {"terminated": {"exitCode": 1, "reason": "Error"}}});
        for (statuses, expected) in [
            (json!([waits("i", "PodInitializing"), waits("s", "PodInitializing")]), "Init:0/2 0/2 0"),
            (json!([waits("i", "ErrImagePull")]), "Init:ErrImagePull 0/2 0"),
            (json!([failed]), "Init:Error 0/2 3"),
            (json!([done, waits("s", "PodInitializing")]), "Init:1/2 0/2 1"),
            (json!([done, side(false)]), "Pending 0/2 0"),
            (json!([done, side(true)]), "Pending 0/2 0"),
        ] {
            assert_eq!(line(json!({"phase": "Pending", "initContainerStatuses": statuses}), spec.clone()), expected);
        }
    }

    #[test]
    fn going_away() {
        let pod = |status| json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": status});
        assert_eq!(PodInfo::of(&pod(json!({"phase": "Running"})), Timestamp::UNIX_EPOCH).status, "Terminating");
        assert_eq!(PodInfo::of(&pod(json!({"reason": "NodeLost"})), Timestamp::UNIX_EPOCH).status, "Unknown");
    }
}

//! Pods of a Job that cannot start.

use serde::Deserialize;
use std::fmt::Write as _;

/// Reasons why a container waits that do not pass by themselves.
const TERMINAL: [&str; 3] = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"];

/// What is read of a pod.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    pub(super) metadata: rollouts_api::ObjectMeta,
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    init_container_statuses: Option<Vec<Container>>,
    container_statuses: Option<Vec<Container>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    name: String,
    state: State,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    waiting: Option<Waiting>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Waiting {
    reason: String,
    message: String,
}

/// What keeps containers of the Job with this uid from starting, a line each; empty if nothing does.
pub(super) fn trouble(pods: &[Pod], job_uid: &str) -> String {
    let mut of_job: Vec<&Pod> =
        pods.iter().filter(|pod| pod.metadata.controller().is_some_and(|owner| owner.uid == job_uid)).collect();
    of_job.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    let mut text = String::new();
    for pod in of_job {
        let Status { init_container_statuses, container_statuses } = &pod.status;
        for container in init_container_statuses.iter().chain(container_statuses).flatten() {
            let Some(Waiting { reason, message }) = &container.state.waiting else { continue };
            if TERMINAL.contains(&reason.as_str()) {
                let (pod, container) = (&pod.metadata.name, &container.name);
                // Writing to a String cannot fail.
                let _ = writeln!(text, "Pod {pod}, container {container} has terminal error ({reason}): {message}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(name: &str, owner: &str, status: Value) -> Pod {
        let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": owner, "controller": true});
        let pod = json!({"metadata": {"name": name, "ownerReferences": [owner]}, "status": status});
        serde_json::from_value(pod).expect("a pod")
    }

    #[test]
    fn all_that_cannot_start_is_told() {
        let waiting =
            |name: &str, reason: &str| json!({"name": name, "state": {"waiting": {"reason": reason, "message": "no"}}});
        let pods = [
            pod("b", "j", json!({"containerStatuses": [waiting("c", "ImagePullBackOff"), waiting("d", "Creating")]})),
            pod(
                "a",
                "j",
                json!({
                    "initContainerStatuses": [waiting("i", "InvalidImageName")],
                    "containerStatuses": [{"name": "c", "state": {"running": {}}}],
                }),
            ),
            pod("c", "other", json!({"containerStatuses": [waiting("c", "ErrImagePull")]})),
            pod("d", "j", json!({"containerStatuses": null})),
        ];
        let want = "Pod a, container i has terminal error (InvalidImageName): no\n\
                    Pod b, container c has terminal error (ImagePullBackOff): no\n";
        assert_eq!(trouble(&pods, "j"), want);
        assert_eq!(trouble(&pods, "none"), "");
    }
}

//! The life of one container: waiting, running, exited, restarted.

use super::script::Run;
use super::timing::{Fate, fate, is_bad, restart_policy};
use crate::machinery::{Backoff, whole_seconds};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
    Pod,
};
use kube::ResourceExt;
use std::collections::BTreeMap;
use std::time::Duration;

const RESTART_BASE: Duration = Duration::from_secs(10);
const RESTART_CAP: Duration = Duration::from_secs(300);

/// What the kubelet remembers of a pod more exactly than its status says: times there have whole seconds.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub born: Timestamp,
    pub deleted: Option<Timestamp>,
    pub started: BTreeMap<String, Timestamp>,
    pub finished: BTreeMap<String, Timestamp>,
}

impl Life {
    pub(super) fn new(born: Timestamp) -> Self {
        Life { born, deleted: None, started: BTreeMap::new(), finished: BTreeMap::new() }
    }
}

/// An event of the kubelet: type, reason, message.
pub(super) type Said = (&'static str, &'static str, String);

/// What the world looks like to a container.
pub(super) struct Moment<'a> {
    pub pod: &'a Pod,
    pub start_delay: Duration,
    /// Whether all init containers are done.
    pub initialized: bool,
    pub now: Timestamp,
}

/// Collects what follows from a step besides the new status.
#[derive(Default)]
pub(super) struct Outcome {
    /// When something happens next.
    pub wake: Option<Timestamp>,
    pub said: Vec<Said>,
}

impl Outcome {
    pub(super) fn wake_at(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |w| w.min(at)));
    }
}

/// The container's status at this moment.
pub(super) fn step(
    at: &Moment<'_>,
    container: &Container,
    old: Option<&ContainerStatus>,
    life: &mut Life,
    out: &mut Outcome,
) -> ContainerStatus {
    let fate = fate(at.pod, container, at.start_delay);
    let mut status = old.cloned().unwrap_or_else(|| fresh(container));
    // Each round makes one transition; a container that exits at once and is restarted takes three.
    for _ in 0..4 {
        if !transition(at, container, &fate, &mut status, life, out) {
            break;
        }
    }
    status
}

fn fresh(container: &Container) -> ContainerStatus {
    ContainerStatus {
        name: container.name.clone(),
        image: container.image.clone().unwrap_or_default(),
        state: Some(waiting("ContainerCreating", None)),
        started: Some(false),
        ..Default::default()
    }
}

fn waiting(reason: &str, message: Option<String>) -> ContainerState {
    let waiting = ContainerStateWaiting { reason: Some(reason.to_string()), message };
    ContainerState { waiting: Some(waiting), ..Default::default() }
}

/// Makes the next transition that is due; false when none is, and then `out` knows when the next will be.
fn transition(
    at: &Moment<'_>,
    container: &Container,
    fate: &Fate,
    status: &mut ContainerStatus,
    life: &mut Life,
    out: &mut Outcome,
) -> bool {
    let state = status.state.clone().unwrap_or_default();
    if let Some(running) = &state.running {
        let started = life.started.get(&container.name).copied();
        let started = started.or(running.started_at.as_ref().map(|t| t.0)).unwrap_or(at.now);
        return run_on(at, container, fate, status, started, life, out);
    }
    if let Some(exited) = &state.terminated {
        return match restart_policy(at.pod) {
            "Always" => restart(at, container, status, &state, out),
            "OnFailure" if exited.exit_code != 0 => restart(at, container, status, &state, out),
            _ => false,
        };
    }
    match &status.last_state.clone().unwrap_or_default().terminated {
        Some(exited) => {
            let finished = life.finished.get(&container.name).copied();
            let finished = finished.or(exited.finished_at.as_ref().map(|t| t.0)).unwrap_or(at.now);
            let due = plus(finished, back_off(status.restart_count));
            if at.now < due {
                out.wake_at(due);
                return false;
            }
            status.restart_count += 1;
            start(at, container, status, life, out);
            true
        }
        None => first_start(at, container, fate, status, life, out),
    }
}

fn first_start(
    at: &Moment<'_>,
    container: &Container,
    fate: &Fate,
    status: &mut ContainerStatus,
    life: &mut Life,
    out: &mut Outcome,
) -> bool {
    let image = container.image.as_deref().unwrap_or_default();
    if fate.bad {
        let reason = status.state.as_ref().and_then(|s| s.waiting.as_ref()?.reason.as_deref());
        if reason != Some("ErrImagePull") {
            let problem = "image not found";
            out.said.push(("Normal", "Pulling", format!("Pulling image {image:?}")));
            out.said.push(("Warning", "Failed", format!("Failed to pull image {image:?}: {problem}")));
            out.said.push(("Warning", "Failed", "Error: ErrImagePull".to_string()));
            status.state = Some(waiting("ErrImagePull", Some(problem.to_string())));
        }
        return false;
    }
    let due = plus(life.born, fate.start);
    if at.now < due {
        out.wake_at(due);
    }
    if at.now < due || !at.initialized {
        let has_init = at.pod.spec.as_ref().and_then(|s| s.init_containers.as_ref()).is_some_and(|c| !c.is_empty());
        status.state = Some(waiting(if has_init { "PodInitializing" } else { "ContainerCreating" }, None));
        return false;
    }
    out.said.push(("Normal", "Pulled", format!("Container image {image:?} already present on machine")));
    out.said.push(("Normal", "Created", format!("Created container: {}", container.name)));
    start(at, container, status, life, out);
    true
}

fn start(at: &Moment<'_>, container: &Container, status: &mut ContainerStatus, life: &mut Life, out: &mut Outcome) {
    let uid = at.pod.metadata.uid.as_deref().unwrap_or_default();
    let running = ContainerStateRunning { started_at: Some(whole_seconds(at.now)) };
    status.state = Some(ContainerState { running: Some(running), ..Default::default() });
    status.started = Some(true);
    status.ready = false;
    status.image = container.image.clone().unwrap_or_default();
    status.image_id = format!("simulated://{}", status.image);
    status.container_id = Some(format!("simulated://{uid}/{}/{}", container.name, status.restart_count));
    life.started.insert(container.name.clone(), at.now);
    out.said.push(("Normal", "Started", format!("Started container {}", container.name)));
}

fn run_on(
    at: &Moment<'_>,
    container: &Container,
    fate: &Fate,
    status: &mut ContainerStatus,
    started: Timestamp,
    life: &mut Life,
    out: &mut Outcome,
) -> bool {
    if let Run::Ends(after, code) = fate.run {
        let end = plus(started, after);
        if at.now >= end {
            life.finished.insert(container.name.clone(), at.now);
            let terminated = ContainerStateTerminated {
                exit_code: code,
                reason: Some(if code == 0 { "Completed" } else { "Error" }.to_string()),
                started_at: Some(whole_seconds(started)),
                finished_at: Some(whole_seconds(at.now)),
                container_id: status.container_id.clone(),
                ..Default::default()
            };
            status.state = Some(ContainerState { terminated: Some(terminated), ..Default::default() });
            status.started = Some(false);
            status.ready = false;
            return true;
        }
        out.wake_at(end);
    }
    if let Some(delay) = fate.ready.filter(|_| !status.ready) {
        let due = plus(started, delay).max(plus(life.born, fate.ready_not_before));
        if at.now >= due {
            status.ready = true;
        } else {
            out.wake_at(due);
        }
    }
    false
}

fn restart(
    at: &Moment<'_>,
    container: &Container,
    status: &mut ContainerStatus,
    exited: &ContainerState,
    out: &mut Outcome,
) -> bool {
    let delay = back_off(status.restart_count);
    status.last_state = Some(exited.clone());
    let (pod, uid) = (at.pod.name_any(), at.pod.metadata.uid.clone().unwrap_or_default());
    let namespace = at.pod.namespace().unwrap_or_default();
    let which = format!("restarting failed container={} pod={pod}_{namespace}({uid})", container.name);
    status.state = Some(waiting("CrashLoopBackOff", Some(format!("back-off {}s {which}", delay.as_secs()))));
    if !delay.is_zero() {
        let message =
            format!("Back-off restarting failed container {} in pod {pod}_{namespace}({uid})", container.name);
        out.said.push(("Warning", "BackOff", message));
    }
    true
}

/// The first restart is immediate, then 10 s, 20 s … 5 min.
fn back_off(restarts: i32) -> Duration {
    match u32::try_from(restarts).unwrap_or_default() {
        0 => Duration::ZERO,
        n => Backoff::nth(RESTART_BASE, RESTART_CAP, n - 1),
    }
}

/// Init containers are quick: done as soon as the pod has started, unless one cannot be pulled. Sidecars run on.
pub(super) fn init_step(
    at: &Moment<'_>,
    container: &Container,
    old: Option<&ContainerStatus>,
    life: &mut Life,
    out: &mut Outcome,
) -> ContainerStatus {
    let mut status = old.cloned().unwrap_or_else(|| fresh(container));
    let waits = status.state.as_ref().is_some_and(|s| s.waiting.is_some());
    if !waits {
        return status;
    }
    if is_bad(container) {
        status.state = Some(waiting("ErrImagePull", None));
        return status;
    }
    let due = plus(life.born, at.start_delay);
    if at.now < due || !at.initialized {
        if at.now < due {
            out.wake_at(due);
        }
        return status;
    }
    start(at, container, &mut status, life, out);
    status.ready = true;
    if container.restart_policy.as_deref() != Some("Always") {
        let time = whole_seconds(at.now);
        let terminated = ContainerStateTerminated {
            reason: Some("Completed".to_string()),
            started_at: Some(time.clone()),
            finished_at: Some(time),
            container_id: status.container_id.clone(),
            ..Default::default()
        };
        status.state = Some(ContainerState { terminated: Some(terminated), ..Default::default() });
        status.started = Some(false);
    }
    status
}

fn plus(t: Timestamp, d: Duration) -> Timestamp {
    t.checked_add(d).unwrap_or(Timestamp::MAX)
}

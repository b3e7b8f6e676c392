//! Why pods do not start, or do not stay.

use super::Finding;
use super::facts::Facts;
use crate::Icon;
use crate::pod::PodInfo;
use crate::read::{created, flag, int, list, name, owned_by, present, text, time};
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::BTreeMap;

/// How long a pod may take to be ready before that is called a failure.
const START_PATIENCE: SignedDuration = SignedDuration::from_secs(30);

/// Of how many containers the last line of the log is shown.
const LOGS_MAX: usize = 3;

/// A container whose last line would say more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogKey {
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// Of the one before the present one, which has not begun, or has just begun.
    pub previous: bool,
}

/// Why one pod is not ready.
struct Failure {
    reason: String,
    text: String,
    log: Option<LogKey>,
}

/// The logs to look at for an explanation of `rollout`, at most a few: one of each failure.
pub fn logs_wanted(rollout: &Value, objects: crate::Objects<'_>, now: jiff::Timestamp) -> Vec<LogKey> {
    let uid = text(rollout, "/metadata/uid");
    let sets = objects.replica_sets.iter().copied().filter(|set| owned_by(set, uid));
    let groups = sets.flat_map(|set| groups(set, objects.pods, now));
    groups.filter_map(|(_, pods)| pods.into_iter().find_map(|(_, failure)| failure.log)).take(LOGS_MAX).collect()
}

/// Pods of a ReplicaSet that fail, by how they fail.
fn groups<'a>(set: &Value, pods: &[&'a Value], now: jiff::Timestamp) -> BTreeMap<String, Vec<(&'a Value, Failure)>> {
    let uid = text(set, "/metadata/uid");
    let mut groups: BTreeMap<String, Vec<(&Value, Failure)>> = BTreeMap::new();
    let mut pods: Vec<&Value> = pods.iter().copied().filter(|pod| owned_by(pod, uid)).collect();
    pods.sort_by_key(|pod| name(pod));
    for pod in pods {
        if let Some(failure) = failure(pod, now) {
            groups.entry(failure.reason.clone()).or_default().push((pod, failure));
        }
    }
    groups
}

/// What is wrong with the pods of a ReplicaSet.
pub(super) fn findings(facts: &Facts<'_>, set: &Value, whose: &str) -> Vec<Finding> {
    let groups = groups(set, facts.seen.objects.pods, facts.seen.now);
    let findings = groups.into_iter().filter_map(|(reason, pods)| {
        let count = pods.len();
        let (pod, failure) = pods.into_iter().next()?;
        let subject = match count {
            1 => format!("a pod of the {whose} version"),
            n => format!("{n} pods of the {whose} version"),
        };
        let mut details = Vec::new();
        if let Some(line) = failure.log.as_ref().and_then(|key| facts.seen.logs.get(key)).filter(|l| !l.is_empty()) {
            details.push(format!("last line of its log: {line}"));
        }
        let about = format!("Pod {}", name(pod));
        Some(Finding { icon: Icon::Bad, about, reason, text: format!("{subject}: {}", failure.text), details })
    });
    findings.collect()
}

/// Why a pod is not ready; `None` if it is, or is only young, or on its way out.
fn failure(pod: &Value, now: jiff::Timestamp) -> Option<Failure> {
    if present(pod, "/metadata/deletionTimestamp") {
        return None;
    }
    let condition = |r#type: &str| list(pod, "/status/conditions").iter().find(|c| text(c, "/type") == r#type);
    if let Some(scheduled) = condition("PodScheduled").filter(|c| text(c, "/status") == "False") {
        let text = format!("no node takes it: {}", text(scheduled, "/message"));
        return Some(Failure { reason: "Unschedulable".into(), text, log: None });
    }
    let statuses = list(pod, "/status/initContainerStatuses").iter().chain(list(pod, "/status/containerStatuses"));
    if let Some(failure) = statuses.filter_map(|status| container(pod, status)).next() {
        return Some(failure);
    }
    if text(pod, "/status/phase") == "Failed" {
        let reason = PodInfo::of(pod, now).status;
        let text = match text(pod, "/status/message") {
            "" => format!("it has failed ({reason})"),
            message => format!("it has failed ({reason}): {message}"),
        };
        return Some(Failure { reason, text, log: None });
    }
    let ready = condition("Ready")?;
    let since = time(ready, "/lastTransitionTime").or_else(|| created(pod))?;
    if text(ready, "/status") == "True" || now.duration_since(since) < START_PATIENCE {
        return None;
    }
    let age = crate::duration::human(now.duration_since(since));
    let unready = list(pod, "/status/containerStatuses").iter().find(|s| !flag(s, "/ready"));
    let which = unready.map_or(String::new(), |s| format!("container {} ", text(s, "/name")));
    let log = unready.filter(|s| present(s, "/state/running")).map(|s| key(pod, s, false));
    let text = match log {
        Some(_) => format!("{which}runs, but has not been ready for {age}; see its readinessProbe"),
        None => format!("{which}has not been ready for {age}{}", waiting(unready)),
    };
    Some(Failure { reason: "NotReady".into(), text, log })
}

fn waiting(status: Option<&Value>) -> String {
    let reason = status.map_or("", |s| text(s, "/state/waiting/reason"));
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

fn key(pod: &Value, status: &Value, previous: bool) -> LogKey {
    LogKey { pod: name(pod).into(), container: text(status, "/name").into(), previous }
}

/// What is wrong with one container.
fn container(pod: &Value, status: &Value) -> Option<Failure> {
    let container = text(status, "/name");
    let reason = text(status, "/state/waiting/reason");
    match reason {
        // It is only beginning.
        "ContainerCreating" | "PodInitializing" => return None,
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "RegistryUnavailable" => {
            let message = text(status, "/state/waiting/message");
            let image = image(pod, container);
            let said = if message.is_empty() || message == reason { String::new() } else { format!(" ({message})") };
            let text = format!("the image {image} of container {container} cannot be pulled{said}");
            // It is the one in one moment, and the other in the next.
            let reason = if reason == "ErrImagePull" { "ImagePullBackOff" } else { reason };
            return Some(Failure { reason: reason.into(), text, log: None });
        }
        "" => {}
        _ => {
            if let Some(failure) = crashed(pod, status) {
                return Some(failure);
            }
            let message = text(status, "/state/waiting/message");
            let text = format!("container {container} does not start: {message}");
            return Some(Failure { reason: reason.into(), text: text.trim_end_matches([' ', ':']).into(), log: None });
        }
    }
    let ended = int(status, "/state/terminated/exitCode") != 0;
    let again = !flag(status, "/ready") && int(status, "/restartCount") > 0;
    if ended || again { crashed(pod, status) } else { None }
}

/// A container that has ended and should not have.
fn crashed(pod: &Value, status: &Value) -> Option<Failure> {
    let (state, previous) = match present(status, "/state/terminated") {
        true => (status.pointer("/state/terminated")?, false),
        false => (status.pointer("/lastState/terminated").filter(|s| !s.is_null())?, true),
    };
    let (container, code) = (text(status, "/name"), int(state, "/exitCode"));
    let restarts = int(status, "/restartCount");
    let how = match text(state, "/reason") {
        "OOMKilled" => format!("was killed for want of memory (OOMKilled){}", limit(pod, container)),
        "" | "Error" | "Completed" => format!("exits with code {code}"),
        other => format!("exits with code {code} ({other})"),
    };
    let times = match restarts {
        0 => String::new(),
        1 => ", and was restarted once".into(),
        n => format!(", and was restarted {n} times"),
    };
    let reason = if restarts > 0 || previous { "CrashLoopBackOff" } else { "Error" };
    let log = Some(key(pod, status, previous));
    Some(Failure { reason: reason.into(), text: format!("container {container} {how}{times}"), log })
}

fn spec<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    let all = list(pod, "/spec/initContainers").iter().chain(list(pod, "/spec/containers"));
    all.into_iter().find(|c| text(c, "/name") == container)
}

fn image<'a>(pod: &'a Value, container: &str) -> &'a str {
    spec(pod, container).map_or("", |c| text(c, "/image"))
}

fn limit(pod: &Value, container: &str) -> String {
    match spec(pod, container).map_or("", |c| text(c, "/resources/limits/memory")) {
        "" => String::new(),
        limit => format!("; its limit is {limit}"),
    }
}

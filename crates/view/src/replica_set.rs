//! A ReplicaSet: its part in the Rollout, how it does, and its pods.

use crate::Objects;
use crate::duration::age;
use crate::icon::Icon;
use crate::pod::PodInfo;
use crate::read::{annotation, created, int, int_opt, label, list, name, owned_by, present, revision, text};
use crate::tag::Tag;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::names::{POD_TEMPLATE_HASH, SCALE_DOWN_DEADLINE};
use serde_json::Value;

/// Annotation on a ReplicaSet of an Experiment: the template it was made of.
const EXPERIMENT_TEMPLATE: &str = "experiment.argoproj.io/template-name";

/// A ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaSetInfo {
    /// Name.
    pub name: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// How old it is.
    pub age: SignedDuration,
    /// Revision of the Rollout; 0 if it has none.
    pub revision: i64,
    /// `Healthy`, `Progressing`, `ScaledDown` or `ReplicaFailure`.
    pub status: String,
    /// Sign of the status.
    pub icon: Icon,
    /// Roles, in the order in which they are listed beside a ReplicaSet: stable first.
    pub roles: Vec<Tag>,
    /// Template of the Experiment it belongs to; empty for a Rollout's own.
    pub template: String,
    /// Pods there are.
    pub replicas: i64,
    /// Pods that are available.
    pub available: i64,
    /// When it will be scaled down.
    pub scale_down: Option<ScaleDown>,
    /// Images of its containers, in order; init containers excluded.
    pub images: Vec<String>,
    /// Pods, oldest first.
    pub pods: Vec<PodInfo>,
}

/// What the scale-down deadline says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleDown {
    /// So long from now.
    In(SignedDuration),
    /// The time is over.
    Passed,
    /// It is no time.
    Unreadable,
}

impl ScaleDown {
    fn of(replica_set: &Value, now: Timestamp) -> Option<ScaleDown> {
        let deadline = annotation(replica_set, SCALE_DOWN_DEADLINE).filter(|d| !d.is_empty())?;
        Some(match deadline.parse::<Timestamp>() {
            Ok(deadline) if deadline < now => ScaleDown::Passed,
            Ok(deadline) => ScaleDown::In(deadline.duration_since(now)),
            Err(_) => ScaleDown::Unreadable,
        })
    }
}

impl ReplicaSetInfo {
    /// All ReplicaSets that belong to the owner, newest revision first. `roles` says what a ReplicaSet with that
    /// pod-template hash is.
    pub fn owned(objects: Objects<'_>, owner: &str, now: Timestamp, roles: impl Fn(&str) -> Vec<Tag>) -> Vec<Self> {
        let owned = objects.replica_sets.iter().copied().filter(|rs| owned_by(rs, owner));
        let mut infos: Vec<_> =
            owned.map(|rs| Self::of(rs, objects.pods, now, roles(label(rs, POD_TEMPLATE_HASH)))).collect();
        infos.sort_by(|a, b| b.revision.cmp(&a.revision).then_with(|| a.name.cmp(&b.name)));
        infos
    }

    fn of(rs: &Value, pods: &[&Value], now: Timestamp, roles: Vec<Tag>) -> Self {
        let created = created(rs);
        let status = status(rs);
        let uid = text(rs, "/metadata/uid");
        let mut pods: Vec<_> = pods.iter().filter(|p| owned_by(p, uid)).map(|p| PodInfo::of(p, now)).collect();
        pods.sort_by(|a, b| a.created.cmp(&b.created).then_with(|| a.name.cmp(&b.name)));
        let containers = list(rs, "/spec/template/spec/containers");
        ReplicaSetInfo {
            name: name(rs).into(),
            created,
            age: age(created, now),
            revision: revision(rs),
            icon: Icon::of_replica_set(status),
            status: status.into(),
            roles,
            template: annotation(rs, EXPERIMENT_TEMPLATE).unwrap_or("").into(),
            replicas: int(rs, "/status/replicas"),
            available: int(rs, "/status/availableReplicas"),
            scale_down: ScaleDown::of(rs, now),
            images: containers.iter().map(|c| text(c, "/image").into()).collect(),
            pods,
        }
    }
}

fn status(rs: &Value) -> &'static str {
    // The API server starts at generation 1; a ReplicaSet that nobody looked at has observed none.
    let behind = int(rs, "/status/observedGeneration") < int(rs, "/metadata/generation");
    let mut conditions = list(rs, "/status/conditions").iter();
    let failing = conditions.any(|c| text(c, "/type") == "ReplicaFailure" && text(c, "/status") == "True");
    let desired = int_opt(rs, "/spec/replicas").unwrap_or(1);
    match () {
        () if behind => "Progressing",
        () if failing => "ReplicaFailure",
        () if int(rs, "/status/availableReplicas") < desired => "Progressing",
        () if desired == 0 => "ScaledDown",
        () => "Healthy",
    }
}

/// Roles of the ReplicaSet with the pod-template hash in a Rollout. A ReplicaSet without one counts as stable while
/// the Rollout has no stable one.
pub(crate) fn roles(rollout: &Value, hash: &str) -> Vec<Tag> {
    let stable = hash == text(rollout, "/status/stableRS");
    if present(rollout, "/spec/strategy/canary") {
        let current = hash == text(rollout, "/status/currentPodHash");
        if !stable && !current {
            return Vec::new();
        }
        let mut roles = vec![if stable { Tag::Stable } else { Tag::Canary }];
        if present(rollout, "/spec/strategy/canary/pingPong") {
            let stable_is_ping = text(rollout, "/status/canary/stablePingPong") == "ping";
            roles.push(if stable == stable_is_ping { Tag::Ping } else { Tag::Pong });
        }
        return roles;
    }
    if !present(rollout, "/spec/strategy/blueGreen") {
        return Vec::new();
    }
    let mut roles = Vec::new();
    if stable {
        roles.push(Tag::Stable);
    }
    if hash == text(rollout, "/status/blueGreen/activeSelector") {
        roles.push(Tag::Active);
    } else if hash == text(rollout, "/status/blueGreen/previewSelector") {
        roles.push(Tag::Preview);
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn how_it_does() {
        let rs = |generation: i64, replicas: i64, available: i64, failing: bool| {
            let conditions = if failing { json!([{"type": "ReplicaFailure", "status": "True"}]) } else { json!(null) };
            status(&json!({
                "metadata": {"generation": generation},
                "spec": {"replicas": replicas},
                "status": {"observedGeneration": 2, "availableReplicas": available, "conditions": conditions},
            }))
        };
        assert_eq!(rs(3, 0, 0, false), "Progressing");
        assert_eq!(rs(2, 1, 0, true), "ReplicaFailure");
        assert_eq!(rs(2, 2, 1, false), "Progressing");
        assert_eq!(rs(2, 0, 0, false), "ScaledDown");
        assert_eq!(rs(2, 2, 2, false), "Healthy");
    }

    #[test]
    fn parts_it_plays() {
        let show = |r: &Value, hash: &str| roles(r, hash).iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let mut canary =
            json!({"spec": {"strategy": {"canary": {}}}, "status": {"stableRS": "a", "currentPodHash": "b"}});
        assert_eq!([show(&canary, "a"), show(&canary, "b"), show(&canary, "c")], ["stable", "canary", ""]);
        canary["spec"]["strategy"]["canary"]["pingPong"] = json!({"pingService": "x", "pongService": "y"});
        canary["status"]["canary"] = json!({"stablePingPong": "ping"});
        assert_eq!([show(&canary, "a"), show(&canary, "b")], ["stable,ping", "canary,pong"]);
        canary["status"]["canary"] = json!({"stablePingPong": "pong"});
        assert_eq!([show(&canary, "a"), show(&canary, "b")], ["stable,pong", "canary,ping"]);
        let blue_green = json!({
            "spec": {"strategy": {"blueGreen": {}}},
            "status": {"stableRS": "a", "blueGreen": {"activeSelector": "a", "previewSelector": "b"}},
        });
        assert_eq!(
            [show(&blue_green, "a"), show(&blue_green, "b"), show(&blue_green, "c")],
            ["stable,active", "preview", ""]
        );
        assert_eq!(show(&json!({"spec": {"strategy": {"canary": {}}}}), ""), "stable");
    }

    #[test]
    fn deadline() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let at = |d: &str| ScaleDown::of(&json!({"metadata": {"annotations": {"scale-down-deadline": d}}}), now);
        assert_eq!(at("2026-01-01T00:00:30Z"), Some(ScaleDown::In(SignedDuration::from_secs(30))));
        assert_eq!(at("2025-12-31T23:59:59Z"), Some(ScaleDown::Passed));
        assert_eq!(at("soon"), Some(ScaleDown::Unreadable));
        assert_eq!(at(""), None);
    }
}

//! The revisions of a Rollout: what each was, who made it, and how it ended.

use crate::Objects;
use crate::duration::age;
use crate::icon::Icon;
use crate::phase::Phase;
use crate::read::{annotation, created, flag, label, list, name, owned_by, revision, text, time};
use jiff::{SignedDuration, Timestamp};
use rollouts_api::Time;
use rollouts_api::names::{POD_TEMPLATE_HASH, REVISION_HISTORY};
use serde_json::{Value, json};

/// What people write down as the reason of a change, by the custom of `kubectl rollout history`.
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// A revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its number; the latest if the same template was asked for several times.
    pub revision: i64,
    /// Earlier numbers of the same template.
    pub earlier: Vec<i64>,
    /// ReplicaSet.
    pub replica_set: String,
    /// Images of its containers.
    pub images: Vec<String>,
    /// When its ReplicaSet was made.
    pub created: Option<Timestamp>,
    /// How old it is.
    pub age: SignedDuration,
    /// What became of it.
    pub outcome: Outcome,
    /// Who changed the template, as far as that is noted: manager and time. Known of the latest change alone.
    pub changed_by: Option<(String, Option<Timestamp>)>,
    /// The reason that was written down.
    pub cause: String,
}

/// What became of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// One of `stable`, `in progress`, `paused`, `aborted`, `failed analysis`, `completed` (it was stable until it was
    /// replaced), `replaced` (nothing tells any more whether it ever was stable).
    pub word: &'static str,
    /// More of it; may be empty.
    pub detail: String,
    /// Its sign.
    pub icon: Icon,
}

impl Outcome {
    fn new(icon: Icon, word: &'static str, detail: impl Into<String>) -> Self {
        Outcome { word, detail: detail.into(), icon }
    }
}

/// All revisions whose ReplicaSets are still there, newest first. `writer` is the object that has the template: the Rollout,
/// or the workload it refers to. `events` are those of the Rollout.
pub fn of(rollout: &Value, writer: &Value, objects: Objects<'_>, events: &[&Value], now: Timestamp) -> Vec<Past> {
    let uid = text(rollout, "/metadata/uid");
    let mut sets: Vec<&Value> = objects.replica_sets.iter().copied().filter(|rs| owned_by(rs, uid)).collect();
    sets.sort_by(|a, b| revision(b).cmp(&revision(a)).then_with(|| name(a).cmp(name(b))));
    let latest = sets.first().map(|rs| name(rs));
    let past = |rs: &Value| {
        let is_latest = Some(name(rs)) == latest;
        let noted = annotation(rs, CHANGE_CAUSE).or_else(|| annotation(writer, CHANGE_CAUSE).filter(|_| is_latest));
        let created = created(rs);
        let earlier = annotation(rs, REVISION_HISTORY).unwrap_or("");
        Past {
            revision: revision(rs),
            earlier: earlier.split(',').filter_map(|r| r.trim().parse().ok()).collect(),
            replica_set: name(rs).into(),
            images: list(rs, "/spec/template/spec/containers").iter().map(|c| text(c, "/image").into()).collect(),
            created,
            age: age(created, now),
            outcome: outcome(rollout, rs, objects, events),
            changed_by: if is_latest { changed_by(writer) } else { None },
            cause: noted.unwrap_or("").into(),
        }
    };
    sets.into_iter().map(past).collect()
}

/// Whoever owns a field of the pod template, and wrote last.
fn changed_by(writer: &Value) -> Option<(String, Option<Timestamp>)> {
    let owns =
        |m: &&Value| ["/fieldsV1/f:spec/f:template", "/fieldsV1/f:template"].iter().any(|p| m.pointer(p).is_some());
    let last = list(writer, "/metadata/managedFields").iter().filter(owns).max_by_key(|m| time(m, "/time"))?;
    Some((text(last, "/manager").to_owned(), time(last, "/time")))
}

fn outcome(rollout: &Value, rs: &Value, objects: Objects<'_>, events: &[&Value]) -> Outcome {
    let hash = label(rs, POD_TEMPLATE_HASH);
    let is = |pointer: &str| !hash.is_empty() && text(rollout, pointer) == hash;
    if is("/status/stableRS") {
        return Outcome::new(Icon::Ok, "stable", "");
    }
    let failed = judged(rs, objects);
    if is("/status/currentPodHash") {
        let phase = Phase::of(rollout);
        return match () {
            () if flag(rollout, "/status/abort") => match failed {
                Some(run) => Outcome::new(Icon::Bad, "failed analysis", run),
                None => Outcome::new(Icon::Bad, "aborted", ""),
            },
            () if phase.name == "Paused" => Outcome::new(Icon::Paused, "paused", phase.message),
            () if phase.name == "Degraded" => Outcome::new(Icon::Bad, "in progress", phase.message),
            () => Outcome::new(Icon::Progressing, "in progress", phase.message),
        };
    }
    let number = revision(rs);
    let told = |reason: &str, beginning: String| {
        let mut events = events.iter().filter(|e| text(e, "/reason") == reason);
        events.any(|e| {
            let rest = text(e, "/message").strip_prefix(&beginning);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    };
    match failed {
        Some(run) => Outcome::new(Icon::Bad, "failed analysis", run),
        None if told("RolloutCompleted", format!("Rollout completed update to revision {number}")) => {
            Outcome::new(Icon::Neutral, "completed", "")
        }
        None if told("RolloutAborted", format!("Rollout aborted update to revision {number}")) => {
            Outcome::new(Icon::Bad, "aborted", "")
        }
        None => Outcome::new(Icon::Neutral, "replaced", ""),
    }
}

/// The AnalysisRun or Experiment that found a revision bad.
fn judged(rs: &Value, objects: Objects<'_>) -> Option<String> {
    let hash = label(rs, POD_TEMPLATE_HASH);
    let bad = |judge: &&&Value| {
        label(judge, POD_TEMPLATE_HASH) == hash
            && revision(judge) == revision(rs)
            && matches!(text(judge, "/status/phase"), "Failed" | "Error")
    };
    let run = objects.analysis_runs.iter().find(bad).map(|run| ("AnalysisRun", run));
    let experiment = || objects.experiments.iter().find(bad).map(|experiment| ("Experiment", experiment));
    let (kind, judge) = run.or_else(experiment)?;
    let message = text(judge, "/status/message");
    Some(match message {
        "" => format!("{kind} {}", name(judge)),
        message => format!("{kind} {}: {message}", name(judge)),
    })
}

impl Past {
    /// The revision for programs; with its template if that is given.
    pub fn json(&self, template: Option<&Value>) -> Value {
        let stamp = |at: Option<Timestamp>| at.map(|at| Time::new(at).to_string());
        let mut json = json!({
            "revision": self.revision, "earlier": self.earlier, "replicaSet": self.replica_set, "images": self.images,
            "created": stamp(self.created), "outcome": self.outcome.word, "detail": self.outcome.detail,
            "changedBy": self.changed_by.as_ref().map(|(who, at)| json!({"manager": who, "at": stamp(*at)})),
            "cause": self.cause,
        });
        if let Some(template) = template {
            json["template"] = template.clone();
        }
        json
    }
}

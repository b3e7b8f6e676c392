//! Everything that an explanation rests on, read with the user's rights. A missing right leaves a gap, which is told.

use super::lease;
use crate::context::{Context, Session};
use crate::failure::Result;
use crate::objects::look_at;
use jiff::Timestamp;
use rollouts_api::{ObjectMeta, Rollout, names};
use rollouts_core::Plan;
use rollouts_kube::resource::{PODS, ROLLOUTS};
use rollouts_kube::rest::Query;
use rollouts_kube::{RequestError, Resource};
use rollouts_snapshots::{Listed, Live};
use rollouts_view::Objects;
use rollouts_view::explain::{Evidence, Lease, LogKey, Unseen, logs_wanted};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

const DISRUPTION_BUDGETS: Resource =
    Resource::fixed("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true);

/// What was read.
pub(super) struct Collected {
    rollout: Value,
    malformed: Option<String>,
    plan: Option<Plan>,
    listed: Listed,
    pods: Vec<Value>,
    budgets: Vec<Value>,
    lease: Lease,
    logs: BTreeMap<LogKey, String>,
    unseen: Vec<Unseen>,
    flags: String,
    now: Timestamp,
}

/// References to what was read.
pub(super) struct Slices<'a> {
    replica_sets: Vec<&'a Value>,
    pods: Vec<&'a Value>,
    experiments: Vec<&'a Value>,
    analysis_runs: Vec<&'a Value>,
    budgets: Vec<&'a Value>,
}

impl Slices<'_> {
    fn objects(&self) -> Objects<'_> {
        Objects {
            replica_sets: &self.replica_sets,
            pods: &self.pods,
            experiments: &self.experiments,
            analysis_runs: &self.analysis_runs,
        }
    }
}

/// Reads all of it.
pub(super) async fn collect(context: &Context<'_>, session: &Session, name: &str) -> Result<Collected> {
    let rollout = look_at(&session.rest, &ROLLOUTS, &session.namespace, name).await?;
    let now = context.now();
    let mut gaps = Gaps(Vec::new());
    let (typed, malformed) = match Rollout::deserialize(&rollout) {
        Ok(typed) => (typed, None),
        Err(error) => (outline(&rollout), Some(format!("the controller cannot read it: {error}"))),
    };
    let live = Live::read(session.rest.clone(), &typed).await?;
    let snapshot = match malformed {
        None => Some(rollouts_snapshots::take(Arc::new(typed), &live).await?),
        Some(_) => None,
    };
    gaps.0.extend(live.gaps().into_iter().map(|gap| Unseen { what: gap.what, why: gap.why }));
    // A decision that rests on what is hidden here alone would be another one than the controller's.
    let plan = snapshot.filter(|_| gaps.0.is_empty()).map(|snapshot| rollouts_core::plan(&snapshot, now));
    let hashed = Query::default().labels(names::POD_TEMPLATE_HASH);
    let pods = gaps.list(session, &PODS, &hashed).await?;
    let restarts = rollout.pointer("/spec/restartAt") != rollout.pointer("/status/restartedAt");
    let budgets = match restarts {
        true => gaps.list(session, &DISRUPTION_BUDGETS, &Query::default()).await?,
        false => Vec::new(),
    };
    let mut collected = Collected {
        lease: lease::find(session, &rollout).await?,
        flags: context.flags_to_repeat(),
        logs: BTreeMap::new(),
        unseen: Vec::new(),
        listed: live.into_listed(),
        rollout,
        malformed,
        plan,
        pods,
        budgets,
        now,
    };
    let wanted = logs_wanted(&collected.rollout, collected.slices().objects(), now);
    for key in wanted {
        let line = gaps.log(session, &key).await?;
        collected.logs.extend(line.map(|line| (key, line)));
    }
    collected.unseen = gaps.0;
    Ok(collected)
}

/// What even a Rollout that cannot be read has.
fn outline(rollout: &Value) -> Rollout {
    let metadata = ObjectMeta::deserialize(&rollout["metadata"]).unwrap_or_default();
    Rollout { metadata, ..Rollout::default() }
}

/// What may not be looked at.
struct Gaps(Vec<Unseen>);

impl Gaps {
    /// Nothing where the right is missing.
    fn allowed<T>(&mut self, what: &str, answer: Result<T, RequestError>) -> Result<Option<T>> {
        match answer {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_forbidden() => {
                if self.0.iter().all(|unseen| unseen.what != what) {
                    self.0.push(Unseen { what: what.to_owned(), why: error.to_string() });
                }
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn list(&mut self, session: &Session, resource: &Resource, query: &Query) -> Result<Vec<Value>> {
        match session.rest.list::<Value>(resource, Some(&session.namespace), query).await {
            // The kind is not served.
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            answer => Ok(self.allowed(&resource.plural, answer)?.map(|page| page.items).unwrap_or_default()),
        }
    }

    /// The last line that a container wrote; nothing if it wrote none, or is gone.
    async fn log(&mut self, session: &Session, key: &LogKey) -> Result<Option<String>> {
        let query = Query::default().with("container", &key.container).with("tailLines", "1");
        let query = if key.previous { query.with("previous", "true") } else { query };
        let answer = session.rest.text(&PODS, &session.namespace, &key.pod, "log", &query).await;
        match answer {
            // It has not begun, or its node has no log of it any more.
            Err(error) if error.status().is_some_and(|status| matches!(status.code, 400 | 404)) => Ok(None),
            answer => Ok(self.allowed("logs of pods", answer)?.map(|text| text.trim_end().to_owned())),
        }
    }
}

impl Collected {
    pub(super) fn slices(&self) -> Slices<'_> {
        Slices {
            replica_sets: self.listed.replica_sets.iter().collect(),
            pods: self.pods.iter().collect(),
            experiments: self.listed.experiments.iter().collect(),
            analysis_runs: self.listed.analysis_runs.iter().collect(),
            budgets: self.budgets.iter().collect(),
        }
    }

    pub(super) fn evidence<'a>(&'a self, slices: &'a Slices<'a>) -> Evidence<'a> {
        Evidence {
            rollout: &self.rollout,
            malformed: self.malformed.as_deref(),
            plan: self.plan.as_ref(),
            objects: slices.objects(),
            budgets: &slices.budgets,
            lease: &self.lease,
            logs: &self.logs,
            unseen: &self.unseen,
            flags: &self.flags,
            now: self.now,
        }
    }
}

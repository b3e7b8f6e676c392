//! The pod templates of a Rollout: of its revisions, and as it is now.

use super::workload::Workload;
use crate::context::Session;
use crate::failure::Result;
use crate::objects::look_at;
use rollouts_api::names::POD_TEMPLATE_HASH;
use rollouts_kube::resource::{REPLICA_SETS, ROLLOUTS};
use rollouts_kube::rest::Query;
use rollouts_view::template;
use serde_json::Value;

/// A Rollout and its ReplicaSets.
pub(super) struct Revisions {
    pub(super) rollout: Value,
    pub(super) replica_sets: Vec<Value>,
    name: String,
}

/// One of two templates.
pub(super) struct Side {
    /// Revision; 0 if it has none yet.
    pub(super) revision: i64,
    /// What it is, for people.
    pub(super) label: String,
    pub(super) template: Value,
}

impl Revisions {
    pub(super) async fn read(session: &Session, name: &str) -> Result<Revisions> {
        let rollout = look_at(&session.rest, &ROLLOUTS, &session.namespace, name).await?;
        let hashed = Query::default().labels(POD_TEMPLATE_HASH);
        let page = session.rest.list::<Value>(&REPLICA_SETS, Some(&session.namespace), &hashed).await?;
        let uid = &rollout["metadata"]["uid"];
        let is_own = |set: &Value| {
            let owners = set["metadata"]["ownerReferences"].as_array();
            owners.into_iter().flatten().any(|owner| owner["controller"] == true && owner["uid"] == *uid)
        };
        let replica_sets = page.items.into_iter().filter(is_own).collect();
        Ok(Revisions { rollout, replica_sets, name: name.to_owned() })
    }

    /// The object that has the template.
    pub(super) async fn writer(&self, session: &Session) -> Result<(Workload, Value)> {
        let workload = Workload::of(&self.rollout, &self.name)?;
        if workload.resource == ROLLOUTS {
            return Ok((workload, self.rollout.clone()));
        }
        let object = session.rest.get(&workload.resource, &session.namespace, &workload.name).await?;
        Ok((workload, object))
    }

    /// The ReplicaSet of a revision.
    pub(super) fn set(&self, revision: i64) -> Result<&Value> {
        let found = self.replica_sets.iter().find(|set| number(set) == revision);
        found.ok_or_else(|| format!("unable to find specified revision {revision} in history").into())
    }

    /// The template of a revision.
    pub(super) fn numbered(&self, revision: i64) -> Result<Side> {
        Ok(side(self.set(revision)?, ""))
    }

    /// The template of the stable version.
    pub(super) fn stable(&self) -> Result<Side> {
        let hash = self.rollout["status"]["stableRS"].as_str().unwrap_or("");
        let is_stable = |set: &&Value| set["metadata"]["labels"][POD_TEMPLATE_HASH] == hash;
        match self.replica_sets.iter().find(is_stable).filter(|_| !hash.is_empty()) {
            Some(set) => Ok(side(set, "stable, ")),
            None => {
                Err(format!("rollout {:?} has no stable version yet: there is nothing to compare with", self.name)
                    .into())
            }
        }
    }

    /// The template as it is now, wherever the Rollout takes it from.
    pub(super) async fn present(&self, session: &Session) -> Result<Side> {
        let (workload, object) = self.writer(session).await?;
        let template = object.pointer(workload.template).cloned().unwrap_or_default();
        let same = self.replica_sets.iter().filter(|set| {
            let of_set = template::of_replica_set(set);
            rollouts_api::pod_template::equal_ignoring_hash(&of_set, &rollouts_api::PodTemplate::new(&template))
        });
        let revision = same.map(number).max().unwrap_or(0);
        let owner = if workload.resource == ROLLOUTS {
            String::new()
        } else {
            format!(", {} {}", workload.resource.kind, workload.name)
        };
        let label = match revision {
            0 => format!("the pod template (no revision yet{owner})"),
            n => format!("revision {n} (the pod template{owner})"),
        };
        Ok(Side { revision, label, template })
    }
}

fn side(set: &Value, role: &str) -> Side {
    let (revision, name) = (number(set), set["metadata"]["name"].as_str().unwrap_or(""));
    let label = format!("revision {revision} ({role}ReplicaSet {name})");
    Side { revision, label, template: template::of_replica_set(set).value() }
}

/// The revision of a ReplicaSet; 0 if it has none.
fn number(set: &Value) -> i64 {
    let revision = set["metadata"]["annotations"][rollouts_api::names::REVISION].as_str();
    revision.and_then(|revision| revision.parse().ok()).unwrap_or(0)
}

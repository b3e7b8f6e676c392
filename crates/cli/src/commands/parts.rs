//! The objects that a tree is made of besides its root.

use super::live::{PARTS, Source};
use super::undo::history::selector_text;
use crate::context::Session;
use crate::failure::Result;
use crate::objects::Object;
use futures::future::try_join_all;
use rollouts_kube::Resource;
use rollouts_kube::resource::{EXPERIMENTS, PODS, REPLICA_SETS};
use rollouts_kube::rest::Query;
use rollouts_view::Objects;
use serde_json::Value;
use std::sync::Arc;

/// Which ReplicaSets and pods of the namespace are read: those whose labels match; all for "".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scope(String);

/// The objects of [`PARTS`].
pub(super) struct Parts([Vec<Arc<Object>>; 4]);

/// References to the objects of [`PARTS`].
pub(super) struct Slices<'a>([Vec<&'a Value>; 4]);

impl Scope {
    /// What may belong to a Rollout. Its selector is that of its ReplicaSets and pods, but not of those of Experiments,
    /// whose templates may have any labels; and with `workloadRef` it is elsewhere.
    pub(super) fn of(rollout: &Value) -> Scope {
        let steps = rollout.pointer("/spec/strategy/canary/steps").and_then(Value::as_array);
        match steps.into_iter().flatten().any(|step| !step["experiment"].is_null()) {
            true => Scope::default(),
            false => Scope(selector_text(&rollout["spec"]["selector"])),
        }
    }

    /// The same if the Rollout has no Experiments.
    async fn checked(self, session: &Session, rollout: &Value) -> Result<Scope> {
        if self == Scope::default() {
            return Ok(self);
        }
        let experiments: Vec<Arc<Object>> = self.list(session, &EXPERIMENTS).await?;
        Ok(if own_any(rollout, &experiments) { Scope::default() } else { self })
    }

    /// What to follow of a Rollout.
    pub(super) async fn to_follow(session: &Session, rollout: &Value) -> Result<Scope> {
        Scope::of(rollout).checked(session, rollout).await
    }

    fn labels(&self, resource: &Resource) -> &str {
        if [REPLICA_SETS, PODS].contains(resource) { &self.0 } else { "" }
    }

    /// [`PARTS`], within the scope.
    pub(super) fn sources(&self) -> impl Iterator<Item = Source<'_>> {
        PARTS.iter().cloned().map(|resource| {
            let labels = self.labels(&resource);
            Source { resource, name: "", labels }
        })
    }

    async fn list(&self, session: &Session, resource: &Resource) -> Result<Vec<Arc<Object>>> {
        let query = Query::default().labels(self.labels(resource));
        let objects: Vec<Object> = session.list_all(resource, Some(&session.namespace), &query).await?;
        Ok(objects.into_iter().map(Arc::new).collect())
    }
}

/// Whether the Rollout owns one of the objects.
fn own_any(rollout: &Value, objects: &[Arc<Object>]) -> bool {
    let uid = &rollout["metadata"]["uid"];
    let owners = objects.iter().filter_map(|object| object.value["metadata"]["ownerReferences"].as_array());
    owners.flatten().any(|owner| owner["uid"] == *uid)
}

impl Parts {
    /// Reads them once.
    pub(super) async fn read(session: &Session, scope: &Scope) -> Result<Parts> {
        let lists = PARTS.iter().map(|resource| scope.list(session, resource));
        let mut parts: [Vec<Arc<Object>>; 4] = Default::default();
        for (part, objects) in parts.iter_mut().zip(try_join_all(lists).await?) {
            *part = objects;
        }
        Ok(Parts(parts))
    }

    /// Reads those of a Rollout, and no more of others than need be.
    pub(super) async fn of_rollout(session: &Session, rollout: &Value) -> Result<Parts> {
        let scope = Scope::of(rollout);
        let parts = Parts::read(session, &scope).await?;
        let [_, _, experiments, _] = &parts.0;
        if scope == Scope::default() || !own_any(rollout, experiments) {
            return Ok(parts);
        }
        Parts::read(session, &Scope::default()).await
    }

    pub(super) fn slices(&self) -> Slices<'_> {
        Slices::of(&self.0)
    }
}

impl<'a> Slices<'a> {
    pub(super) fn of(parts: &'a [Vec<Arc<Object>>; 4]) -> Self {
        Slices(parts.each_ref().map(|part| part.iter().map(|object| &object.value).collect()))
    }

    pub(super) fn objects(&self) -> Objects<'_> {
        let [replica_sets, pods, experiments, analysis_runs] = &self.0;
        Objects { replica_sets, pods, experiments, analysis_runs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn experiments_and_references_widen_the_scope() {
        let scope = |spec: Value| Scope::of(&json!({ "spec": spec })).0;
        let selector = json!({"matchLabels": {"app": "web"}});
        assert_eq!(scope(json!({"selector": selector})), "app=web");
        assert_eq!(
            scope(json!({"selector": selector, "strategy": {"canary": {"steps": [{"setWeight": 5}]}}})),
            "app=web"
        );
        assert_eq!(scope(json!({"selector": selector, "strategy": {"canary": {"steps": [{"experiment": {}}]}}})), "");
        assert_eq!(scope(json!({"workloadRef": {"name": "web"}})), "");
    }
}

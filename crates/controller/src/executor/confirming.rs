//! Asking the API server before a write that its version alone does not protect.

use super::{Executor, Run, bodies, slot};
use rollouts_api::{OwnerReference, names};
use rollouts_core::ReplicaSet;
use rollouts_kube::error::Status;
use rollouts_kube::rest::Query;
use rollouts_kube::{RequestError, resource};

impl Executor {
    /// Some writes are versioned by an object that may be newer here than the Rollout, so that nothing would tell that
    /// the Rollout has been changed meanwhile: they ask the API server. That happens where another controller works, or
    /// has worked until a moment ago. Making a ReplicaSet, or an old one the newest again, beginning or ending an AnalysisRun
    /// or an Experiment, moving users from one version to another, and resizing a ReplicaSet shortly after its last resize,
    /// or at any time without an election, do this: two controllers, one of which sees the Rollout late, would go back to
    /// versions that nobody wants any more, and undo each other's writes without end.
    pub(super) async fn confirm(&self, run: &Run<'_>) -> Result<(), RequestError> {
        let live: bodies::MetaOnly = self.rest.get(&resource::ROLLOUTS, run.namespace, &run.key.name).await?;
        let slot = slot(&resource::ROLLOUTS, &run.key.name);
        let known = run.versions.get(&slot).unwrap_or(&run.snapshot.rollout.metadata.resource_version);
        if live.metadata.resource_version == *known {
            return Ok(());
        }
        Err(modified("the Rollout has been modified since the plan was made".into()))
    }

    /// Making a ReplicaSet rests on those that there are. Where another controller may work at the same time and see them
    /// late, it would make one beside another's of the same pod template, and begin to count revisions anew.
    pub(super) async fn confirm_sets(&self, run: &Run<'_>) -> Result<(), RequestError> {
        // Those without a hash are out of everybody's sight. A selector that does not compile is `InvalidSpec`: no ReplicaSet
        // is made.
        let selector = run.snapshot.rollout.spec.selector.as_ref().and_then(|selector| selector.compile().ok());
        let ours = selector.map(|selector| selector.to_string()).filter(|text| !text.is_empty());
        let labels = ours.into_iter().chain([names::POD_TEMPLATE_HASH.to_owned()]).collect::<Vec<_>>().join(",");
        let query = Query::default().labels(labels);
        let live = self.rest.list::<bodies::MetaOnly>(&resource::REPLICA_SETS, Some(run.namespace), &query).await?;
        let is_ours = |owner: &OwnerReference| owner.uid == run.snapshot.rollout.metadata.uid;
        let ours = live.items.into_iter().filter(|set| set.metadata.controller().is_some_and(is_ours));
        for name in ours.map(|set| set.metadata.name) {
            let is_known = run.snapshot.replica_sets.iter().any(|known| known.metadata.name == name);
            if !is_known && !run.versions.contains_key(&slot(&resource::REPLICA_SETS, &name)) {
                return Err(modified(format!("ReplicaSet {name} has been created since the plan was made")));
            }
        }
        Ok(())
    }

    /// Taking pods from one ReplicaSet rests on those that the others have. Where another controller may work at the same
    /// time and see them late, both could take pods for the sake of those that the other one takes.
    pub(super) async fn confirm_others(&self, run: &Run<'_>, name: &str) -> Result<(), RequestError> {
        let is_written = |name: &str| run.versions.contains_key(&slot(&resource::REPLICA_SETS, name));
        let others = run.snapshot.replica_sets.iter().filter(|set| set.metadata.name != name);
        for known in others.filter(|set| set.size() > 0 && !is_written(&set.metadata.name)) {
            let name = &known.metadata.name;
            let live: Option<ReplicaSet> = self.rest.get_opt(&resource::REPLICA_SETS, run.namespace, name).await?;
            if live.is_none_or(|live| live.size() < known.size()) {
                return Err(modified(format!("ReplicaSet {name} has been scaled down since the plan was made")));
            }
        }
        Ok(())
    }
}

fn modified(message: String) -> RequestError {
    RequestError::Refused(Status { code: 409, reason: "Conflict".into(), message, ..Default::default() })
}

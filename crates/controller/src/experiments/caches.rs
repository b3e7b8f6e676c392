//! The cache of Experiments, and which of them a change of another object concerns.

use crate::Options;
use crate::owners::{BY_OWNER, controller_uid, owner};
use crate::queues::Queues;
use rollouts_api::Experiment;
use rollouts_core::{ReplicaSet, experiment};
use rollouts_kube::cache::{Cached, Change};
use rollouts_kube::{Cache, Key, Troubles, resource};
use tokio_util::sync::CancellationToken;

/// Experiments by `namespace/name` of the ReplicaSets that they have, or want to have.
const BY_REPLICA_SET: &str = "replicaset";

/// Starts to fill it. A change wakes the Experiment, and the Rollout that it is of.
pub(crate) fn cache(
    client: &kube::Client,
    options: &Options,
    queues: &Queues,
    troubles: &Troubles,
    stop: &CancellationToken,
) -> Cache<Experiment> {
    let queues = queues.clone();
    Cache::builder(client.clone(), resource::EXPERIMENTS)
        .troubles(troubles)
        .namespace(options.namespace.as_deref())
        .labels(options.instance_selector())
        .index(BY_OWNER, controller_uid)
        .index(BY_REPLICA_SET, |experiment: &Experiment| {
            let namespace = &experiment.metadata.namespace;
            experiment::replica_set_names(experiment).map(|name| format!("{namespace}/{name}")).collect()
        })
        .on_change(move |change: &Change<Experiment>| {
            if let Change::Malformed { new, .. } = change {
                tracing::error!(experiment = %change.key(), "Cannot read Experiment: {}", new.error);
            }
            queues.experiments.add(change.key());
            owner(change.meta(), "Rollout").into_iter().for_each(|key| queues.rollouts.add(key));
        })
        .start(stop)
}

/// The Experiments that a change of a ReplicaSet or Service concerns: those that control it, or did.
pub(crate) fn of<T: Cached>(change: &Change<T>) -> impl Iterator<Item = Key> {
    let before = match change {
        Change::Updated { old, .. } => owner(old.meta(), "Experiment"),
        _ => None,
    };
    let now = owner(change.meta(), "Experiment");
    let before = before.filter(|key| now.as_ref() != Some(key));
    now.into_iter().chain(before)
}

/// The Experiments of `all` for which this change may make room: they want the name of a ReplicaSet that is gone, or that
/// has another owner now.
pub(crate) fn waiting_for(all: &Cache<Experiment>, change: &Change<ReplicaSet>) -> Vec<Key> {
    let makes_room = match change {
        Change::Deleted(_) | Change::MalformedDeleted(_) => true,
        Change::Updated { old, new } => old.metadata.owner_references != new.metadata.owner_references,
        Change::Added(_) | Change::Malformed { .. } => false,
    };
    if !makes_room {
        return Vec::new();
    }
    all.by_index(BY_REPLICA_SET, &change.key().to_string()).iter().map(|e| Key::of(&e.metadata)).collect()
}

//! The cache of Experiments, and which of them a change of another object concerns.

use crate::Options;
use crate::owners::{BY_OWNER, controller_uid, owner};
use crate::queues::Queues;
use rollouts_api::Experiment;
use rollouts_kube::cache::{Cached, Change};
use rollouts_kube::{Cache, Key, Troubles, resource};
use tokio_util::sync::CancellationToken;

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

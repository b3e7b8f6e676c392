//! Scaling the Deployment down that a Rollout takes over from, and giving it its replicas back (rollout.md §10).
//!
//! What a Rollout took is written on the Deployment itself, as labels ([`Debt`]): whose Rollout it was, how many
//! replicas there were, and how many it left. So the replicas can be given back although the controller was not there
//! when the Rollout was deleted, without a finalizer that would wait for a controller for ever; and a size that somebody
//! else has set since is seen, and respected.

use crate::conditions::{self, HEALTHY};
use crate::reconcile::Reconcile;
use crate::{Effect, ReplicaSet, Workload, phase};
use rollouts_api::rollout::{ScaleDown, WorkloadKind};
use rollouts_api::{RolloutStatus, names};
use std::sync::Arc;

/// Reason of the warning that another Rollout takes over from the same Deployment.
const WORKLOAD_TAKEN: &str = "WorkloadTaken";

/// Bytes of a Deployment's uid that a label has room for besides that of a Rollout, and that tell it from a copy.
const UID_BEGINNING: usize = 8;

/// What a Rollout owes a Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    /// Uid of the Rollout.
    pub by: String,
    /// Beginning of the uid of the Deployment. A copy of it, made by hand or from a backup, is owed nothing.
    pub to_whom: String,
    /// Replicas before.
    pub from: i32,
    /// Replicas that the Rollout left.
    pub to: i32,
}

impl Debt {
    /// Reads the labels. Numbers that cannot be read count as the present size: then nothing is owed. Nor is it when
    /// less is said to have been there before than was left, as no Rollout does.
    pub fn of(deployment: &Workload) -> Option<Debt> {
        let label = |key| deployment.metadata.label(key);
        let number = |key| label(key).and_then(|n| n.parse().ok()).filter(|n| *n >= 0).unwrap_or(deployment.size());
        let (by, to_whom) = label(names::SCALED_DOWN_BY)?.split_once('.')?;
        let is_owed = !to_whom.is_empty() && deployment.metadata.uid.starts_with(to_whom);
        let (from, to) = (number(names::SCALED_DOWN_FROM), number(names::SCALED_DOWN_TO));
        is_owed.then(|| Debt { by: by.into(), to_whom: to_whom.into(), from: from.max(to), to })
    }

    /// What the Rollout of this uid owes a Deployment whose replicas it took `from` and left `to`.
    pub fn new(rollout_uid: &str, deployment: &Workload, from: i32, to: i32) -> Debt {
        let uid = &deployment.metadata.uid;
        let to_whom = uid.get(..UID_BEGINNING).unwrap_or(uid).to_string();
        Debt { by: rollout_uid.into(), to_whom, from, to }
    }

    /// The labels that say so.
    pub fn labels(&self) -> [(&'static str, String); 3] {
        [
            (names::SCALED_DOWN_BY, format!("{}.{}", self.by, self.to_whom)),
            (names::SCALED_DOWN_FROM, self.from.to_string()),
            (names::SCALED_DOWN_TO, self.to.to_string()),
        ]
    }
}

/// The size that gives a Deployment back what was taken from it; `None` when it keeps the one it has, because somebody
/// else has set that since.
pub fn size_given_back(deployment: &Workload) -> Option<i32> {
    let debt = Debt::of(deployment)?;
    (deployment.size() == debt.to && debt.to < debt.from).then_some(debt.from)
}

/// What the decision about the size of a Deployment reads.
#[derive(Debug, Clone)]
struct Migration {
    mode: ScaleDown,
    /// `spec.replicas` of the Rollout.
    wanted: i32,
    /// Its available pods that stay and that users can reach.
    serving: i32,
    /// Its phase as of now.
    healthy: bool,
    /// Whether it ever was healthy before.
    was_healthy: bool,
    /// The same as later plans will see it.
    will_have_been_healthy: bool,
    /// It still is at its first revision.
    first_revision: bool,
    /// It has only now begun to refer to this Deployment.
    begins: bool,
    /// Present size of the Deployment.
    size: i32,
    /// Replicas of the Deployment before the Rollout took any.
    from: i32,
    /// What the Rollout left it, if it took any.
    to: Option<i32>,
}

impl Migration {
    /// Whether there is anything to take over. Other than upstream a first revision that failed does not end this, nor
    /// does an update in the middle of it.
    fn is_under_way(&self) -> bool {
        self.first_revision || !self.was_healthy || self.begins || self.to.is_some_and(|to| to > 0)
    }

    /// Whether later statuses do not show that this is under way: a Rollout of long ago has only now begun to refer to
    /// the Deployment, or is healthy for the first time and has not taken over, such as one without pods.
    fn would_be_forgotten(&self) -> bool {
        self.is_under_way() && self.will_have_been_healthy
    }

    /// The size that the Deployment shall have; `None` to leave it alone.
    fn size(&self) -> Option<i32> {
        if self.wanted == 0 || !self.is_under_way() {
            // A Rollout of no pods takes nothing over.
            return None;
        }
        if self.healthy && self.serving >= self.wanted {
            return Some(0);
        }
        let left = self.to.unwrap_or(self.size);
        if self.mode == ScaleDown::OnSuccess || (self.was_healthy && left == 0) {
            // Once it was all taken over, a pod that fails is the Rollout's own business.
            return None;
        }
        // Until a pod of the Rollout serves, the Deployment keeps, or gets back, all it had.
        let size = match self.serving {
            ..=0 => self.from,
            serving => self.wanted.saturating_sub(serving).clamp(0, self.from),
        };
        // A size that was set after this same decision is somebody's, such as an autoscaler's.
        (self.to.unwrap_or(self.size) != size).then_some(size)
    }
}

impl Reconcile<'_> {
    /// Scales the Deployment that the Rollout takes over from, as of the status `next`.
    pub(crate) fn migrate(&mut self, next: &RolloutStatus) {
        let Some(deployment) = self.referenced_deployment().cloned() else { return };
        let uid = self.ro.metadata.uid.clone();
        let debt = Debt::of(&deployment);
        if let Some(debt) = debt.as_ref().filter(|d| d.by != uid) {
            self.note(format!("Deployment {} is scaled by the Rollout {}", deployment.metadata.name, debt.by));
            return;
        }
        let migration = self.migration(next, &deployment, debt.as_ref());
        if migration.mode == ScaleDown::Never {
            return;
        }
        let (size, from) = (migration.size, migration.from);
        let to = match migration.size() {
            Some(to) => to,
            // Later plans must see that this began.
            None if debt.is_none() && migration.would_be_forgotten() => size,
            None => return,
        };
        let new = Debt::new(&uid, &deployment, from, to);
        if (size == to && debt.as_ref() == Some(&new)) || (size == 0 && debt.is_none()) {
            return;
        }
        let why = match to {
            _ if to == size => "the Rollout takes over from it from now on".to_string(),
            0 => "the Rollout is healthy and has taken over".to_string(),
            _ => format!("{} of {} pods of the Rollout serve", migration.serving, migration.wanted),
        };
        let (name, replicas) = (deployment.metadata.name.clone(), (to != size).then_some(to));
        self.push(Effect::ScaleDeployment { name, replicas, debt: Some(new) }, why);
    }

    /// Warns when another Rollout has scaled the Deployment down: two would each count on pods that the other one takes
    /// away. The debt of a Rollout that is gone is settled without this one's doing.
    pub(crate) fn warn_of_another(&mut self) {
        let (Some(deployment), Some(other)) = (self.referenced_deployment(), &self.snapshot.taken_by) else { return };
        if self.ro.spec.workload_ref.as_ref().is_none_or(|r| r.scale_down_mode() == ScaleDown::Never) {
            return;
        }
        let name = &deployment.metadata.name;
        let message = format!(
            "Rollout {} does not scale down Deployment {name}, which Rollout {other} has scaled down: delete one of the \
             two Rollouts, let one refer to another workload, or set scaleDown: never in the workloadRef of {}",
            self.ro.metadata.name, self.ro.metadata.name,
        );
        self.plan.warn(WORKLOAD_TAKEN, message);
    }

    /// Deployments that the Rollout has scaled but does not refer to any more: one that it had taken over is now on its
    /// own, one from which it was still taking gets it back.
    pub(crate) fn settle_debts(&mut self) {
        let referenced = self.referenced_deployment().map(|d| d.metadata.name.clone());
        for deployment in &self.snapshot.scaled_down {
            let name = deployment.metadata.name.clone();
            let Some(debt) = Debt::of(deployment).filter(|_| referenced.as_ref() != Some(&name)) else { continue };
            let (replicas, why) = match debt.to {
                0 => (None, "it was taken over, and the Rollout does not refer to it any more"),
                _ => (size_given_back(deployment), "the Rollout does not take over from it any more"),
            };
            self.push(Effect::ScaleDeployment { name, replicas, debt: None }, why);
        }
    }

    fn referenced_deployment(&self) -> Option<&Arc<Workload>> {
        let reference = self.ro.spec.workload_ref.as_ref()?;
        let is_deployment = reference.workload_kind() == Ok(WorkloadKind::Deployment);
        self.snapshot.workload.as_ref().filter(|_| is_deployment)
    }

    fn migration(&self, next: &RolloutStatus, deployment: &Workload, debt: Option<&Debt>) -> Migration {
        let (old, size) = (self.old_status(), deployment.size());
        let reference = self.ro.spec.workload_ref.as_ref();
        let another = self.snapshot.scaled_down.iter().any(|d| d.metadata.name != deployment.metadata.name);
        Migration {
            mode: reference.map_or(ScaleDown::Never, |r| r.scale_down_mode()),
            wanted: self.ro.spec.replicas(),
            serving: self.serving(next),
            healthy: next.phase == phase::HEALTHY && self.new_set().is_some_and(|s| s.observed()),
            was_healthy: conditions::find(&old.conditions, HEALTHY).is_some(),
            will_have_been_healthy: conditions::find(&next.conditions, HEALTHY).is_some(),
            first_revision: self.revision() <= 1 && self.new_set().is_none_or(|s| s.revision() <= 1),
            begins: old.workload_observed_generation.is_empty() || another,
            size,
            // Who scaled the Deployment up meanwhile wants that many back.
            from: debt.map_or(size, |d| if d.to == size { d.from } else { d.from.max(size) }),
            to: debt.map(|d| d.to),
        }
    }

    /// Available pods that stay: of all ReplicaSets, or of the one that users of a blueGreen reach.
    fn serving(&self, next: &RolloutStatus) -> i32 {
        let active = match self.ro.spec.strategy.blue_green {
            Some(_) => self.set_with_hash(&next.blue_green.active_selector),
            None => None,
        };
        active.map_or_else(|| crate::replicas::sum(self.sets.iter().map(ReplicaSet::staying)), ReplicaSet::staying)
    }
}

#[cfg(test)]
mod tests;

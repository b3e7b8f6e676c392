//! Sizes of a Rollout that refers to something that is not there.

use crate::plan::AnnotationChanges;
use crate::reconcile::Reconcile;
use crate::replicas::{self, Sizes};
use crate::roles::{self, Roles};

const WHY: &str = "spec.replicas changed, and what users have must follow whatever else is broken";

impl Reconcile<'_> {
    /// Lets the ReplicaSets of the present status follow `spec.replicas`, and nothing else: no step, no Service, no new
    /// version. Upstream freezes them, and with them the autoscaler. Says whether there are any.
    pub(crate) fn follow_size(&mut self) -> bool {
        let uid = &self.ro.metadata.uid;
        self.sets.retain(|s| s.metadata.controller().is_some_and(|c| c.uid == *uid));
        roles::sort(&mut self.sets);
        // The pod template may be what is missing, so the new ReplicaSet is the one that was new until now.
        let hash = &self.ro.status.current_pod_hash;
        let new = self.sets.iter().position(|s| !hash.is_empty() && s.hash() == hash);
        self.roles = Roles { new, stable: None };
        self.assign_stable();
        if self.is_scaling_event() {
            match self.ro.spec.strategy.blue_green.is_some() {
                true => self.follow_blue_green(),
                false => self.follow_canary(),
            }
        }
        !self.sets.is_empty()
    }

    fn follow_blue_green(&mut self) {
        let n = self.ro.spec.replicas();
        if let Some(stable) = self.old_stable() {
            self.resize(stable, n, WHY);
        }
        if let Some(new) = self.roles.new {
            let held = self.holds_aborted_new();
            let size = if held { self.sets[new].size() } else { self.new_size() };
            self.resize(new, size, WHY);
        }
    }

    /// One resize a reconcile, as ever. The ReplicaSets count as scaled only when all of them are: what is left is
    /// recognised by that.
    fn follow_canary(&mut self) {
        let c = self.counts();
        let Sizes { stable, canary } = replicas::next(&c);
        let ideal = match c.stable {
            Some(_) => replicas::ideal(c.replicas, c.weight, c.max_surge),
            None => Sizes { stable: 0, canary: c.replicas },
        };
        let wanted = [self.old_stable().map(|i| (i, stable)), self.roles.new.map(|i| (i, canary))];
        let wanted = || wanted.into_iter().flatten();
        if let Some((index, size)) = wanted().find(|(i, size)| self.sets[*i].size() != *size) {
            self.change_size(index, size, AnnotationChanges::new(), WHY);
        } else if (Sizes { stable, canary }) == ideal {
            wanted().for_each(|(index, size)| {
                self.resize(index, size, WHY);
            });
        }
    }
}

//! The rules; the table of [`super`] says what each means.

mod runs;

use super::model::{Model, Set};
use serde_json::Value;

impl Model {
    /// Pods that must be available, by the least that the controller may know. Where a threshold made a version stable,
    /// routers send everybody to the pods that were enough for it.
    fn promised(&self) -> i64 {
        let promised = self.promised.least(self.window);
        let is_promoted = self.status("stableRS") == self.status("currentPodHash");
        match is_promoted && !self.subject.routers.is_empty() {
            true => promised.min(self.progress_threshold()),
            false => promised,
        }
    }

    /// Whether a step may take pods from the canary that a stable version, no larger than its traffic, does not make up
    /// for.
    fn gives_up_pods(&self) -> bool {
        self.rollout["spec"]["strategy"]["canary"]["dynamicStableScale"] == true && self.pins_canary()
    }

    pub(super) fn by_hash(&self, hash: &str) -> Option<(&String, &Set)> {
        self.sets.iter().find(|(_, set)| set.hash == hash && !hash.is_empty())
    }

    pub(super) fn check_resize(&mut self, name: &str, before: i64, after: i64) {
        if after > before {
            self.check_growth(name, after);
        }
        if after < before {
            self.check_shrinking(name, before, after);
        }
    }

    fn check_growth(&mut self, name: &str, after: i64) {
        let allowed = self.allowed.most(self.window);
        if self.subject.is_blue_green {
            if after > allowed {
                self.violate(format!("size: {name} grows to {after}, beyond {allowed}"));
            }
            return;
        }
        if !self.subject.routers.is_empty() {
            // Each version has the pods of its traffic, whatever the other has.
            return;
        }
        let size = |(other, set): (&String, &Set)| match self.subject.is_contested && other != name {
            true => set.sizes.least(self.window),
            false => set.size,
        };
        let total = self.sets.iter().map(size).sum::<i64>();
        if total > allowed {
            self.violate(format!("surge: {name} grows to {after}: {total} pods, beyond {allowed}"));
        }
    }

    fn check_shrinking(&mut self, name: &str, before: i64, after: i64) {
        let promised = self.promised();
        if self.subject.is_blue_green {
            let is_active = self.sets.get(name).is_some_and(|set| self.active.as_deref() == Some(&set.hash));
            if is_active && after < promised {
                self.violate(format!("active: {name} shrinks to {after} while users reach it, below {promised}"));
            }
            return;
        }
        let serves = |size_of: &dyn Fn(&str, &Set) -> i64| -> i64 {
            self.sets.iter().map(|(n, set)| size_of(n, set).min(set.available.most(self.window))).sum()
        };
        let served = serves(&|n, set| if n == name { before } else { set.size });
        let serving = serves(&|_, set| set.size);
        // Pods of this ReplicaSet that the controller may have seen unavailable are no loss.
        let gives_up = self.sets.get(name).is_some_and(|set| after < set.available.least(self.window));
        if gives_up && serving < promised && serving < served && !self.gives_up_pods() {
            self.violate(format!(
                "capacity: {name} shrinks from {before} to {after}: {serving} of {served} serve, below {promised}"
            ));
        }
    }

    /// The users of a scenario may scale a Deployment, those of a seeded run do not.
    pub(super) fn check_takeover(&mut self, before: i64, after: i64) {
        let active = self.active.as_ref().filter(|_| self.subject.is_blue_green);
        let reached = |set: &&Set| active.is_none_or(|hash| *hash == set.hash);
        let serving: i64 =
            self.sets.values().filter(reached).map(|set| set.size.min(set.available.most(self.window))).sum();
        let wanted = self.replicas.least(self.window);
        if after < before && (after + serving < wanted || serving == 0) {
            self.violate(format!(
                "takeover: the Deployment shrinks from {before} to {after}, and {serving} of {wanted} pods serve"
            ));
        }
    }

    pub(super) fn check_switch(&mut self, to: Option<&str>) {
        let is_promoted = !self.status("stableRS").is_empty();
        let (Some(to), true) = (to, is_promoted && self.replicas.least(self.window) > 0) else { return };
        let available = self.by_hash(to).map_or(0, |(_, set)| set.available.most(self.window));
        if available == 0 {
            self.violate(format!("switch: the active Service goes to {to}, which has no available pods"));
        }
    }

    /// Available pods that `replicaProgressThreshold` is content with.
    fn progress_threshold(&self) -> i64 {
        let threshold = &self.rollout["spec"]["strategy"]["canary"]["replicaProgressThreshold"];
        match (threshold["type"].as_str(), threshold["value"].as_i64()) {
            (Some("Percent"), Some(percent)) => self.replicas.least(self.window) * percent / 100,
            (Some(_), Some(pods)) => pods,
            _ => i64::MAX,
        }
    }

    pub(super) fn check_promotion(&mut self, status: &Value) {
        let (stable, before) = (self.status("stableRS").to_owned(), status["stableRS"].as_str().unwrap_or_default());
        // The first version is stable from the start; so is, in blue-green, any version until users reach one.
        let serves = if self.subject.is_blue_green { self.active.is_some() } else { !before.is_empty() };
        if stable == before || stable.is_empty() || !serves {
            return;
        }
        if self.subject.is_blue_green && status["promoteFull"] == true && self.active.as_ref() == Some(&stable) {
            // Users have been with it; somebody wants to know no more about it.
            return;
        }
        let promised = self.promised().min(self.progress_threshold());
        let available = self.by_hash(&stable).map_or(0, |(_, set)| set.available.most(self.window));
        if available < promised {
            self.violate(format!("promotion: {stable} becomes stable with {available} available, below {promised}"));
        }
    }

    pub(super) fn check_deletion(&mut self, name: &str, set: &Set) {
        let is_needed = [self.status("stableRS"), self.status("currentPodHash")].contains(&set.hash.as_str());
        if set.size > 0 || is_needed {
            self.violate(format!("deletion: {name} is deleted with {} pods, needed: {is_needed}", set.size));
        }
    }

    pub(super) fn check_new_set(&mut self, name: &str) {
        let Some(new) = self.sets.get(name) else { return };
        let twin = self.sets.iter().find(|(other, set)| *other != name && set.template == new.template);
        if let Some(twin) = twin.map(|(twin, _)| twin.clone()) {
            self.violate(format!("twins: {name} has the pod template of {twin}"));
        }
    }

    pub(super) fn check_revision(&mut self, revision: u64) {
        if revision > self.updates {
            self.violate(format!("revisions: {revision} for {} updates", self.updates));
        }
    }

    /// Only where nothing but the controller can cost capacity.
    pub(super) fn check_service(&mut self) {
        if !self.subject.is_harmless || self.gives_up_pods() {
            return;
        }
        let ready = if self.subject.is_blue_green {
            self.ready.values().filter(|hash| self.active.as_deref() == Some(hash.as_str())).count()
        } else {
            self.ready.len()
        };
        let (ready, promised) = (i64::try_from(ready).unwrap_or(i64::MAX), self.promised());
        self.was_ready |= ready >= self.replicas.now && self.status("phase") == "Healthy";
        if self.was_ready && ready < promised {
            self.was_ready = false;
            self.violate(format!("service: {ready} pods are ready, below {promised}"));
        }
    }
}

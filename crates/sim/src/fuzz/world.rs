//! A world of a few objects that applies plans at once and checks each. Deformed objects are taken as they come.

mod apply;
mod growth;
mod snapshot;

pub(super) use snapshot::{ANOTHER_UID, key};

use super::Outcome;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::Rollout;
use rollouts_core::{Plan, Pod, ReplicaSet, Service, Workload, size_given_back};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// When every world begins.
pub(super) const START: &str = "2026-01-01T00:00:00Z";
/// The name of the Rollout of every world.
pub(super) const NAME: &str = "web";
/// The uid of the Rollout of every world.
pub(super) const UID: &str = "rollout";
/// Times that pass while a world is only watched.
const ROUNDS_WATCHED: usize = 4;
/// Times that pass until a world must be at rest, besides what its steps and ReplicaSets take.
const ROUNDS_TO_REST: usize = 60;
/// Times without an effect after which a world is at rest, although it goes on looking: something is missing.
const ROUNDS_AT_REST: usize = 8;
/// Plans at one moment until nothing must be left to do, besides one a step and two a ReplicaSet.
const PLANS_PER_MOMENT: usize = 40;
/// Steps above which a world is not followed to its rest: each is a plan that looks at all of them.
const STEPS_FOLLOWED: usize = 200;
/// Pods above which a world is not followed to its rest: a surge of one moves them one by one.
const PODS_FOLLOWED: i32 = 30;
/// Effects of one plan, besides those for each ReplicaSet, Service and pod.
const EFFECTS_PER_PLAN: usize = 12;

#[derive(Debug, Clone)]
pub(super) struct World {
    pub rollout: Rollout,
    pub sets: BTreeMap<String, ReplicaSet>,
    pub services: BTreeMap<String, Service>,
    pub pods: BTreeMap<String, Pod>,
    /// What a `workloadRef` may point at, by kind and name ([`key`]); why, if it cannot be read.
    pub workloads: BTreeMap<String, Result<Workload, String>>,
    /// Objects of traffic routers.
    pub routers: rollouts_traffic::Objects,
    pub now: Timestamp,
    births: u64,
    outcome: Outcome,
}

impl World {
    pub fn new(rollout: Rollout) -> Self {
        World {
            rollout,
            sets: BTreeMap::new(),
            services: BTreeMap::new(),
            pods: BTreeMap::new(),
            workloads: BTreeMap::new(),
            routers: rollouts_traffic::Objects::default(),
            now: START.parse().expect("a constant time"),
            births: 0,
            outcome: Outcome::default(),
        }
    }

    /// The world of these objects. Those that cannot be read are not there, as in a cache; a Rollout that cannot be
    /// read makes no world.
    pub fn decode(objects: &Value) -> Option<Self> {
        let mut world = World::new(read(&objects["rollout"])?);
        world.outcome.is_invalid = true;
        world.sets = read_all(&objects["sets"]);
        world.services = read_all(&objects["services"]);
        world.pods = read_all(&objects["pods"]);
        world.now = read(&objects["now"])?;
        for (name, set) in &mut world.sets {
            set.metadata.name.clone_from(name);
        }
        for (key, object) in objects["workloads"].as_object().into_iter().flatten() {
            world.workloads.insert(key.clone(), workload(key, object));
        }
        // Nobody but the API server gives uids.
        world.rollout.metadata.uid = UID.into();
        Some(world)
    }

    pub fn encode(&self) -> Value {
        let workloads: BTreeMap<_, _> =
            self.workloads.iter().filter_map(|(k, w)| Some((k, w.as_ref().ok()?))).collect();
        json!({
            "rollout": self.rollout, "sets": self.sets, "services": self.services, "pods": self.pods,
            "workloads": workloads, "now": self.now,
        })
    }

    /// Lets a little time pass.
    pub fn watch(&mut self) -> Result<Outcome, String> {
        for _ in 0..ROUNDS_WATCHED {
            self.round()?;
        }
        Ok(self.outcome)
    }

    /// Lets time pass until nothing is left to do.
    pub fn rest(&mut self) -> Result<Outcome, String> {
        let steps = self.rollout.spec.canary_steps().len();
        let sizes = self.sets.values().map(ReplicaSet::size).chain([self.rollout.spec.replicas()]);
        if steps > STEPS_FOLLOWED || sizes.max() > Some(PODS_FOLLOWED) {
            return self.watch();
        }
        let mut idle = 0;
        for _ in 0..ROUNDS_TO_REST + 4 * steps + 4 * self.sets.len() {
            let before = self.outcome.effects;
            let wakes = self.round()?;
            idle = if before == self.outcome.effects { idle + 1 } else { 0 };
            if idle >= ROUNDS_AT_REST || (idle > 0 && !wakes) {
                return Ok(self.outcome);
            }
        }
        Err(format!("it comes to no rest: {}", self.plan()))
    }

    /// Plans until nothing is left to do now, then lets time pass to what is due next. Says whether anything is.
    fn round(&mut self) -> Result<bool, String> {
        let wake_at = self.settle()?;
        self.grow();
        let soon = self.now + SignedDuration::from_secs(1);
        self.now = wake_at.map_or(soon, |at| at.max(soon)).min(Timestamp::MAX - SignedDuration::from_hours(1));
        Ok(wake_at.is_some_and(|at| at <= self.now))
    }

    fn settle(&mut self) -> Result<Option<Timestamp>, String> {
        let steps = self.rollout.spec.canary_steps().len();
        let most = PLANS_PER_MOMENT + steps.min(STEPS_FOLLOWED) + 2 * self.sets.len();
        for _ in 0..most {
            let snapshot = self.snapshot();
            let plan = rollouts_core::plan(&snapshot, self.now);
            let text = plan.to_string();
            self.outcome.is_resolved |= snapshot.workload.is_some() && snapshot.unresolved.is_none();
            self.outcome.plans += 1;
            self.outcome.effects += plan.effects.len() as u64;
            if plan.is_idle() {
                self.outcome.is_invalid &= text.contains(" is invalid: ");
                self.could_be_deleted()?;
                return match plan.wake_at {
                    Some(at) if at <= self.now => Err(format!("it wakes up in the past at {}: {text}", self.now)),
                    wake_at => Ok(wake_at),
                };
            }
            let most = EFFECTS_PER_PLAN + 6 * self.sets.len() + 2 * self.services.len() + 2 * self.pods.len();
            if plan.effects.len() > most {
                return Err(format!("{} effects in a plan: {text}", plan.effects.len()));
            }
            for step in plan.effects {
                let shown = step.effect.to_string();
                self.apply(step.effect).map_err(|why| format!("{why}: {shown}\nin\n{text}"))?;
            }
        }
        match steps > STEPS_FOLLOWED {
            true => Ok(None),
            false => Err(format!("no end of plans at one moment: {}", self.plan())),
        }
    }

    /// The Rollout may be deleted at any time: what a Deployment is then given back is more than it has.
    fn could_be_deleted(&self) -> Result<(), String> {
        let is_less = |d: &&Workload| size_given_back(d).is_some_and(|size| size <= d.size());
        match self.deployments().find(is_less) {
            Some(deployment) => Err(format!("a Deployment is given back nothing: {deployment:?}")),
            None => Ok(()),
        }
    }

    fn plan(&self) -> Plan {
        rollouts_core::plan(&self.snapshot(), self.now)
    }
}

/// Reads an object as the caches do: from text, whose nesting is limited.
fn read<T: DeserializeOwned>(object: &Value) -> Option<T> {
    serde_json::from_str(&object.to_string()).ok()
}

fn read_all<T: DeserializeOwned>(objects: &Value) -> BTreeMap<String, T> {
    let objects = objects.as_object().into_iter().flatten();
    objects.filter_map(|(name, object)| Some((name.clone(), read(object)?))).collect()
}

/// Reads a workload as its cache does.
fn workload(key: &str, object: &Value) -> Result<Workload, String> {
    let mut workload: Workload = serde_json::from_str(&object.to_string()).map_err(|e| e.to_string())?;
    let name = key.rsplit('/').next().unwrap_or_default();
    workload.metadata.name = name.into();
    workload.metadata.uid = uid(name);
    Ok(workload)
}

/// The uid of the workload of this name.
pub(super) fn uid(name: &str) -> String {
    format!("{name}-uid")
}

//! A world of a few objects that applies plans at once and checks each. Deformed objects are taken as they come.

use super::Outcome;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::{ObjectMeta, Rollout, Time, names, validation};
use rollouts_core::{AnnotationChanges, Effect, Plan, Pod, ReplicaSet, Service, Snapshot, TemplateHash};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// When every world begins.
pub(super) const START: &str = "2026-01-01T00:00:00Z";
/// The name of the Rollout of every world.
pub(super) const NAME: &str = "web";
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
/// Pods that are made for one ReplicaSet; counters do not stop there.
const PODS_PER_SET: i32 = 8;

#[derive(Debug, Clone)]
pub(super) struct World {
    pub rollout: Rollout,
    pub sets: BTreeMap<String, ReplicaSet>,
    pub services: BTreeMap<String, Service>,
    pub pods: BTreeMap<String, Pod>,
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
        Some(world)
    }

    pub fn encode(&self) -> Value {
        json!({
            "rollout": self.rollout, "sets": self.sets, "services": self.services, "pods": self.pods,
            "now": self.now,
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
            let plan = self.plan();
            let text = plan.to_string();
            self.outcome.plans += 1;
            self.outcome.effects += plan.effects.len() as u64;
            if plan.is_idle() {
                self.outcome.is_invalid &= text.contains(" is invalid: ");
                return match plan.wake_at {
                    Some(at) if at <= self.now => Err(format!("it wakes up in the past at {}: {text}", self.now)),
                    wake_at => Ok(wake_at),
                };
            }
            let most = EFFECTS_PER_PLAN + 4 * self.sets.len() + 2 * self.services.len() + 2 * self.pods.len();
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

    pub fn plan(&self) -> Plan {
        rollouts_core::plan(&self.snapshot(), self.now)
    }

    fn snapshot(&self) -> Snapshot {
        let ro = &self.rollout;
        let selector = ro.spec.selector.as_ref().and_then(|s| s.compile().ok());
        let concerns = |set: &&ReplicaSet| match set.metadata.controller() {
            Some(owner) => owner.uid == ro.metadata.uid,
            None => selector.as_ref().is_some_and(|s| s.matches(&set.metadata.labels)),
        };
        let visible = |set: &&ReplicaSet| set.metadata.label(names::POD_TEMPLATE_HASH).is_some() && concerns(set);
        let replica_sets: Vec<_> = self.sets.values().filter(visible).cloned().map(Arc::new).collect();
        let template_hash = TemplateHash::default();
        let wanted = template_hash.replica_set_name(ro);
        let mut foreign_replica_sets = BTreeMap::new();
        if !replica_sets.iter().any(|s| s.metadata.name == wanted) {
            let other = self.sets.get(&wanted).cloned();
            foreign_replica_sets.extend(other.map(|set| (wanted, Arc::new(set))));
        }
        let named = validation::service_names(ro).into_iter();
        let services = named.filter_map(|name| Some((name.to_owned(), Arc::new(self.services.get(name)?.clone()))));
        let pods = match rollouts_core::reads_pods(ro, &replica_sets) {
            true => self.pods.values().filter(|p| is_of(&p.metadata, &replica_sets)).cloned().map(Arc::new).collect(),
            false => Vec::new(),
        };
        Snapshot {
            rollout: Arc::new(ro.clone()),
            services: services.collect(),
            replica_sets,
            foreign_replica_sets,
            pods,
            template_hash,
            ..Snapshot::default()
        }
    }

    /// ReplicaSets get the pods they want, pods on their way out go.
    pub fn grow(&mut self) {
        self.pods.retain(|_, pod| pod.metadata.deletion_timestamp.is_none());
        for (name, set) in &mut self.sets {
            let size = set.size().max(0);
            let status = &mut set.status;
            (status.replicas, status.ready_replicas, status.available_replicas) = (size, size, size);
            status.observed_generation = set.metadata.generation;
            for n in 0..PODS_PER_SET {
                let pod = format!("{name}-{n}");
                if n >= size {
                    self.pods.remove(&pod);
                } else if !self.pods.contains_key(&pod) {
                    self.births += 1;
                    self.pods.insert(pod.clone(), new_pod(&pod, self.births, set, self.now));
                }
            }
        }
    }

    fn apply(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::AdoptReplicaSet { name } => {
                let owner = rollouts_core::owner_reference(&self.rollout.metadata);
                self.set(&name)?.metadata.owner_references.push(owner);
            }
            Effect::ReleaseReplicaSet { name } => {
                let uid = self.rollout.metadata.uid.clone();
                self.set(&name)?.metadata.owner_references.retain(|o| o.uid != uid);
            }
            Effect::CreateReplicaSet { name, object } => {
                let mut set: ReplicaSet = serde_json::from_value(object).map_err(|e| e.to_string())?;
                set.metadata.uid = format!("uid-of-{name}");
                set.metadata.generation = 1;
                set.metadata.creation_timestamp = Some(Time::new(self.now));
                if self.sets.insert(name, set).is_some() {
                    return Err("it exists".into());
                }
            }
            Effect::UpdateReplicaSet { name, replicas, min_ready_seconds, template, annotations } => {
                if replicas.is_some_and(|n| n < 0) {
                    return Err("a negative size".into());
                }
                let set = self.set(&name)?;
                let before = set.clone();
                if replicas.is_some() || min_ready_seconds.is_some() || template.is_some() {
                    set.metadata.generation = set.metadata.generation.saturating_add(1);
                }
                set.spec.replicas = replicas.or(set.spec.replicas);
                set.spec.min_ready_seconds = min_ready_seconds.unwrap_or(set.spec.min_ready_seconds);
                if let Some(template) = template {
                    set.spec.template = rollouts_api::PodTemplate::new(&template);
                }
                change(&mut set.metadata.annotations, annotations);
                if *set == before {
                    return Err("it changes nothing".into());
                }
            }
            Effect::DeleteReplicaSet { name } => {
                self.sets.remove(&name).ok_or("it does not exist")?;
            }
            Effect::SwitchService { name, hash } => {
                let rollout = self.rollout.metadata.name.clone();
                let service = self.services.get_mut(&name).ok_or("it does not exist")?;
                service.spec.selector.insert(names::POD_TEMPLATE_HASH.into(), hash);
                service.metadata.annotations.entry(names::MANAGED_BY_ROLLOUTS.into()).or_insert(rollout);
            }
            Effect::EvictPod { name } => {
                let pod = self.pods.get_mut(&name).ok_or("it does not exist")?;
                pod.metadata.deletion_timestamp = Some(Time::new(self.now));
            }
            Effect::PatchPod { name, labels, annotations } => {
                let pod = self.pods.get_mut(&name).ok_or("it does not exist")?;
                change(&mut pod.metadata.labels, labels);
                change(&mut pod.metadata.annotations, annotations);
            }
            Effect::PatchRollout { replicas, annotations } => {
                change(&mut self.rollout.metadata.annotations, annotations);
                if replicas.is_some() {
                    self.rollout.spec.replicas = replicas;
                    self.rollout.metadata.generation = self.rollout.metadata.generation.saturating_add(1);
                }
            }
            Effect::PatchStatus { status } => {
                if json!(status) == json!(self.rollout.status) {
                    return Err("it changes nothing".into());
                }
                self.rollout.status = *status;
            }
            _ => {}
        }
        Ok(())
    }

    fn set(&mut self, name: &str) -> Result<&mut ReplicaSet, String> {
        self.sets.get_mut(name).ok_or_else(|| "it does not exist".into())
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

fn is_of(pod: &ObjectMeta, sets: &[Arc<ReplicaSet>]) -> bool {
    pod.controller().is_some_and(|c| sets.iter().any(|s| s.metadata.uid == c.uid))
}

fn new_pod(name: &str, number: u64, set: &ReplicaSet, now: Timestamp) -> Pod {
    let now = Time::new(now);
    let pod = json!({
        "metadata": {
            "name": name,
            "uid": format!("pod-{number}"),
            "creationTimestamp": now,
            "labels": set.spec.template.labels(),
            "annotations": set.spec.template.annotations(),
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set.metadata.name, "uid": set.metadata.uid,
                "controller": true,
            }],
        },
        "status": { "conditions": [{ "type": "Ready", "status": "True", "lastTransitionTime": now }] },
    });
    serde_json::from_value(pod).expect("a pod of ours can be read")
}

fn change(map: &mut BTreeMap<String, String>, changes: AnnotationChanges) {
    for (key, value) in changes {
        match value {
            Some(value) => map.insert(key, value),
            None => map.remove(&key),
        };
    }
}

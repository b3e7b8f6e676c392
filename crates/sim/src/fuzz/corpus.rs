//! Well-formed states to deform: Rollouts of every kind, at rest and in the middle of things.

mod workloads;

use super::world::{NAME, START, UID, World};
use rollouts_memkube::Rng;
use serde_json::{Value, json};

/// How many states there are.
const STATES: u64 = 240;
/// One Rollout in so many takes its pod template from another object.
const REFERRING_EVERY: u64 = 3;
/// The seed of the states, which the cases share.
const SEED: u64 = 1;

/// States of worlds, as JSON.
#[derive(Debug)]
pub struct Corpus(Vec<Value>);

impl Corpus {
    /// Plays the lives of some Rollouts and keeps a state of each.
    ///
    /// # Errors
    /// A rule that a well-formed world broke.
    pub fn new() -> Result<Self, String> {
        let rng = Rng::new(SEED);
        (0..STATES).map(|_| state(&rng)).collect::<Result<_, _>>().map(Corpus)
    }

    pub(super) fn state(&self, rng: &Rng) -> &Value {
        let index = usize::try_from(rng.below(self.0.len() as u64)).unwrap_or_default();
        &self.0[index]
    }
}

fn state(rng: &Rng) -> Result<Value, String> {
    let rollout = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {
            "name": NAME, "namespace": "ns", "uid": UID, "generation": 1, "resourceVersion": "1",
            "creationTimestamp": START, "annotations": { "note": "x" },
        },
        "spec": {
            "replicas": rng.below(7),
            "selector": { "matchLabels": { "app": NAME } },
            "template": template(0),
            "strategy": if rng.below(2) == 0 { canary(rng) } else { blue_green(rng) },
            "rollbackWindow": { "revisions": rng.below(4) },
            "revisionHistoryLimit": 3 + rng.below(3),
            "progressDeadlineSeconds": 30 + rng.below(600),
            "progressDeadlineAbort": rng.below(4) == 0,
            "minReadySeconds": rng.below(3),
        },
    });
    let mut world = World::new(serde_json::from_value(rollout).map_err(|e| e.to_string())?);
    for name in ["live", "next"] {
        let service =
            json!({ "metadata": { "name": name, "namespace": "ns" }, "spec": { "selector": { "app": NAME } } });
        world.services.insert(name.into(), serde_json::from_value(service).map_err(|e| e.to_string())?);
    }
    if rng.below(REFERRING_EVERY) == 0 {
        workloads::refer(&mut world, rng).map_err(|e| e.to_string())?;
    }
    for _ in 0..rng.below(6) {
        world.watch()?;
        act(&mut world, rng);
    }
    if rng.below(3) > 0 {
        world.watch()?;
    }
    Ok(world.encode())
}

/// What a user may do.
fn act(world: &mut World, rng: &Rng) {
    let refers = world.rollout.spec.workload_ref.is_some();
    if refers && rng.below(3) > 0 {
        workloads::act(world, rng);
        world.rollout.metadata.generation += 1;
        return;
    }
    let ro = &mut world.rollout;
    let status = &mut ro.status;
    match rng.below(12) {
        0..=4 if !refers => {
            let template = template(rng.below(4));
            ro.spec.template = rollouts_api::PodTemplate::new(&template);
        }
        5 => ro.spec.replicas = i32::try_from(rng.below(7)).ok(),
        6 => status.abort = true,
        7 => status.pause_conditions.clear(),
        8 => status.promote_full = true,
        9 => ro.spec.paused = !ro.spec.paused,
        10 => ro.spec.restart_at = Some(rollouts_api::Time::new(world.now)),
        _ => status.abort = false,
    }
    ro.metadata.generation += 1;
}

fn template(version: u64) -> Value {
    json!({
        "metadata": { "labels": { "app": NAME } },
        "spec": { "containers": [{
            "name": "web", "image": format!("shop/web:{version}"),
            "resources": { "limits": { "cpu": "500m", "memory": "1Gi" } },
        }] },
    })
}

fn role(name: &str) -> Value {
    json!({ "labels": { "role": name }, "annotations": { "why": name } })
}

fn canary(rng: &Rng) -> Value {
    let step = |_| match rng.below(6) {
        0 => json!({ "pause": {} }),
        1 => json!({ "pause": { "duration": rng.below(40) } }),
        2 => json!({ "pause": { "duration": "1m" } }),
        _ => json!({ "setWeight": rng.below(101) }),
    };
    let steps: Vec<Value> = (0..rng.below(7)).map(step).collect();
    let mut canary = json!({
        "steps": steps,
        "maxSurge": match rng.below(3) { 0 => json!("25%"), 1 => json!(1 + rng.below(3)), _ => json!("100%") },
        "maxUnavailable": rng.below(3),
    });
    maybe(rng, &mut canary, "stableService", json!("live"));
    maybe(rng, &mut canary, "canaryService", json!("next"));
    maybe(rng, &mut canary, "canaryMetadata", role("new"));
    maybe(rng, &mut canary, "stableMetadata", role("old"));
    maybe(rng, &mut canary, "antiAffinity", json!({ "requiredDuringSchedulingIgnoredDuringExecution": {} }));
    maybe(rng, &mut canary, "replicaProgressThreshold", json!({ "type": "Percent", "value": 80 }));
    json!({ "canary": canary })
}

fn blue_green(rng: &Rng) -> Value {
    let mut strategy = json!({ "activeService": "live" });
    maybe(rng, &mut strategy, "previewService", json!("next"));
    maybe(rng, &mut strategy, "previewReplicaCount", json!(rng.below(3)));
    maybe(rng, &mut strategy, "autoPromotionEnabled", json!(false));
    maybe(rng, &mut strategy, "autoPromotionSeconds", json!(rng.below(30)));
    maybe(rng, &mut strategy, "scaleDownDelaySeconds", json!(rng.below(60)));
    maybe(rng, &mut strategy, "scaleDownDelayRevisionLimit", json!(rng.below(3)));
    maybe(rng, &mut strategy, "abortScaleDownDelaySeconds", json!(rng.below(60)));
    maybe(rng, &mut strategy, "previewMetadata", role("new"));
    maybe(rng, &mut strategy, "activeMetadata", role("old"));
    let preferred = json!({ "preferredDuringSchedulingIgnoredDuringExecution": { "weight": 10 } });
    maybe(rng, &mut strategy, "antiAffinity", preferred);
    json!({ "blueGreen": strategy })
}

fn maybe(rng: &Rng, object: &mut Value, name: &str, value: Value) {
    if rng.below(2) == 0 {
        object[name] = value;
    }
}

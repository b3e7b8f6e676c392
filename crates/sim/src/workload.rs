//! What users do to a Rollout in a seeded run.

mod analyses;
mod draw;
mod experiments;
mod journey;
mod legacy;
pub mod routers;
mod traffic;

pub use analyses::{Analyses, SECRET, SECRET_MARK};
pub use legacy::{LEGACY, Legacy};
pub use traffic::{PING, PONG, TESTER_COOKIE, TESTER_HEADER, Traffic};

use rollouts_actors::annotations::{CRASH_AFTER, NEVER_READY, READY_AFTER};
use rollouts_memkube::Rng;
use serde_json::{Value, json};
use std::time::Duration;

/// Name of the one Rollout of a run.
pub const NAME: &str = "app";
/// Its namespace.
pub const NAMESPACE: &str = "default";
/// Service of a blue-green Rollout that users reach.
pub const ACTIVE: &str = "app-active";
/// Service of a blue-green Rollout's next version.
pub const PREVIEW: &str = "app-preview";

/// Service of a canary's pods.
pub const CANARY: &str = "app-canary";
/// Service of the stable pods of a canary.
pub const STABLE: &str = "app-stable";
/// Label and annotation that the metadata of roles sets.
pub const ROLE: &str = "role";

/// A Rollout and what happens to it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The Rollout as first applied.
    pub rollout: Value,
    /// Whether its strategy is blue-green.
    pub is_blue_green: bool,
    /// The Services that it names.
    pub services: Vec<&'static str>,
    /// What users do, and how long they wait before each.
    pub actions: Vec<(Duration, Action)>,
    /// Whether users abort the last update once before it is promoted.
    pub aborts_last: bool,
    /// The Deployment that has the pod template, and from which the Rollout takes over.
    pub legacy: Option<Legacy>,
    /// What its analyses need, if it has any.
    pub analyses: Option<Analyses>,
    /// How its traffic is routed, if it is.
    pub traffic: Option<Traffic>,
    /// Whether some of its steps are Experiments.
    pub tries: bool,
}

/// How the pods of a version behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// Ready one second after their creation.
    Good,
    /// Ready after so many seconds.
    Slow(u64),
    /// Never started.
    BadImage,
    /// Running, never ready.
    NeverReady,
    /// They crash this many seconds after their start, again and again.
    Crashes(u64),
}

/// What a user does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Another version of the pods, `shop/app:N`.
    SetVersion(u64, Quality),
    /// A command of the plugin.
    Plugin(&'static str),
    /// Another number of replicas.
    Scale(u64),
    /// The same through the scale subresource, as autoscalers do it.
    Autoscale(u64),
    /// Other fields of the spec, by a merge patch.
    Edit(Value),
    /// The same where it can cost capacity: the limits themselves change.
    EditLimits(Value),
    /// One of the pods is deleted, by its place in the list, modulo.
    DeletePod(u64),
    /// A Service is deleted, and created again so much later without what the controller wrote into it.
    LoseService(&'static str, Duration),
    /// The Rollout belongs to the controllers of another instance for so long.
    LendAway(Duration),
    /// One of the AnalysisRuns is told to end, by its place in the list, modulo.
    TerminateRun(u64),
    /// One of them is deleted.
    DeleteRun(u64),
    /// A template of analyses is deleted, and created again so much later.
    LoseTemplate(Box<Value>, Duration),
    /// An object of a router gets its first spec back, as GitOps tools do.
    RewindRouter(Box<Value>),
    /// An object of a router is deleted, and created again so much later.
    LoseRouter(Box<Value>, Duration),
}

impl Action {
    /// Whether the action leaves every pod that serves alone, so that nothing but the controller can cost capacity.
    pub fn is_harmless(&self) -> bool {
        match self {
            Action::SetVersion(_, quality) => matches!(quality, Quality::Good | Quality::Slow(_)),
            Action::Plugin(line) => !line.starts_with("restart"),
            Action::Edit(_) | Action::LendAway(_) => true,
            Action::TerminateRun(_) | Action::DeleteRun(_) | Action::LoseTemplate(..) => true,
            Action::Scale(_)
            | Action::Autoscale(_)
            | Action::EditLimits(_)
            | Action::DeletePod(_)
            | Action::LoseService(..)
            | Action::RewindRouter(_)
            | Action::LoseRouter(..) => false,
        }
    }

    /// Whether it may start an update, and so a revision.
    pub fn may_update(&self) -> bool {
        matches!(self, Action::SetVersion(..)) || matches!(self, Action::Plugin(line) if line.starts_with("undo"))
    }
}

/// The patch of a Rollout that brings a version.
pub fn version(number: u64, quality: Quality) -> Value {
    let (mut ready, mut crash, mut never, mut tag) = (Value::Null, Value::Null, Value::Null, format!("{number}"));
    match quality {
        Quality::Good => {}
        Quality::Slow(seconds) => ready = format!("{seconds}s").into(),
        Quality::BadImage => tag.push_str("-error"),
        Quality::NeverReady => never = "true".into(),
        Quality::Crashes(seconds) => crash = format!("{seconds}s").into(),
    }
    json!({"spec": {"template": {
        "metadata": {"annotations": {READY_AFTER: ready, CRASH_AFTER: crash, NEVER_READY: never}},
        "spec": {"containers": [{"name": "app", "image": format!("shop/app:{tag}")}]},
    }}})
}

impl Case {
    /// The case of a seed.
    pub fn draw(seed: u64) -> Case {
        let mut case = draw::case(&Rng::new(seed));
        case.analyse(seed);
        case.route(seed);
        case.experiment(seed);
        case
    }

    /// Whether nothing but the controller can cost capacity.
    pub fn is_harmless(&self) -> bool {
        self.actions.iter().all(|(_, action)| action.is_harmless())
    }
}

/// A Service as users create it.
pub fn service(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE},
           "spec": {"selector": {"app": NAME}, "ports": [{"port": 80}]}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_case() {
        let text = |seed| format!("{:?}", Case::draw(seed));
        assert_eq!(text(5), text(5));
        assert_ne!(text(5), text(6));
    }

    fn merge(into: &mut Value, patch: &Value) {
        match (into, patch) {
            (into @ Value::Object(_), Value::Object(patch)) => {
                for (name, value) in patch {
                    if value.is_null() {
                        into.as_object_mut().expect("an object").remove(name);
                    } else {
                        merge(&mut into[name], value);
                    }
                }
            }
            (into, patch) => *into = patch.clone(),
        }
    }

    #[test]
    fn every_rollout_is_valid_and_stays_so() {
        for seed in 0..2000 {
            let Case { mut rollout, actions, .. } = Case::draw(seed);
            let edits = actions.into_iter().filter_map(|(_, action)| match action {
                Action::Edit(spec) | Action::EditLimits(spec) => Some(spec),
                _ => None,
            });
            for spec in [json!({})].into_iter().chain(edits) {
                merge(&mut rollout["spec"], &spec);
                let ro: rollouts_api::Rollout = serde_json::from_value(rollout.clone()).expect("a Rollout");
                let problems = rollouts_api::validation::unresolved_rollout(&ro);
                assert!(problems.is_empty(), "seed {seed}: {spec} {problems:?}");
            }
        }
    }

    /// Seeds that once broke a rule, before anything was routed or tried.
    const BROKEN_ONCE: [u64; 15] = [108, 133, 451, 598, 611, 877, 955, 2022, 2493, 5396, 5472, 5511, 5710, 5763, 6901];

    #[test]
    fn seeds_that_once_broke_a_rule_have_no_analyses() {
        for seed in [108, 451, 598, 611, 877, 5511, 5710] {
            assert!(Case::draw(seed).analyses.is_none(), "seed {seed}");
        }
    }

    #[test]
    fn seeds_that_once_broke_a_rule_are_not_routed() {
        for seed in BROKEN_ONCE {
            assert!(Case::draw(seed).traffic.is_none(), "seed {seed}");
        }
    }

    #[test]
    fn seeds_that_once_broke_a_rule_have_no_experiments() {
        for seed in BROKEN_ONCE {
            assert!(!Case::draw(seed).tries, "seed {seed}");
        }
    }

    #[test]
    fn a_third_of_the_canaries_is_routed_by_all_routers() {
        let routed: Vec<Traffic> = (0..900).filter_map(|seed| Case::draw(seed).traffic).collect();
        assert!((160..240).contains(&routed.len()), "{}", routed.len());
        for router in routers::ALL {
            assert!(routed.iter().filter(|t| t.routers.contains(&router)).count() > 10, "{router}");
        }
    }

    #[test]
    fn a_third_of_the_seeds_is_analysed() {
        let analysed = (0..300).filter(|seed| Case::draw(*seed).analyses.is_some()).count();
        assert!((80..120).contains(&analysed), "{analysed}");
    }

    #[test]
    fn seeds_draw_everything() {
        let text: String = (0..2000).map(|seed| format!("{:?}", Case::draw(seed))).collect();
        for part in [
            "minReadySeconds",
            "progressDeadlineAbort",
            "progressDeadlineSeconds",
            "rollbackWindow",
            "antiAffinity",
            "canaryMetadata",
            "stableMetadata",
            "previewMetadata",
            "activeMetadata",
            "canaryService",
            "stableService",
            "previewReplicaCount",
            "scaleDownDelayRevisionLimit",
            "abortScaleDownDelaySeconds",
            "autoPromotionSeconds",
            "replicaProgressThreshold",
            "maxSurge",
            "Autoscale",
            "LoseService",
            "LendAway",
            "EditLimits",
            "restart app",
            "progressively",
            "undo app",
            "retry rollout app",
            "abort app",
            "pause app",
            "promote app --full",
            "NeverReady",
            "startingStep",
            "prePromotionAnalysis",
            "postPromotionAnalysis",
            "clusterScope",
            "dryRun",
            "measurementRetention",
            "consecutiveSuccessLimit",
            "initialDelay",
            "secretKeyRef",
            "prometheus",
            "activeDeadlineSeconds",
            "Hanging",
            "Garbage",
            "Huge",
            "TerminateRun",
            "DeleteRun",
            "LoseTemplate",
            "RewindRouter",
            "LoseRouter",
            "dynamicStableScale",
            "minPodsPerReplicaSet",
            "maxTrafficWeight",
            "setCanaryScale",
            "setHeaderRoute",
            "setMirrorRoute",
            "pingPong",
            "destinationRule",
        ] {
            assert!(text.contains(part), "no seed has {part}");
        }
    }
}

//! What users do to a Rollout in a seeded run.

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

/// A Rollout and what happens to it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The Rollout as first applied.
    pub rollout: Value,
    /// Whether its strategy is blue-green.
    pub is_blue_green: bool,
    /// What users do, and how long they wait before each.
    pub actions: Vec<(Duration, Action)>,
    /// Whether users abort the last update once before it is promoted.
    pub aborts_last: bool,
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
    /// Other canary steps.
    EditSteps(Vec<Value>),
    /// One of the pods is deleted, by its place in the list, modulo.
    DeletePod(u64),
}

impl Action {
    /// Whether the action leaves every pod that serves alone, so that nothing but the controller can cost capacity.
    pub fn is_harmless(&self) -> bool {
        match self {
            Action::SetVersion(_, quality) => matches!(quality, Quality::Good | Quality::Slow(_)),
            Action::Plugin(line) => !line.starts_with("restart"),
            Action::EditSteps(_) => true,
            Action::Scale(_) | Action::DeletePod(_) => false,
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
        let rng = Rng::new(seed);
        let is_blue_green = rng.below(3) == 0;
        let strategy =
            if is_blue_green { json!({"blueGreen": blue_green(&rng)}) } else { json!({"canary": canary(&rng)}) };
        let mut spec = json!({
            "replicas": rng.below(8),
            "selector": {"matchLabels": {"app": NAME}},
            "template": {
                "metadata": {"labels": {"app": NAME}},
                "spec": {"containers": [{"name": "app", "image": "shop/app:0"}]},
            },
            "strategy": strategy,
        });
        if rng.below(3) == 0 {
            spec["minReadySeconds"] = (1 + rng.below(10)).into();
        }
        if rng.below(2) == 0 {
            spec["revisionHistoryLimit"] = rng.below(4).into();
        }
        let calm = rng.below(4) == 0;
        let actions = (0..3 + rng.below(8)).map(|n| (pause(&rng), action(&rng, n + 1, is_blue_green)));
        let actions = actions.filter(|(_, action)| !calm || action.is_harmless()).collect();
        let rollout = json!({
            "apiVersion": rollouts_api::names::API_VERSION, "kind": "Rollout",
            "metadata": {"name": NAME, "namespace": NAMESPACE}, "spec": spec,
        });
        Case { rollout, is_blue_green, actions, aborts_last: rng.below(3) == 0 }
    }

    /// Whether nothing but the controller can cost capacity.
    pub fn is_harmless(&self) -> bool {
        self.actions.iter().all(|(_, action)| action.is_harmless())
    }

    /// The Services it needs.
    pub fn services(&self) -> Vec<Value> {
        let service = |name: &str| {
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE},
                   "spec": {"selector": {"app": NAME}, "ports": [{"port": 80}]}})
        };
        if self.is_blue_green { vec![service(ACTIVE), service(PREVIEW)] } else { Vec::new() }
    }
}

/// Mostly some seconds, sometimes at once, sometimes minutes.
fn pause(rng: &Rng) -> Duration {
    Duration::from_millis(rng.below(*pick(rng, &[200, 5_000, 30_000, 120_000])))
}

fn pick<'a, T>(rng: &Rng, items: &'a [T]) -> &'a T {
    &items[usize::try_from(rng.below(items.len() as u64)).expect("an index fits")]
}

fn amount(rng: &Rng) -> Value {
    match rng.below(3) {
        0 => rng.below(4).into(),
        1 => format!("{}%", pick(rng, &[0, 10, 25, 34, 50, 100])).into(),
        _ => Value::Null,
    }
}

fn steps(rng: &Rng) -> Vec<Value> {
    let step = |_| match rng.below(5) {
        0 => json!({"pause": {}}),
        1 => json!({"pause": {"duration": rng.below(20)}}),
        _ => json!({"setWeight": *pick(rng, &[0, 1, 10, 20, 33, 50, 66, 75, 90, 99, 100])}),
    };
    (0..rng.below(6)).map(step).collect()
}

fn canary(rng: &Rng) -> Value {
    let (mut surge, mut unavailable) = (amount(rng), amount(rng));
    let is_zero = |v: &Value| *v == json!(0) || *v == json!("0%");
    // Both zero is refused.
    if is_zero(&surge) && (is_zero(&unavailable) || unavailable.is_null()) {
        surge = 1.into();
    }
    if is_zero(&unavailable) && surge.is_null() {
        unavailable = 1.into();
    }
    let mut canary = json!({"steps": steps(rng)});
    for (name, value) in [("maxSurge", surge), ("maxUnavailable", unavailable)] {
        if !value.is_null() {
            canary[name] = value;
        }
    }
    canary
}

fn blue_green(rng: &Rng) -> Value {
    let mut strategy = json!({"activeService": ACTIVE, "previewService": PREVIEW});
    // A limit of revisions that stay up must not be above the history limit, which another draw may set to 0.
    let mut maybe = |name: &str, value: Value| {
        if rng.below(2) == 0 {
            strategy[name] = value;
        }
    };
    maybe("autoPromotionEnabled", (rng.below(2) == 0).into());
    maybe("autoPromotionSeconds", (1 + rng.below(20)).into());
    maybe("previewReplicaCount", (1 + rng.below(3)).into());
    maybe("scaleDownDelaySeconds", rng.below(40).into());
    maybe("abortScaleDownDelaySeconds", (1 + rng.below(40)).into());
    maybe("scaleDownDelayRevisionLimit", 0.into());
    strategy
}

fn action(rng: &Rng, number: u64, is_blue_green: bool) -> Action {
    match rng.below(20) {
        0..=6 => Action::SetVersion(number, quality(rng)),
        7 => Action::SetVersion(rng.below(number), Quality::Good),
        8 | 9 => Action::Plugin("promote app"),
        10 => Action::Plugin("promote app --full"),
        11 => Action::Plugin("abort app"),
        12 => Action::Plugin("retry rollout app"),
        13 | 14 => Action::Scale(rng.below(9)),
        15 => Action::Plugin("pause app"),
        16 => Action::Plugin("undo app"),
        17 if !is_blue_green => Action::EditSteps(steps(rng)),
        18 => Action::Plugin("restart app"),
        _ => Action::DeletePod(rng.next_u64()),
    }
}

fn quality(rng: &Rng) -> Quality {
    match rng.below(10) {
        0..=4 => Quality::Good,
        5 | 6 => Quality::Slow(2 + rng.below(30)),
        7 => Quality::BadImage,
        8 => Quality::NeverReady,
        _ => Quality::Crashes(5 + rng.below(60)),
    }
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

    #[test]
    fn every_rollout_is_valid() {
        for seed in 0..500 {
            let case = Case::draw(seed);
            let ro: rollouts_api::Rollout = serde_json::from_value(case.rollout).expect("a Rollout");
            let problems = rollouts_api::validation::rollout(&ro);
            assert!(problems.is_empty(), "seed {seed}: {problems:?}");
        }
    }
}

//! Draws cases.

use super::{ACTIVE, Action, CANARY, Case, NAME, NAMESPACE, PREVIEW, Quality, ROLE, STABLE};
use rollouts_memkube::Rng;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Longest `minReadySeconds`; deadlines are longer.
const MIN_READY_SECONDS_MAX: u64 = 10;

pub(super) fn case(rng: &Rng) -> Case {
    let is_blue_green = one_in(rng, 3);
    let mut spec = json!({
        "replicas": rng.below(8),
        "selector": {"matchLabels": {"app": NAME}},
        "template": {
            "metadata": {"labels": {"app": NAME}},
            "spec": {"containers": [{"name": "app", "image": "shop/app:0"}]},
        },
    });
    let history = one_in(rng, 2).then(|| rng.below(4));
    if let Some(limit) = history {
        spec["revisionHistoryLimit"] = limit.into();
    }
    if one_in(rng, 3) {
        spec["minReadySeconds"] = (1 + rng.below(MIN_READY_SECONDS_MAX)).into();
    }
    if one_in(rng, 3) {
        spec["progressDeadlineSeconds"] = deadline(rng);
        spec["progressDeadlineAbort"] = one_in(rng, 2).into();
    }
    if one_in(rng, 4) {
        spec["rollbackWindow"] = json!({"revisions": 1 + rng.below(3)});
    }
    let (strategy, services) = if is_blue_green { blue_green(rng, history) } else { canary(rng) };
    spec["strategy"][if is_blue_green { "blueGreen" } else { "canary" }] = strategy;
    let calm = one_in(rng, 4);
    let actions = (0..3 + rng.below(8)).map(|n| (pause(rng), action(rng, n + 1, is_blue_green, &services)));
    let actions = actions.filter(|(_, action)| !calm || action.is_harmless()).collect();
    let rollout = json!({
        "apiVersion": rollouts_api::names::API_VERSION, "kind": "Rollout",
        "metadata": {"name": NAME, "namespace": NAMESPACE}, "spec": spec,
    });
    let mut case = Case {
        rollout,
        is_blue_green,
        services,
        actions,
        aborts_last: one_in(rng, 3),
        legacy: None,
        analyses: None,
        traffic: None,
        tries: false,
    };
    if one_in(rng, 4) {
        let scale_down = *pick(rng, &["never", "onsuccess", "progressively"]);
        case.take_over(rng.below(8), scale_down);
    }
    case
}

pub(super) fn one_in(rng: &Rng, n: u64) -> bool {
    rng.below(n) == 0
}

/// Mostly some seconds, sometimes at once, sometimes minutes.
pub(super) fn pause(rng: &Rng) -> Duration {
    Duration::from_millis(rng.below(*pick(rng, &[200, 5_000, 30_000, 120_000])))
}

fn seconds(rng: &Rng, most: u64) -> Duration {
    Duration::from_secs(rng.below(most))
}

pub(super) fn pick<'a, T>(rng: &Rng, items: &'a [T]) -> &'a T {
    &items[usize::try_from(rng.below(items.len() as u64)).expect("an index fits")]
}

fn deadline(rng: &Rng) -> Value {
    (MIN_READY_SECONDS_MAX + 1 + rng.below(60)).into()
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

/// `maxSurge` and `maxUnavailable`, `null` where they are left to their defaults; both zero is refused.
fn limits(rng: &Rng) -> Value {
    let (mut surge, mut unavailable) = (amount(rng), amount(rng));
    let is_zero = |v: &Value| *v == json!(0) || *v == json!("0%");
    if is_zero(&surge) && (is_zero(&unavailable) || unavailable.is_null()) {
        surge = 1.into();
    }
    if is_zero(&unavailable) && surge.is_null() {
        unavailable = 1.into();
    }
    json!({"maxSurge": surge, "maxUnavailable": unavailable})
}

/// Labels and annotations of the pods of a role; different draws give different ones.
fn metadata(rng: &Rng) -> Value {
    let value = format!("r{}", rng.below(4));
    match rng.below(3) {
        0 => json!({"labels": {ROLE: value}}),
        1 => json!({"annotations": {ROLE: value}}),
        _ => json!({"labels": {ROLE: value}, "annotations": {ROLE: value}}),
    }
}

/// Preferred only: on a few nodes a required one can stand in the way of any update for ever.
fn anti_affinity(rng: &Rng) -> Value {
    json!({"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 1 + rng.below(100)}})
}

/// A strategy, and the Services that it names.
type Strategy = (Value, Vec<&'static str>);

fn canary(rng: &Rng) -> Strategy {
    let mut canary = limits(rng);
    if let Some(canary) = canary.as_object_mut() {
        canary.retain(|_, value| !value.is_null());
    }
    canary["steps"] = steps(rng).into();
    for role in ["canaryMetadata", "stableMetadata"] {
        if one_in(rng, 4) {
            canary[role] = metadata(rng);
        }
    }
    if one_in(rng, 6) {
        canary["antiAffinity"] = anti_affinity(rng);
    }
    if one_in(rng, 6) {
        let (kind, value) = if one_in(rng, 2) { ("Percent", 50 + rng.below(51)) } else { ("Pods", 1 + rng.below(3)) };
        canary["replicaProgressThreshold"] = json!({"type": kind, "value": value});
    }
    let mut services = Vec::new();
    if one_in(rng, 4) {
        canary["canaryService"] = CANARY.into();
        canary["stableService"] = STABLE.into();
        services = vec![CANARY, STABLE];
    }
    (canary, services)
}

fn blue_green(rng: &Rng, history: Option<u64>) -> Strategy {
    let mut strategy = Map::new();
    strategy.insert("activeService".into(), ACTIVE.into());
    let mut services = vec![ACTIVE];
    if !one_in(rng, 4) {
        strategy.insert("previewService".into(), PREVIEW.into());
        services.push(PREVIEW);
    }
    for (name, value) in blue_green_options(rng, history) {
        if one_in(rng, 2) {
            strategy.insert(name.into(), value);
        }
    }
    for role in ["previewMetadata", "activeMetadata"] {
        if one_in(rng, 4) {
            strategy.insert(role.into(), metadata(rng));
        }
    }
    if one_in(rng, 6) {
        strategy.insert("antiAffinity".into(), anti_affinity(rng));
    }
    (strategy.into(), services)
}

fn blue_green_options(rng: &Rng, history: Option<u64>) -> [(&'static str, Value); 6] {
    [
        ("autoPromotionEnabled", one_in(rng, 2).into()),
        ("autoPromotionSeconds", (1 + rng.below(20)).into()),
        ("previewReplicaCount", (1 + rng.below(3)).into()),
        ("scaleDownDelaySeconds", rng.below(40).into()),
        ("abortScaleDownDelaySeconds", (1 + rng.below(40)).into()),
        // Must not be above the history limit.
        ("scaleDownDelayRevisionLimit", rng.below(history.unwrap_or(2) + 1).into()),
    ]
}

fn action(rng: &Rng, number: u64, is_blue_green: bool, services: &[&'static str]) -> Action {
    match rng.below(26) {
        0..=6 => Action::SetVersion(number, quality(rng)),
        7 | 8 => Action::SetVersion(rng.below(number), Quality::Good),
        9 | 10 => Action::Plugin("promote app"),
        11 => Action::Plugin("promote app --full"),
        12 => Action::Plugin("abort app"),
        13 => Action::Plugin("retry rollout app"),
        14 => Action::Scale(rng.below(9)),
        15 => Action::Autoscale(1 + rng.below(8)),
        16 => Action::Plugin("pause app"),
        17 => Action::Plugin("undo app"),
        18 => Action::Plugin("restart app"),
        19..=21 => edit(rng, is_blue_green),
        22 if !is_blue_green => Action::EditLimits(json!({"strategy": {"canary": limits(rng)}})),
        23 if !services.is_empty() => Action::LoseService(pick::<&'static str>(rng, services), seconds(rng, 60)),
        24 => Action::LendAway(seconds(rng, 60)),
        _ => Action::DeletePod(rng.next_u64()),
    }
}

/// A change of the spec that asks for no other pods.
fn edit(rng: &Rng, is_blue_green: bool) -> Action {
    let of = |strategy: Value| match is_blue_green {
        true => json!({"strategy": {"blueGreen": strategy}}),
        false => json!({"strategy": {"canary": strategy}}),
    };
    let roles =
        if is_blue_green { ["previewMetadata", "activeMetadata"] } else { ["canaryMetadata", "stableMetadata"] };
    let maybe = |value: Value| if one_in(rng, 3) { Value::Null } else { value };
    Action::Edit(match rng.below(7) {
        0 => json!({"minReadySeconds": rng.below(MIN_READY_SECONDS_MAX)}),
        1 => json!({"progressDeadlineSeconds": deadline(rng), "progressDeadlineAbort": one_in(rng, 2)}),
        2 => json!({"rollbackWindow": maybe(json!({"revisions": 1 + rng.below(3)}))}),
        3 => of(json!({*pick(rng, &roles): maybe(metadata(rng))})),
        4 => of(json!({"antiAffinity": maybe(anti_affinity(rng))})),
        _ if is_blue_green => {
            // Without the last, which depends on the history limit.
            let options = blue_green_options(rng, None);
            let (name, value) = pick(rng, &options[..options.len() - 1]).clone();
            of(json!({name: maybe(value)}))
        }
        _ => of(json!({"steps": steps(rng)})),
    })
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

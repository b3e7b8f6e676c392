//! One sentence about a Rollout.

use super::Finding;
use super::facts::{Facts, State, step_in_words};
use super::failures::BY_HAND;
use super::next::clock;
use crate::Icon;
use crate::duration::human;
use crate::read::{int, int_opt, list, time};
use serde_json::Value;

/// The sign in front of it.
pub(super) fn icon(facts: &Facts<'_>, why: &[Finding]) -> Icon {
    let is_stuck = why.iter().any(|finding| finding.icon == Icon::Bad);
    match facts.state() {
        State::Going => Icon::Neutral,
        State::Unattended | State::Invalid(_) | State::Aborted => Icon::Bad,
        _ if is_stuck => Icon::Bad,
        State::Unseen | State::Starting | State::Updating | State::Restarting => Icon::Progressing,
        State::PausedByUser | State::Paused(_) => Icon::Paused,
        State::Inconclusive => Icon::Unknown,
        State::Empty => Icon::Neutral,
        State::Resting if facts.info.phase.name == "Healthy" => Icon::Ok,
        State::Resting => Icon::of_rollout(&facts.info.phase.name),
    }
}

/// The sentence.
pub(super) fn of(facts: &Facts<'_>, why: &[Finding]) -> String {
    let name = &facts.info.name;
    let rollout = facts.seen.rollout;
    match facts.state() {
        State::Going => {
            let finalizers: Vec<&str> =
                list(rollout, "/metadata/finalizers").iter().filter_map(Value::as_str).collect();
            match finalizers.as_slice() {
                [] => format!("{name} is being deleted."),
                all => format!("{name} is being deleted; it waits for the finalizers {}.", all.join(", ")),
            }
        }
        State::Unattended => format!("{name} stands still: nobody looks after it."),
        State::Unseen => format!("{name} was changed a moment ago; its controller has not seen that yet."),
        State::Invalid(_) => format!("{name} cannot be rolled out: its spec is not valid."),
        State::Aborted => aborted(facts, why),
        State::PausedByUser if facts.is_promoted() => format!("{name} is paused by hand; nothing is under way."),
        State::PausedByUser => {
            format!("The update of {name} to {} is paused by hand{}.", facts.new_version(), at_step(facts))
        }
        State::Inconclusive => {
            format!(
                "The update of {name} to {} waits for a decision: an analysis was inconclusive.",
                facts.new_version()
            )
        }
        State::Paused(end) => {
            let sentence = paused(facts, end);
            match trouble(why).trim_start_matches(": ") {
                "" => sentence,
                trouble => format!("{} Meanwhile {trouble}.", sentence),
            }
        }
        State::Empty => format!("{name} is scaled to 0: it has no pods."),
        State::Restarting => {
            let since = time(rollout, "/spec/restartAt");
            let since = since.map_or(String::new(), |at| format!(" since {}", clock(at, facts.seen.now)));
            format!("{name} is replacing its pods{since}: a restart was asked for{}.", trouble(why))
        }
        State::Starting => format!(
            "{name} is starting its first version, {}: {} of {} pods are available{}.",
            facts.new_version(),
            facts.info.available,
            facts.info.desired,
            trouble(why)
        ),
        State::Updating => updating(facts, why),
        State::Resting => resting(facts, why),
    }
}

fn at_step(facts: &Facts<'_>) -> String {
    match facts.step() {
        Some((number, step)) => format!(" at step {number} of {} ({})", facts.steps().len(), step_in_words(step)),
        None => String::new(),
    }
}

fn aborted(facts: &Facts<'_>, why: &[Finding]) -> String {
    let name = &facts.info.name;
    let when = time(facts.seen.rollout, "/status/abortedAt");
    let when = when.map_or(String::new(), |at| format!(" {} ago", human(facts.seen.now.duration_since(at))));
    let by = match () {
        () if why.iter().any(|f| f.text == BY_HAND) => " by hand",
        () if why.iter().any(|f| f.reason.starts_with("Analysis") || f.reason.starts_with("Experiment")) => {
            " by a bad analysis"
        }
        () => "",
    };
    let desired = facts.info.desired;
    let available = facts.stable.map_or(0, |set| int(set, "/status/availableReplicas"));
    let users = match available >= desired {
        true => format!("its users are with {}", facts.stable_version()),
        false => format!("{} takes over again with {available} of {desired} pods so far", facts.stable_version()),
    };
    format!("The update of {name} to {} was aborted{by}{when}; {users}.", facts.new_version())
}

fn paused(facts: &Facts<'_>, end: Option<jiff::Timestamp>) -> String {
    let (name, now) = (&facts.info.name, facts.seen.now);
    let since = facts.paused_since().map_or(String::new(), |at| format!(" since {}", clock(at, now)));
    let until = end.map(|end| match end > now {
        true => format!("until {}", clock(end, now)),
        false => format!("until a moment ago ({})", clock(end, now)),
    });
    match (facts.is_blue_green(), until) {
        (true, None) => format!(
            "{name} waits for a promotion{since}: {} is ready, and users are not with it yet.",
            facts.new_version()
        ),
        (true, Some(until)) => format!("{name} waits {until}; then its users go to {}.", facts.new_version()),
        (false, None) => {
            format!("The update of {name} to {} waits for a promotion{since}{}.", facts.new_version(), at_step(facts))
        }
        (false, Some(until)) => {
            format!("The update of {name} to {} pauses {until}{}.", facts.new_version(), at_step(facts))
        }
    }
}

fn updating(facts: &Facts<'_>, why: &[Finding]) -> String {
    let (name, version) = (&facts.info.name, facts.new_version());
    let stuck = trouble(why);
    if !stuck.is_empty() {
        return format!("The update of {name} to {version} is stuck{}{stuck}.", at_step(facts));
    }
    if facts.is_blue_green() {
        let active = facts.status("/status/blueGreen/activeSelector") == facts.status("/status/currentPodHash");
        return match active {
            true => format!("{name} has sent its users to {version}, and makes sure of it."),
            false => {
                let set = facts.new.map_or((0, 0), |s| {
                    (int(s, "/status/availableReplicas"), int_opt(s, "/spec/replicas").unwrap_or(1))
                });
                format!("{name} prepares {version}: {} of {} pods are available.", set.0, set.1)
            }
        };
    }
    let of = if facts.is_routed() { "traffic" } else { "pods" };
    let share = facts
        .info
        .weights
        .as_ref()
        .filter(|w| w.actual > 0)
        .map_or(String::new(), |w| format!(", with {}% of the {of}", w.actual));
    format!("{name} is being updated to {version}{}{share}.", at_step(facts))
}

fn resting(facts: &Facts<'_>, why: &[Finding]) -> String {
    let (name, desired) = (&facts.info.name, facts.info.desired);
    let available = facts.stable.map_or(0, |set| int(set, "/status/availableReplicas"));
    let version = facts.stable_version();
    match available >= desired {
        true if facts.info.phase.name == "Healthy" => format!("{name} is well: {version} runs on all {desired} pods."),
        true => format!("{name} is all but done: {version} runs on all {desired} pods."),
        false => format!("{name} lacks pods: {available} of {desired} of {version} are available{}.", trouble(why)),
    }
}

/// The worst of what is known, as a clause behind a colon.
fn trouble(why: &[Finding]) -> String {
    let bad = |is: fn(&Finding) -> bool| why.iter().find(|f| f.icon == Icon::Bad && is(f));
    let clauses = [
        bad(|f| f.reason == "TrafficRoutingError").map(|_| "a traffic router cannot be told what to do".to_owned()),
        bad(|f| f.about.starts_with("ReplicaSet ")).map(|f| format!("pods cannot be made ({})", f.reason)),
        bad(|f| f.about.starts_with("Pod ")).map(|f| format!("pods do not get ready ({})", f.reason)),
        bad(|f| f.reason.ends_with("CreateError")).map(|f| format!("what it needs cannot be made ({})", f.reason)),
        bad(|f| f.reason == "ProgressDeadlineExceeded").map(|_| "it has made no progress in time".to_owned()),
        bad(|f| f.reason.starts_with("Analysis")).map(|_| "an analysis goes badly".to_owned()),
    ];
    clauses.into_iter().flatten().next().map_or(String::new(), |clause| format!(": {clause}"))
}

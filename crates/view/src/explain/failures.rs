//! Why a Rollout is as it is: everything found, the most important first.

use super::facts::{Facts, State};
use super::{Finding, analysis, controller, pods};
use crate::Icon;
use crate::read::{int, int_opt, list, name, text};
use serde_json::Value;

/// Why an update was aborted for which the controller names no cause.
pub(super) const BY_HAND: &str = "somebody aborted it";

/// All findings.
pub(super) fn all(facts: &Facts<'_>) -> Vec<Finding> {
    let mut all: Vec<Finding> =
        controller::finding(&facts.controller, facts.is_behind() || facts.is_late()).into_iter().collect();
    let state = facts.state();
    if let State::Invalid(problem) = &state {
        all.push(of_rollout(Icon::Bad, "InvalidSpec", bare(problem, &facts.info.name)));
    }
    if state == State::Aborted {
        let why = facts.condition("Progressing").filter(|c| text(c, "/reason") == "RolloutAborted");
        let why = why.map_or(facts.info.phase.message.as_str(), |c| text(c, "/message"));
        // The controller always names a cause of its own.
        let cause = why.strip_prefix("Rollout aborted update to revision ").and_then(|rest| rest.split_once(": "));
        let words = cause.map_or(BY_HAND, |(_, cause)| cause);
        all.push(of_rollout(Icon::Bad, "RolloutAborted", words.to_owned()));
    }
    if facts.progress() == "ProgressDeadlineExceeded" {
        let message = facts.condition("Progressing").map_or("", |c| text(c, "/message"));
        all.push(of_rollout(Icon::Bad, "ProgressDeadlineExceeded", message.to_owned()));
    }
    all.extend(
        facts
            .condition("Progressing")
            .filter(|c| text(c, "/reason").ends_with("CreateError"))
            .map(|c| of_rollout(Icon::Bad, text(c, "/reason"), text(c, "/message").to_owned())),
    );
    all.extend(analysis::findings(facts));
    all.extend(routers(facts));
    let mut seen = Vec::new();
    for (set, whose) in [(facts.new, "new"), (facts.stable, "stable")] {
        let Some(set) = set.filter(|set| !seen.contains(&name(set))) else { continue };
        let whose = if facts.is_promoted() { "stable" } else { whose };
        seen.push(name(set));
        all.extend(refused(set));
        all.extend(pods::findings(facts, set, whose));
    }
    all.extend(budgets(facts, &state));
    let warnings = facts.seen.plan.iter().flat_map(|plan| &plan.warnings);
    all.extend(warnings.map(|w| of_rollout(Icon::Warning, &w.reason, w.message.clone())));
    all
}

fn of_rollout(icon: Icon, reason: &str, text: String) -> Finding {
    Finding { icon, about: String::new(), reason: reason.into(), text, details: Vec::new() }
}

/// The error alone: that it is one of this Rollout's spec is known.
fn bare(problem: &str, rollout: &str) -> String {
    let prefix = format!("The Rollout \"{rollout}\" is invalid: ");
    problem.strip_prefix(&prefix).unwrap_or(problem).to_owned()
}

/// What a traffic router could not be told.
fn routers(facts: &Facts<'_>) -> Option<Finding> {
    let condition = facts.condition("TrafficRouted").filter(|c| text(c, "/status") == "False")?;
    Some(of_rollout(Icon::Bad, "TrafficRoutingError", text(condition, "/message").to_owned()))
}

/// Pods that the API server does not let a ReplicaSet make: a quota, an admission webhook.
fn refused(set: &Value) -> Option<Finding> {
    let is_refusal = |c: &&Value| text(c, "/type") == "ReplicaFailure" && text(c, "/status") == "True";
    let condition = list(set, "/status/conditions").iter().find(is_refusal)?;
    let (has, wants) = (int(set, "/status/replicas"), int_opt(set, "/spec/replicas").unwrap_or(1));
    Some(Finding {
        icon: Icon::Bad,
        about: format!("ReplicaSet {}", name(set)),
        reason: text(condition, "/reason").into(),
        text: format!("{has} of {wants} pods exist: {}", text(condition, "/message")),
        details: Vec::new(),
    })
}

/// Disruption budgets that hold a restart up.
fn budgets(facts: &Facts<'_>, state: &State) -> Vec<Finding> {
    if *state != State::Restarting {
        return Vec::new();
    }
    let labels = facts.stable.or(facts.new).and_then(|set| set.pointer("/spec/template/metadata/labels"));
    let holds = |budget: &&&Value| {
        let selector = budget.pointer("/spec/selector").cloned().unwrap_or_default();
        let selector =
            serde_json::from_value::<rollouts_api::LabelSelector>(selector).ok().and_then(|s| s.compile().ok());
        let labels = labels.cloned().and_then(|l| serde_json::from_value(l).ok()).unwrap_or_default();
        int(budget, "/status/disruptionsAllowed") == 0 && selector.is_some_and(|s| s.matches(&labels))
    };
    let told = facts.seen.budgets.iter().filter(holds).map(|budget| {
        let (healthy, needed) = (int(budget, "/status/currentHealthy"), int(budget, "/status/desiredHealthy"));
        Finding {
            icon: Icon::Warning,
            about: format!("PodDisruptionBudget {}", name(budget)),
            reason: "DisruptionBudget".into(),
            text: format!("the disruption budget lets no pod go: {healthy} are healthy, and {needed} must stay so"),
            details: Vec::new(),
        }
    });
    told.collect()
}

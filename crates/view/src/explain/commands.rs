//! What a person can do now. Only what makes sense: a command that would do nothing is not proposed.

use super::Finding;
use super::facts::{Facts, State, step_in_words, version};
use crate::Icon;
use crate::read::{list, owned_by, revision, text};
use serde_json::Value;

/// A command and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The whole line.
    pub command: String,
    /// What it does, here and now.
    pub effect: String,
}

struct Proposals<'a, 'b> {
    facts: &'b Facts<'a>,
    all: Vec<Proposal>,
}

impl Proposals<'_, '_> {
    /// A command of this program on the Rollout.
    fn rollouts(&mut self, verb: &str, rest: &str, effect: impl Into<String>) {
        let words = ["kubectl argo rollouts", verb, &self.facts.info.name, rest, self.facts.seen.flags];
        self.push(&words, effect);
    }

    fn kubectl(&mut self, line: &str, effect: impl Into<String>) {
        self.push(&["kubectl", line, self.facts.seen.flags], effect);
    }

    fn push(&mut self, words: &[&str], effect: impl Into<String>) {
        let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
        self.all.push(Proposal { command: words.join(" "), effect: effect.into() });
    }
}

/// Commands, the most likely one first.
pub(super) fn of(facts: &Facts<'_>, why: &[Finding]) -> Vec<Proposal> {
    let mut p = Proposals { facts, all: Vec::new() };
    let name = facts.info.name.as_str();
    let bad = |reason: &str| why.iter().find(|finding| finding.reason == reason);
    let after = after(facts);
    let back = format!("go back to {}", facts.stable_version());
    match facts.state() {
        State::Going | State::Unseen => {}
        State::Unattended => {
            p.push(&["kubectl get pods -A -l app.kubernetes.io/name=argo-rollouts"], "see whether the controller runs")
        }
        State::Invalid(_) => {
            let object = workload(facts.seen.rollout).unwrap_or_else(|| format!("rollout {name}"));
            p.kubectl(&format!("edit {object}"), "mend what is wrong, or create what is missing");
        }
        State::Aborted => {
            mend(&mut p, why);
            p.rollouts("retry rollout", "", format!("try {} again, from the first step", facts.new_version()));
            p.rollouts("undo", &to_stable(facts), format!("ask for {} again, and be Healthy", facts.stable_version()));
        }
        State::PausedByUser => {
            p.rollouts("promote", "", "go on where it was paused");
            if !facts.is_promoted() && facts.stable.is_some() {
                p.rollouts("abort", "", back);
            }
        }
        State::Inconclusive => {
            p.rollouts("promote", "", "take the new version for good enough, and go on");
            p.rollouts("abort", "", back);
        }
        State::Paused(_) => {
            mend(&mut p, why);
            // A version that fails is not what one would promote.
            let fails = why.iter().any(|finding| finding.icon == Icon::Bad);
            if fails {
                p.rollouts("abort", "", back.clone());
            }
            p.rollouts("promote", "", after);
            if !facts.is_blue_green() {
                p.rollouts("promote", "--full", "skip all further steps, pauses and analyses");
            }
            if !fails {
                p.rollouts("abort", "", back);
            }
        }
        State::Empty => p.kubectl(&format!("scale rollout {name} --replicas=1"), "have pods again"),
        State::Restarting | State::Starting => mend(&mut p, why),
        State::Updating => {
            mend(&mut p, why);
            if facts.stable.is_some() {
                p.rollouts("abort", "", back);
            }
            if facts.step().is_some() {
                p.rollouts("promote", "", format!("skip this step; {after}"));
            }
            if bad("TrafficRoutingError").is_none() {
                p.rollouts("promote", "--full", "skip all further steps, pauses and analyses");
            }
        }
        State::Resting => {
            mend(&mut p, why);
            if let Some(previous) = previous(facts) {
                p.rollouts("undo", "", format!("go back to {}", version(previous)));
            }
        }
    }
    inspect(&mut p, why);
    p.all
}

/// What a promotion leads to.
fn after(facts: &Facts<'_>) -> String {
    if facts.is_blue_green() {
        return format!("send users to {}", facts.new_version());
    }
    let (number, steps) = (facts.step().map_or(0, |(number, _)| number), facts.steps());
    match steps.get(number) {
        Some(step) => format!("go on with step {} ({})", number + 1, step_in_words(step)),
        None => format!("finish the update to {}", facts.new_version()),
    }
}

/// Another image, where the present one is at fault.
fn mend(p: &mut Proposals<'_, '_>, why: &[Finding]) {
    let image =
        why.iter().any(|f| matches!(f.reason.as_str(), "ImagePullBackOff" | "InvalidImageName" | "CrashLoopBackOff"));
    if image {
        let set = p.facts.new.or(p.facts.stable);
        let container = set.map_or("CONTAINER", |set| text(set, "/spec/template/spec/containers/0/name"));
        p.rollouts("set image", &format!("{container}=IMAGE"), "roll out another image");
    }
}

/// A closer look at what fails.
fn inspect(p: &mut Proposals<'_, '_>, why: &[Finding]) {
    if let Some(set) = why.iter().find_map(|f| f.about.strip_prefix("ReplicaSet ")) {
        p.kubectl(&format!("describe replicaset {set}"), "all that is known of the ReplicaSet");
        p.kubectl("get resourcequotas", "see what the namespace may use");
    }
    let Some(finding) = why.iter().find(|f| f.about.starts_with("Pod ")) else { return };
    let pod = finding.about.trim_start_matches("Pod ").to_owned();
    match finding.reason.as_str() {
        "CrashLoopBackOff" => {
            p.kubectl(&format!("logs {pod} --all-containers --previous"), "what it said before it ended")
        }
        "NotReady" | "Error" => p.kubectl(&format!("logs {pod} --all-containers"), "what it says"),
        _ => p.kubectl(&format!("describe pod {pod}"), "all that is known of the pod"),
    }
}

/// `--to-revision 3` of the stable version; nothing if it has none.
fn to_stable(facts: &Facts<'_>) -> String {
    facts.stable.map(revision).filter(|r| *r > 0).map_or(String::new(), |r| format!("--to-revision={r}"))
}

/// The version before the present one.
fn previous<'a>(facts: &Facts<'a>) -> Option<&'a Value> {
    let sets = facts.seen.objects.replica_sets.iter().copied().filter(|set| owned_by(set, facts.uid));
    let present = revision(facts.stable?);
    sets.filter(|set| revision(set) > 0 && revision(set) < present).max_by_key(|set| revision(set))
}

/// The object that `workloadRef` names, as kubectl does.
fn workload(rollout: &Value) -> Option<String> {
    let reference = rollout.pointer("/spec/workloadRef").filter(|r| !r.is_null())?;
    let missing = list(rollout, "/status/conditions").iter().any(|c| text(c, "/message").contains("not found"));
    let (kind, name) = (text(reference, "/kind").to_lowercase(), text(reference, "/name"));
    (!missing && !kind.is_empty()).then(|| format!("{kind} {name}"))
}

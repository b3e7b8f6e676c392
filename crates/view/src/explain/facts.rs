//! What the Rollout says of itself.

use super::{Evidence, controller};
use crate::RolloutInfo;
use crate::read::{flag, int, int_opt, label, list, present, revision, text, time};
use jiff::Timestamp;
use rollouts_api::names;
use serde_json::Value;

/// The evidence, with what is asked of it again and again.
pub(super) struct Facts<'a> {
    pub seen: &'a Evidence<'a>,
    pub info: RolloutInfo,
    pub uid: &'a str,
    /// Whether a controller looks after it.
    pub controller: controller::Watch,
    /// The ReplicaSet of the newest version that the controller knows.
    pub new: Option<&'a Value>,
    /// The stable one.
    pub stable: Option<&'a Value>,
}

/// Which kind of state a Rollout is in; the first that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// It is being deleted.
    Going,
    /// Its controller has not seen the latest change, and seems not to run.
    Unattended,
    /// Its controller has not seen the latest change yet.
    Unseen,
    /// It cannot be read, or its spec is not valid.
    Invalid(String),
    /// The update was aborted.
    Aborted,
    /// `spec.paused`.
    PausedByUser,
    /// An analysis was inconclusive.
    Inconclusive,
    /// A pause of a step, or before the switch, until then or until somebody promotes it.
    Paused(Option<Timestamp>),
    /// It wants no pods.
    Empty,
    /// The pods are being restarted.
    Restarting,
    /// An update is under way.
    Updating,
    /// The first version is being brought up.
    Starting,
    /// Nothing is under way.
    Resting,
}

impl<'a> Facts<'a> {
    pub fn of(seen: &'a Evidence<'a>) -> Self {
        let rollout = seen.rollout;
        let uid = text(rollout, "/metadata/uid");
        let owned = |set: &&&Value| crate::read::owned_by(set, uid);
        let with_hash = |hash: &str| {
            let mut sets = seen.objects.replica_sets.iter().filter(owned);
            sets.find(|set| !hash.is_empty() && label(set, names::POD_TEMPLATE_HASH) == hash).copied()
        };
        Facts {
            info: RolloutInfo::of(rollout, seen.objects, seen.now),
            uid,
            controller: controller::watch(seen),
            new: with_hash(text(rollout, "/status/currentPodHash")),
            stable: with_hash(text(rollout, "/status/stableRS")),
            seen,
        }
    }

    pub fn state(&self) -> State {
        let ro = self.seen.rollout;
        let desired = self.info.desired;
        if present(ro, "/metadata/deletionTimestamp") {
            return State::Going;
        }
        if let Some(problem) = self.seen.malformed {
            return State::Invalid(problem.to_owned());
        }
        match self.controller {
            controller::Watch::Down(_) if self.is_behind() || self.is_late() => return State::Unattended,
            controller::Watch::Blind(_) => return State::Unattended,
            _ if self.is_behind() => return State::Unseen,
            _ => {}
        }
        if let Some(condition) = self.condition("InvalidSpec") {
            return State::Invalid(text(condition, "/message").to_owned());
        }
        let pauses = list(ro, "/status/pauseConditions");
        let reason = |reason: &str| pauses.iter().find(|p| text(p, "/reason") == reason);
        match () {
            () if flag(ro, "/status/abort") && !self.is_promoted() => State::Aborted,
            () if flag(ro, "/spec/paused") => State::PausedByUser,
            () if desired == 0 => State::Empty,
            () if reason("InconclusiveAnalysisRun").or_else(|| reason("InconclusiveExperiment")).is_some() => {
                State::Inconclusive
            }
            () if !pauses.is_empty() => State::Paused(self.pause_end()),
            () if self.restarts() => State::Restarting,
            () if self.stable.is_none() => State::Starting,
            () if !self.is_promoted() => State::Updating,
            () => State::Resting,
        }
    }

    /// Whether the controller has written less than the Rollout says.
    pub fn is_behind(&self) -> bool {
        let generation = int(self.seen.rollout, "/metadata/generation");
        text(self.seen.rollout, "/status/observedGeneration").parse::<i64>().map_or(
            // Before the first status there is nothing; what is no number is of a controller that stored a hash there.
            text(self.seen.rollout, "/status/observedGeneration").is_empty(),
            |observed| observed < generation,
        )
    }

    /// Whether something is to be written that nobody writes.
    pub fn is_late(&self) -> bool {
        self.seen.plan.is_some_and(|plan| !plan.is_idle())
    }

    /// Whether the newest version is the stable one.
    pub fn is_promoted(&self) -> bool {
        let (stable, new) = (self.status("/status/stableRS"), self.status("/status/currentPodHash"));
        !stable.is_empty() && stable == new
    }

    fn restarts(&self) -> bool {
        let at = time(self.seen.rollout, "/spec/restartAt");
        at.is_some_and(|at| at <= self.seen.now) && at != time(self.seen.rollout, "/status/restartedAt")
    }

    pub fn status(&self, pointer: &str) -> &'a str {
        text(self.seen.rollout, pointer)
    }

    pub fn condition(&self, r#type: &str) -> Option<&'a Value> {
        list(self.seen.rollout, "/status/conditions").iter().find(|c| text(c, "/type") == r#type)
    }

    /// The reason of the condition `Progressing`.
    pub fn progress(&self) -> &'a str {
        self.condition("Progressing").map_or("", |c| text(c, "/reason"))
    }

    pub fn is_blue_green(&self) -> bool {
        present(self.seen.rollout, "/spec/strategy/blueGreen")
    }

    pub fn is_routed(&self) -> bool {
        present(self.seen.rollout, "/spec/strategy/canary/trafficRouting")
    }

    pub fn steps(&self) -> &'a [Value] {
        list(self.seen.rollout, "/spec/strategy/canary/steps")
    }

    /// The step under way: its number from 1 on, and itself.
    pub fn step(&self) -> Option<(usize, &'a Value)> {
        let index = usize::try_from(int_opt(self.seen.rollout, "/status/currentStepIndex")?).ok()?;
        Some((index + 1, self.steps().get(index)?))
    }

    /// When the pause under way ends by itself.
    fn pause_end(&self) -> Option<Timestamp> {
        let pause = list(self.seen.rollout, "/status/pauseConditions").first()?;
        let start = rollouts_api::Time::new(time(pause, "/startTime")?);
        let seconds = match self.is_blue_green() {
            true if self.seen.rollout.pointer("/spec/strategy/blueGreen/autoPromotionEnabled")
                == Some(&false.into()) =>
            {
                return None;
            }
            true => int_opt(self.seen.rollout, "/spec/strategy/blueGreen/autoPromotionSeconds").filter(|s| *s > 0)?,
            false => self.typed_step()?.pause?.duration_seconds()?,
        };
        Some(start.plus_seconds(seconds))
    }

    /// Since when it is paused.
    pub fn paused_since(&self) -> Option<Timestamp> {
        time(list(self.seen.rollout, "/status/pauseConditions").first()?, "/startTime")
    }

    fn typed_step(&self) -> Option<rollouts_api::rollout::CanaryStep> {
        serde_json::from_value(self.step()?.1.clone()).ok()
    }

    /// The revision of the newest version that the controller knows, or of the Rollout.
    pub fn revision(&self) -> i64 {
        self.new.map_or_else(|| revision(self.seen.rollout), revision)
    }

    /// `revision 3 (reg.example/web:3)`, of the newest version.
    pub fn new_version(&self) -> String {
        match self.new {
            Some(set) => version(set),
            None => format!("revision {}", self.revision()),
        }
    }

    /// The same of the stable version.
    pub fn stable_version(&self) -> String {
        self.stable.map_or_else(|| "the stable version".to_owned(), version)
    }
}

/// A step in words: `setWeight: 20`.
pub(super) fn step_in_words(step: &Value) -> String {
    serde_json::from_value(step.clone())
        .map_or_else(|_| "unreadable".to_owned(), |step| rollouts_core::describe_step(&step))
}

/// `revision 3 (reg.example/web:3)`.
pub(super) fn version(set: &Value) -> String {
    let images: Vec<&str> = list(set, "/spec/template/spec/containers").iter().map(|c| text(c, "/image")).collect();
    match images.as_slice() {
        [] => format!("revision {}", revision(set)),
        [image] => format!("revision {} ({image})", revision(set)),
        [image, rest @ ..] => format!("revision {} ({image} and {} more)", revision(set), rest.len()),
    }
}

//! `status`: one line about a Rollout, and an exit code for scripts.

use super::Action;
use super::live::{Live, Source};
use crate::cobra::{Arguments, Command, Flag, Values};
use crate::context::{Context, Session};
use crate::failure::{Failure, Result};
use crate::objects::{look_at, not_found};
use rollouts_kube::resource::ROLLOUTS;
use rollouts_view::phase::Phase;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

pub(super) fn command() -> Command<Action> {
    Command::new("status ROLLOUT_NAME", "Show the status of a rollout", Arguments::Exactly(1), Action::Status)
        .long(
            "Prints the status of a rollout whenever it changes, until the rollout is healthy, which is success, or\n\
             degraded, or the time is over, which are failures. With --for, success is another phase: Healthy, Paused,\n\
             Progressing or Degraded.",
        )
        .example(
            "  # Wait until a rollout is done\n  kubectl argo rollouts status guestbook\n\n  \
             # Print the status as it is\n  kubectl argo rollouts status guestbook --watch=false\n\n  \
             # Wait for a minute at most\n  kubectl argo rollouts status guestbook --timeout 60s\n\n  \
             # Wait until it pauses, or has gone through without\n  \
             kubectl argo rollouts status guestbook --for Paused --for Healthy",
        )
        .flag(Flag::list("for", &[], "Succeed when the rollout is in this phase, and in no other; may be repeated")
                .values(Values::Words(&PHASES)))
        .flag(Flag::duration("timeout", "How long to wait, such as 30s, 5m or 1h; 0 waits for ever").short('t'))
        .flag(Flag::switch_on("watch", "Wait until the rollout is done").short('w'))
}

/// Phases that a Rollout can be in.
const PHASES: [&str; 4] = ["Healthy", "Paused", "Progressing", "Degraded"];

/// What the command waits for.
struct Goal(Vec<&'static str>);

impl Goal {
    /// The phases that are given, in any case; none stand for the end of the update.
    fn parse(given: &[String]) -> Result<Goal, String> {
        let phase = |name: &String| {
            let known = PHASES.into_iter().find(|phase| phase.eq_ignore_ascii_case(name));
            known.ok_or_else(|| format!("invalid argument {name:?} for \"--for\": not one of {}", PHASES.join(", ")))
        };
        given.iter().map(phase).collect::<Result<_, _>>().map(Goal)
    }

    /// Whether the command ends in this phase, and how.
    fn judge(&self, phase: &Phase) -> Option<Result> {
        if self.0.contains(&phase.name.as_str()) {
            return Some(Ok(()));
        }
        match phase.name.as_str() {
            "Degraded" => {
                Some(Err(format!("The rollout is in a degraded state with message: {}", phase.message).into()))
            }
            "Healthy" if self.0.is_empty() => Some(Ok(())),
            // It stays so until the next update.
            "Healthy" => Some(Err(self.missed(phase))),
            _ => None,
        }
    }

    fn missed(&self, phase: &Phase) -> Failure {
        format!("The rollout is {}, not {}", phase.name, self.0.join(" or ")).into()
    }
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let goal = Goal::parse(context.matches.list("for"))?;
    let session = context.connect()?;
    let name = context.matches.arg(0).to_owned();
    if context.matches.bool("watch") {
        let timeout = context.matches.duration("timeout").unsigned();
        return watch(context, &session, &name, timeout, &goal).await;
    }
    let phase = Phase::of(&look_at(&session.rest, &ROLLOUTS, &session.namespace, &name).await?);
    match phase.name.as_str() {
        "Healthy" | "Degraded" => context.print(&format!("{}\n", phase.name))?,
        _ => context.print(&format!("{} - {}\n", phase.name, phase.message))?,
    }
    match goal.judge(&phase) {
        Some(result) => result,
        None if goal.0.is_empty() => Ok(()),
        None => Err(goal.missed(&phase)),
    }
}

/// Prints each new line until the goal is reached, or cannot be. The timeout counts from the start; zero is none.
async fn watch(context: &mut Context<'_>, session: &Session, name: &str, timeout: Duration, goal: &Goal) -> Result {
    let deadline = (!timeout.is_zero()).then(|| Instant::now() + timeout);
    look_at(&session.rest, &ROLLOUTS, &session.namespace, name).await?;
    let mut live = Live::start(session, Some(&session.namespace), &[Source::named(ROLLOUTS, name)]).await?;
    let mut shown = String::new();
    loop {
        let change = live.watch();
        let rollouts = live.list(0);
        let rollout = rollouts.first().ok_or_else(|| not_found(&ROLLOUTS, name))?;
        let phase = Phase::of(&rollout.value);
        let line = line(&phase);
        if line != shown {
            context.print(&format!("{line}\n"))?;
            shown = line;
        }
        if let Some(result) = goal.judge(&phase) {
            return result;
        }
        let expired = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let go_on = live.run(async {
            tokio::select! {
                biased;
                () = context.shutdown() => false,
                () = change => true,
                () = expired => false,
            }
        });
        if !go_on.await {
            return last_look(context, session, name, goal).await;
        }
    }
}

/// The time is over: what counts is what the Rollout is now. Whoever asks to stop again does not want to know.
async fn last_look(context: &mut Context<'_>, session: &Session, name: &str, goal: &Goal) -> Result {
    let resource = ROLLOUTS;
    let looking = look_at(&session.rest, &resource, &session.namespace, name);
    let rollout = tokio::select! {
        biased;
        rollout = looking => rollout?,
        () = context.shutdown() => return Err(Failure::Silent),
    };
    goal.judge(&Phase::of(&rollout)).unwrap_or_else(|| Err("Rollout status watch exceeded timeout".into()))
}

fn line(phase: &Phase) -> String {
    if phase.message.is_empty() { phase.name.clone() } else { format!("{} - {}", phase.name, phase.message) }
}

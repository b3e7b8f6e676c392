//! `get rollout`: a Rollout and all that belongs to it, as a tree.

use super::Action;
use super::live::{Live, Source, screens};
use super::parts::{Parts, Scope, Slices};
use crate::cobra::{Arguments, Command, Flag};
use crate::context::{Context, Session};
use crate::draw;
use crate::failure::Result;
use crate::objects::{look_at, not_found};
use crate::output::{self, Output};
use jiff::Timestamp;
use rollouts_kube::resource::ROLLOUTS;
use rollouts_view::RolloutInfo;
use serde_json::Value;
use std::iter;
use std::time::Duration;

pub(super) fn command() -> Command<Action> {
    Command::new("rollout ROLLOUT_NAME", "Show a rollout", Arguments::Exactly(1), Action::GetRollout)
        .aliases(&["ro", "rollouts"])
        .long(concat!(
            "Shows a rollout: its state, and all that belongs to it as a tree.\n\n",
            "Signs of the tree: ⟳ Rollout, Σ Experiment, α AnalysisRun, # Revision, ⧉ ReplicaSet, □ Pod, ⊞ Job"
        ))
        .example(
            "  # Show a rollout\n  kubectl argo rollouts get rollout guestbook\n\n  \
             # Follow it\n  kubectl argo rollouts get rollout guestbook -w\n\n  \
             # Follow it for a minute\n  kubectl argo rollouts get rollout guestbook -w --timeout-seconds 60\n\n  \
             # The object itself\n  kubectl argo rollouts get rollout guestbook -o yaml",
        )
        .flag(Flag::switch("no-color", "Print no colours"))
        .flag(output::flag())
        .flag(Flag::int("timeout-seconds", 0, "Stop following after so many seconds"))
        .flag(Flag::switch("watch", "Follow the rollout: show it again whenever it changes").short('w'))
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let is_watched = context.matches.bool("watch");
    let output = Output::of(&context.matches, is_watched)?;
    let session = context.connect()?;
    let name = context.matches.arg(0).to_owned();
    let rollout = look_at(&session.rest, &ROLLOUTS, &session.namespace, &name).await?;
    if output != Output::Text {
        return context.print(&output.object(&ROLLOUTS, &rollout));
    }
    if !is_watched {
        let parts = Parts::of_rollout(&session, &rollout).await?;
        let info = RolloutInfo::of(&rollout, parts.slices().objects(), context.now());
        return context.print(&draw::rollout(&info, context.paint()));
    }
    let seconds = u64::try_from(context.matches.int("timeout-seconds")).unwrap_or(0);
    let timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
    follow(context, &session, &rollout, timeout).await
}

/// Shows a Rollout, given as it was a moment ago, whenever it changes.
pub(super) async fn follow(
    context: &mut Context<'_>,
    session: &Session,
    rollout: &Value,
    timeout: Option<Duration>,
) -> Result {
    let name = rollout["metadata"]["name"].as_str().unwrap_or_default();
    let scope = Scope::to_follow(session, rollout).await?;
    let sources: Vec<_> = iter::once(Source::named(ROLLOUTS, name)).chain(scope.sources()).collect();
    let mut live = Live::start(session, Some(&session.namespace), &sources).await?;
    let paint = context.paint();
    screens(context, &mut live, timeout, |live: &Live, now: Timestamp| {
        let rollouts = live.list(0);
        let rollout = rollouts.first().ok_or_else(|| not_found(&ROLLOUTS, name))?;
        let parts = live.parts();
        let slices = Slices::of(&parts);
        Ok(draw::rollout(&RolloutInfo::of(&rollout.value, slices.objects(), now), paint))
    })
    .await
}

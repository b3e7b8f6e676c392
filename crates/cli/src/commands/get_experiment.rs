//! `get experiment`: an Experiment and all that belongs to it, as a tree.

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
use rollouts_kube::resource::EXPERIMENTS;
use rollouts_view::ExperimentInfo;
use std::iter;

pub(super) fn command() -> Command<Action> {
    Command::new("experiment EXPERIMENT_NAME", "Show an experiment", Arguments::Exactly(1), Action::GetExperiment)
        .aliases(&["exp", "experiments"])
        .long(concat!(
            "Shows an experiment: its state, and all that belongs to it as a tree.\n\n",
            "Signs of the tree: Σ Experiment, α AnalysisRun, ⧉ ReplicaSet, □ Pod, ⊞ Job"
        ))
        .example(
            "  # Show an experiment\n  kubectl argo rollouts get experiment my-experiment\n\n  \
             # Follow it\n  kubectl argo rollouts get experiment my-experiment -w",
        )
        .flag(Flag::switch("no-color", "Print no colours"))
        .flag(output::flag())
        .flag(Flag::switch("watch", "Follow the experiment: show it again whenever it changes").short('w'))
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let is_watched = context.matches.bool("watch");
    let output = Output::of(&context.matches, is_watched)?;
    let session = context.connect()?;
    let name = context.matches.arg(0).to_owned();
    let experiment = look_at(&session.rest, &EXPERIMENTS, &session.namespace, &name).await?;
    if output != Output::Text {
        return context.print(&output.object(&EXPERIMENTS, &experiment));
    }
    if !is_watched {
        let parts = Parts::read(&session, &Scope::default()).await?;
        let info = ExperimentInfo::of(&experiment, parts.slices().objects(), context.now());
        return context.print(&draw::experiment(&info, context.paint()));
    }
    follow(context, &session, &name).await
}

/// Shows an Experiment whenever it changes.
pub(super) async fn follow(context: &mut Context<'_>, session: &Session, name: &str) -> Result {
    let everything = Scope::default();
    let sources: Vec<_> = iter::once(Source::named(EXPERIMENTS, name)).chain(everything.sources()).collect();
    let mut live = Live::start(session, Some(&session.namespace), &sources).await?;
    let paint = context.paint();
    screens(context, &mut live, None, |live: &Live, now: Timestamp| {
        let experiments = live.list(0);
        let experiment = experiments.first().ok_or_else(|| not_found(&EXPERIMENTS, name))?;
        let parts = live.parts();
        let slices = Slices::of(&parts);
        Ok(draw::experiment(&ExperimentInfo::of(&experiment.value, slices.objects(), now), paint))
    })
    .await
}

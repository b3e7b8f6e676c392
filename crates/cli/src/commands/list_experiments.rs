//! `list experiments`.

use super::Action;
use crate::cobra::{Arguments, Command, Flag};
use crate::context::Context;
use crate::draw::{ExperimentRow, List};
use crate::failure::Result;
use rollouts_kube::resource::EXPERIMENTS;
use rollouts_kube::rest::Query;
use serde_json::Value;

pub(super) fn command() -> Command<Action> {
    Command::new("experiments", "List experiments", Arguments::Any, Action::ListExperiments)
        .aliases(&["exp", "experiment"])
        .long("Lists the experiments of a namespace.")
        .example(
            "  # List experiments\n  kubectl argo rollouts list experiments\n\n  \
             # List those of all namespaces\n  kubectl argo rollouts list experiments --all-namespaces",
        )
        .flag(Flag::switch("all-namespaces", "List the experiments of all namespaces").short('A'))
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let session = context.connect()?;
    let all = context.matches.bool("all-namespaces");
    let namespace = (!all).then_some(session.namespace.as_str());
    let page = session.rest.list::<Value>(&EXPERIMENTS, namespace, &Query::default()).await?;
    if page.items.is_empty() {
        return context.warn("No resources found.\n");
    }
    let now = context.now();
    let rows: Vec<_> = page.items.iter().map(|experiment| ExperimentRow::of(experiment, now)).collect();
    context.print(&List { namespaces: all, timestamps: false }.experiments(&rows, now))
}

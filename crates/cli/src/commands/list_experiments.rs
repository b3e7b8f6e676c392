//! `list experiments`.

use super::Action;
use crate::cobra::{Arguments, Command, Flag, Values};
use crate::context::Context;
use crate::draw::{ExperimentRow, List};
use crate::failure::Result;
use crate::output::{self, Output};
use rollouts_kube::resource::EXPERIMENTS;
use rollouts_kube::rest::Query;
use serde_json::Value;

pub(super) fn command() -> Command<Action> {
    Command::new("experiments", "List experiments", Arguments::Any, Action::ListExperiments)
        .aliases(&["exp", "experiment"])
        .long("Lists the experiments of a namespace.")
        .example(
            "  # List experiments\n  kubectl argo rollouts list experiments\n\n  \
             # List those of all namespaces\n  kubectl argo rollouts list experiments --all-namespaces\n\n  \
             # The objects themselves\n  kubectl argo rollouts list experiments -o json",
        )
        .flag(output::flag())
        .flag(
            Flag::text("selector", "", "List those with these labels only, such as app=web,tier!=cache")
                .short('l')
                .values(Values::Unknown),
        )
        .flag(Flag::switch("all-namespaces", "List the experiments of all namespaces").short('A'))
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let output = Output::of(&context.matches, false)?;
    let session = context.connect()?;
    let all = context.matches.bool("all-namespaces");
    let namespace = (!all).then_some(session.namespace.as_str());
    let query = Query::default().labels(context.matches.text("selector"));
    let experiments: Vec<Value> = session.list_all(&EXPERIMENTS, namespace, &query).await?;
    if output != Output::Text {
        return context.print(&output.list(&EXPERIMENTS, &experiments));
    }
    if experiments.is_empty() {
        return context.warn("No resources found.\n");
    }
    let now = context.now();
    let rows: Vec<_> = experiments.iter().map(|experiment| ExperimentRow::of(experiment, now)).collect();
    context.print(&List { namespaces: all, timestamps: false }.experiments(&rows, now))
}

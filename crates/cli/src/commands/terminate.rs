//! `terminate`: ends an AnalysisRun or an Experiment early.

use super::Action;
use crate::cobra::{Arguments, Command};
use crate::context::Context;
use crate::failure::Result;
use rollouts_kube::Resource;
use rollouts_kube::resource::{ANALYSIS_RUNS, EXPERIMENTS};
use serde_json::json;

pub(super) fn command() -> Command<Action> {
    let run_example = "  # Terminate an AnalysisRun\n  \
                       kubectl argo rollouts terminate analysisrun guestbook-877894d5b-4-success-rate.1";
    let experiment_example = "  # Terminate an experiment\n  kubectl argo rollouts terminate experiment my-experiment";
    let both = "  # Terminate an AnalysisRun\n  \
                kubectl argo rollouts terminate analysisrun guestbook-877894d5b-4-success-rate.1\n\n  \
                # Terminate an experiment\n  kubectl argo rollouts terminate experiment my-experiment";
    let run = Command::new(
        "analysisrun ANALYSISRUN_NAME",
        "Terminate an AnalysisRun",
        Arguments::AtLeast(1),
        Action::TerminateAnalysisRun,
    )
    .aliases(&["ar", "analysisruns"])
    .long("Ends an AnalysisRun; its result is what has been measured so far.")
    .example(run_example);
    let experiment = Command::new(
        "experiment EXPERIMENT_NAME",
        "Terminate an experiment",
        Arguments::AtLeast(1),
        Action::TerminateExperiment,
    )
    .aliases(&["exp", "experiments"])
    .long("Ends an experiment.")
    .example(experiment_example);
    Command::group("terminate <analysisrun|experiment> RESOURCE_NAME", "Terminate an AnalysisRun or experiment")
        .long("Ends an AnalysisRun or an experiment early.")
        .example(both)
        .child(run)
        .child(experiment)
}

pub(super) async fn run_analysis_run(context: &mut Context<'_>) -> Result {
    terminate(context, &ANALYSIS_RUNS, "analysisRun").await
}

pub(super) async fn run_experiment(context: &mut Context<'_>) -> Result {
    terminate(context, &EXPERIMENTS, "experiment").await
}

/// The first name that fails ends the command.
async fn terminate(context: &mut Context<'_>, resource: &Resource, kind: &str) -> Result {
    let session = context.connect()?;
    for name in context.matches.args().to_vec() {
        session.merge(resource, &name, &json!({"spec": {"terminate": true}})).await?;
        context.print(&format!("{kind} '{name}' terminated\n"))?;
    }
    Ok(())
}

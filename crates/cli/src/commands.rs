//! The commands: each file declares one and runs it.

mod abort;
mod completion;
mod create;
mod dashboard;
mod diff;
mod explain;
mod get_experiment;
mod get_rollout;
mod history;
mod lint;
mod list_experiments;
mod list_rollouts;
mod live;
mod notifications;
mod output;
mod parts;
mod pause;
mod promote;
mod restart;
mod retry;
mod revisions;
mod set_image;
mod status;
mod terminate;
pub(crate) mod undo;
mod version;
pub(crate) mod workload;

use crate::cobra::Command;
use crate::context::Context;
use crate::failure::Result;
use notifications::Notifications;

/// What commands do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Abort,
    Completion,
    Create,
    CreateAnalysisRun,
    Dashboard,
    DiffRollout,
    ExplainRollout,
    GetExperiment,
    GetRollout,
    HistoryRollout,
    Lint,
    ListExperiments,
    ListRollouts,
    Notifications(Notifications),
    Pause,
    Promote,
    Restart,
    RetryExperiment,
    RetryRollout,
    SetImage,
    Status,
    TerminateAnalysisRun,
    TerminateExperiment,
    Undo,
    Version,
}

pub(crate) async fn run(action: Action, context: &mut Context<'_>) -> Result {
    match action {
        Action::Abort => abort::run(context).await,
        Action::Completion => completion::run(context),
        Action::Create => create::run(context).await,
        Action::CreateAnalysisRun => create::analysis_run::run(context).await,
        Action::Dashboard => dashboard::run(),
        Action::DiffRollout => diff::run(context).await,
        Action::ExplainRollout => explain::run(context).await,
        Action::GetExperiment => get_experiment::run(context).await,
        Action::GetRollout => get_rollout::run(context).await,
        Action::HistoryRollout => history::run(context).await,
        Action::Lint => lint::run(context),
        Action::ListExperiments => list_experiments::run(context).await,
        Action::ListRollouts => list_rollouts::run(context).await,
        Action::Notifications(what) => notifications::run(what, context).await,
        Action::Pause => pause::run(context).await,
        Action::Promote => promote::run(context).await,
        Action::Restart => restart::run(context).await,
        Action::RetryExperiment => retry::run_experiment(context).await,
        Action::RetryRollout => retry::run_rollout(context).await,
        Action::SetImage => set_image::run(context).await,
        Action::Status => status::run(context).await,
        Action::TerminateAnalysisRun => terminate::run_analysis_run(context).await,
        Action::TerminateExperiment => terminate::run_experiment(context).await,
        Action::Undo => undo::run(context).await,
        Action::Version => version::run(context),
    }
}

/// The commands directly below the root.
pub(crate) fn all() -> Vec<Command<Action>> {
    let get = Command::group("get <rollout|experiment> RESOURCE_NAME", "Show a rollout or an experiment")
        .long("Shows a rollout or an experiment, with all that belongs to it as a tree.")
        .example(
            "  # Show a rollout\n  kubectl argo rollouts get rollout guestbook\n\n  \
             # Follow a rollout\n  kubectl argo rollouts get rollout guestbook -w\n\n  \
             # Show an experiment\n  kubectl argo rollouts get experiment my-experiment",
        )
        .child(get_rollout::command())
        .child(get_experiment::command());
    let list = Command::group("list <rollout|experiment>", "List rollouts or experiments")
        .long("Lists rollouts or experiments, one a line.")
        .example(
            "  # List rollouts\n  kubectl argo rollouts list rollouts\n\n  \
             # List experiments\n  kubectl argo rollouts list experiments",
        )
        .child(list_rollouts::command())
        .child(list_experiments::command());
    let set = Command::group("set COMMAND", "Change a part of a rollout")
        .long("Changes a part of a rollout.")
        .example("  # Set an image\n  kubectl argo rollouts set image my-rollout www=image:v2")
        .child(set_image::command());
    vec![
        abort::command(),
        completion::command(),
        create::command(),
        dashboard::command(),
        diff::command(),
        explain::command(),
        get,
        history::command(),
        lint::command(),
        list,
        notifications::command(),
        pause::command(),
        promote::command(),
        restart::command(),
        retry::command(),
        set,
        status::command(),
        terminate::command(),
        undo::command(),
        version::command(),
    ]
}

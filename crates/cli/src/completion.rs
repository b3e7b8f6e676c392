//! Names of objects for shell completion.

use crate::cobra::{Directive, Matches};
use crate::commands::Action;
use crate::context;
use crate::env::Env;
use crate::failure::Result;
use rollouts_kube::Resource;
use rollouts_kube::resource::{ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS};
use rollouts_kube::rest::Query;
use serde_json::Value;

/// Names that begin with `prefix`, for the first argument of a command that takes names of objects.
pub(crate) async fn names(
    action: Action,
    matches: &Matches,
    prefix: &str,
    env: &Env<'_>,
) -> Result<(Vec<String>, Directive)> {
    let Some(resource) = resource(action) else { return Ok((Vec::new(), Directive::Default)) };
    if !matches.args().is_empty() {
        return Ok((Vec::new(), Directive::NoFiles));
    }
    let session = context::connect(env, matches)?;
    let page = session.rest.list::<Value>(&resource, Some(&session.namespace), &Query::default()).await?;
    let names = page.items.iter().filter_map(|object| object.pointer("/metadata/name")?.as_str());
    let fitting = names.filter(|name| name.starts_with(prefix)).map(str::to_owned).collect();
    Ok((fitting, Directive::NoFiles))
}

/// What the command takes names of.
fn resource(action: Action) -> Option<Resource> {
    match action {
        Action::Abort
        | Action::DiffRollout
        | Action::ExplainRollout
        | Action::GetRollout
        | Action::HistoryRollout
        | Action::Pause
        | Action::Promote
        | Action::Restart
        | Action::RetryRollout
        | Action::SetImage
        | Action::Status
        | Action::Undo => Some(ROLLOUTS),
        Action::GetExperiment | Action::RetryExperiment | Action::TerminateExperiment => Some(EXPERIMENTS),
        Action::TerminateAnalysisRun => Some(ANALYSIS_RUNS),
        Action::Completion
        | Action::Later(_)
        | Action::Lint
        | Action::ListExperiments
        | Action::ListRollouts
        | Action::Version => None,
    }
}

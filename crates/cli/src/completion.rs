//! Shell completion of what only the cluster, or the kubeconfig, knows.

mod containers;
mod revisions;

use crate::cobra::{Candidate, Completion, Directive, Matches, Subject};
use crate::commands::Action;
use crate::context::{self, Session};
use crate::env::Env;
use crate::failure::{Failure, Result};
use rollouts_kube::Resource;
use rollouts_kube::resource::{
    ANALYSIS_RUNS, ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, EXPERIMENTS, NAMESPACES, ROLLOUTS,
};
use std::time::Duration;
use tokio::time::timeout;

/// Who presses the tabulator does not wait longer than this.
const PATIENCE: Duration = Duration::from_secs(3);

/// What may be meant, and what the shell is to do with it.
type Answer = (Vec<Candidate>, Directive);

/// What may be meant; a superset of it is fine.
pub(crate) async fn candidates(request: &Completion<Action>, env: &Env<'_>) -> Result<Answer> {
    let answer = async {
        match request.subject {
            Subject::Argument => argument(request, env).await,
            Subject::Value(flag) => value(flag, &request.matches, env).await,
        }
    };
    timeout(PATIENCE, answer).await.unwrap_or(Err(Failure::Silent))
}

async fn argument(request: &Completion<Action>, env: &Env<'_>) -> Result<Answer> {
    let Some(action) = request.action else { return Ok((Vec::new(), Directive::Default)) };
    let given = request.matches.args();
    if let (Action::SetImage, [rollout, images @ ..]) = (action, given) {
        let session = context::connect(env, &request.matches)?;
        return containers::of(&session, rollout, images).await;
    }
    let Some((resource, many)) = takes_names(action) else { return Ok((Vec::new(), Directive::Default)) };
    if !given.is_empty() && !many {
        return Ok((Vec::new(), Directive::NoFiles));
    }
    let (mut names, directive) = names(env, &request.matches, &resource).await?;
    names.retain(|name| !given.contains(&name.word));
    Ok((names, directive))
}

/// Whose names the command takes as arguments, and whether it takes several.
fn takes_names(action: Action) -> Option<(Resource, bool)> {
    match action {
        Action::Abort | Action::Pause | Action::RetryRollout => Some((ROLLOUTS, true)),
        Action::DiffRollout
        | Action::ExplainRollout
        | Action::GetRollout
        | Action::HistoryRollout
        | Action::Promote
        | Action::Restart
        | Action::SetImage
        | Action::Status
        | Action::Undo => Some((ROLLOUTS, false)),
        Action::GetExperiment => Some((EXPERIMENTS, false)),
        Action::RetryExperiment | Action::TerminateExperiment => Some((EXPERIMENTS, true)),
        Action::TerminateAnalysisRun => Some((ANALYSIS_RUNS, true)),
        Action::Completion
        | Action::Create
        | Action::CreateAnalysisRun
        | Action::Dashboard
        | Action::Lint
        | Action::ListExperiments
        | Action::ListRollouts
        | Action::Notifications(_)
        | Action::Version => None,
    }
}

/// Of the flags that are declared to be asked for.
async fn value(flag: &str, matches: &Matches, env: &Env<'_>) -> Result<Answer> {
    let entries = || Ok::<_, Failure>(env.connect.entries(&context::options(env, matches)?)?);
    let words = |names: Vec<String>| names.into_iter().map(Candidate::from).collect();
    match flag {
        "context" => Ok((words(entries()?.contexts), Directive::NoFiles)),
        "cluster" => Ok((words(entries()?.clusters), Directive::NoFiles)),
        "user" => Ok((words(entries()?.users), Directive::NoFiles)),
        "namespace" => names(env, matches, &NAMESPACES).await,
        "name" => names(env, matches, &ROLLOUTS).await,
        "from" if matches.bool("global") => names(env, matches, &CLUSTER_ANALYSIS_TEMPLATES).await,
        "from" => names(env, matches, &ANALYSIS_TEMPLATES).await,
        "to-revision" => revisions::of(&context::connect(env, matches)?, matches.arg(0)).await,
        _ => Ok((Vec::new(), Directive::NoFiles)),
    }
}

async fn names(env: &Env<'_>, matches: &Matches, resource: &Resource) -> Result<Answer> {
    let Session { rest, namespace } = context::connect(env, matches)?;
    let everywhere = !resource.namespaced || (matches.declares("all-namespaces") && matches.bool("all-namespaces"));
    let names = rest.names(resource, (!everywhere).then_some(namespace.as_str())).await?;
    Ok((names.into_iter().map(Candidate::from).collect(), Directive::NoFiles))
}

//! `create`: objects from files, and runs from templates.

pub(super) mod analysis_run;
mod arguments;

use super::{Action, get_experiment, get_rollout};
use crate::cobra::{Arguments, Command, Flag};
use crate::context::{Context, Session};
use crate::failure::Result;
use crate::manifest::{self, Manifest};
use rollouts_kube::Resource;
use rollouts_kube::resource::{ANALYSIS_RUNS, ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, EXPERIMENTS, ROLLOUTS};
use serde_json::Value;

/// What can be created.
static KINDS: [Resource; 5] = [EXPERIMENTS, ROLLOUTS, ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, ANALYSIS_RUNS];

pub(super) fn command() -> Command<Action> {
    Command::new("create", "Create objects from files", Arguments::Any, Action::Create)
        .long(
            "Creates the Rollouts, Experiments, AnalysisTemplates, ClusterAnalysisTemplates and AnalysisRuns of files in\n\
             YAML or JSON, file by file. Of a file that cannot be read, or with a field that its kind has not, nothing is\n\
             created.",
        )
        .example(
            "  # Create an experiment and follow it\n  kubectl argo rollouts create -f my-experiment.yaml --watch\n\n  \
             # Create what is in several files\n  \
             kubectl argo rollouts create -f my-template.yaml -f my-rollout.yaml\n\n  \
             # Create what another program writes\n  \
             kustomize build . | kubectl argo rollouts create -f -",
        )
        .flag(Flag::list("filename", &[], "File with the objects, or '-' for standard input; may be repeated").short('f'))
        .flag(Flag::switch("no-color", "Print no colours"))
        .flag(Flag::switch("watch", "Follow the rollout or experiment once it is created").short('w'))
        .child(analysis_run::command())
        .required("filename")
}

/// An object to be created.
struct New {
    resource: &'static Resource,
    object: Value,
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let files = context.matches.list("filename").to_vec();
    let is_watched = context.matches.bool("watch");
    if is_watched && files.len() > 1 {
        return Err("Cannot watch multiple resources".into());
    }
    let session = context.connect()?;
    for file in &files {
        let manifests = manifest::read(&context.read_file(file)?)?;
        let all = manifests.iter().map(New::of).collect::<Result<Vec<_>, _>>()?;
        if is_watched {
            return create_and_follow(context, session, &all).await;
        }
        for new in &all {
            create(context, &session, new).await?;
        }
    }
    Ok(())
}

/// Whatever cannot be followed is not created either.
async fn create_and_follow(context: &mut Context<'_>, session: Session, all: &[New]) -> Result {
    match all {
        [new] if *new.resource == ROLLOUTS || *new.resource == EXPERIMENTS => {
            let object = create(context, &session, new).await?;
            let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let session = Session { rest: session.rest, namespace: text("/metadata/namespace").to_owned() };
            match *new.resource == ROLLOUTS {
                true => get_rollout::follow(context, &session, &object, None).await,
                false => get_experiment::follow(context, &session, text("/metadata/name")).await,
            }
        }
        [] | [_] => Err("Can only watch resources of type Rollout or Experiment".into()),
        _ => Err("Cannot watch multiple resources".into()),
    }
}

impl New {
    fn of(manifest: &Manifest) -> Result<New, String> {
        let object = manifest.root.to_json();
        let text = |key| object.get(key).and_then(Value::as_str).unwrap_or("");
        let decoding = if manifest.is_json { "" } else { "error unmarshaling JSON: while decoding JSON: " };
        for (key, name) in [("kind", "Kind"), ("apiVersion", "apiVersion")] {
            if text(key).is_empty() {
                let object = rollouts_api::go_json::to_string(&object);
                return Err(format!("{decoding}Object '{name}' is missing in '{object}'"));
            }
        }
        let (kind, api_version) = (text("kind"), text("apiVersion"));
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let resource = KINDS.iter().find(|r| r.kind == kind && r.group == group);
        let resource = resource.ok_or_else(|| format!("creates of {group}/{kind} unsupported"))?;
        if api_version != resource.api_version() {
            return Err(format!("{kind} has no version {api_version}, only {}", resource.api_version()));
        }
        match manifest.misfit(kind) {
            Some(problem) => Err(format!("{decoding}{problem}")),
            None => Ok(New { resource, object }),
        }
    }
}

/// Creates one object, and gives what the server made of it.
async fn create(context: &mut Context<'_>, session: &Session, new: &New) -> Result<Value> {
    let own = new.object.pointer("/metadata/namespace").and_then(Value::as_str).filter(|n| !n.is_empty());
    let namespace = own.unwrap_or(&session.namespace);
    let created: Value = session.rest.create(new.resource, namespace, &new.object).await?;
    let name = created["metadata"]["name"].as_str().unwrap_or_default();
    let kind = new.resource.kind.to_lowercase();
    context.print(&format!("{kind}.{}/{name} created\n", new.resource.group))?;
    Ok(created)
}

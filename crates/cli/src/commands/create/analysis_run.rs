//! `create analysisrun`: a run from a template.

use super::arguments;
use crate::cobra::{Arguments, Command, Flag, Values};
use crate::commands::Action;
use crate::context::{Context, Session};
use crate::failure::Result;
use crate::manifest;
use rollouts_api::names::{API_VERSION, INSTANCE_ID};
use rollouts_kube::resource::{ANALYSIS_RUNS, ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES};
use serde_json::{Map, Value, json};

pub(crate) fn command() -> Command<Action> {
    Command::new("analysisrun", "Create an AnalysisRun from a template", Arguments::Any, Action::CreateAnalysisRun)
        .aliases(&["ar"])
        .long(
            "Creates an AnalysisRun from a template of the cluster or of a file. It runs once, and belongs to no rollout.\n\
             Every argument of the template that has no value needs one.",
        )
        .example(
            "  # From an AnalysisTemplate of the namespace\n  \
             kubectl argo rollouts create analysisrun --from success-rate -a service=guestbook\n\n  \
             # From a ClusterAnalysisTemplate, under a name of its own\n  \
             kubectl argo rollouts create analysisrun --from success-rate --global --name check-1\n\n  \
             # From a file\n  kubectl argo rollouts create analysisrun --from-file my-template.yaml",
        )
        .flag(Flag::list("argument", &[], "An argument of the template, NAME=VALUE; may be repeated").short('a').values(Values::Unknown))
        .flag(Flag::text("from", "", "Name of the template in the cluster").values(Values::Asked))
        .flag(Flag::text("from-file", "", "File with the template"))
        .flag(Flag::text("generate-name", "", "Beginning of the name of the run").values(Values::Unknown))
        .flag(Flag::switch("global", "Use a ClusterAnalysisTemplate instead of an AnalysisTemplate"))
        .flag(Flag::text("instance-id", "", "Controller instance that is to run it").values(Values::Unknown))
        .flag(Flag::text("name", "", "Name of the run").values(Values::Unknown))
}

pub(crate) async fn run(context: &mut Context<'_>) -> Result {
    let matches = &context.matches;
    let (from, file) = (matches.text("from").to_owned(), matches.text("from-file").to_owned());
    if from.is_empty() == file.is_empty() {
        return Err("one of --from or --from-file must be specified".into());
    }
    let given = arguments::parse(matches.list("argument"))?;
    let session = context.connect()?;
    let template = match file.is_empty() {
        true => of_cluster(&session, &from, context.matches.bool("global")).await?,
        false => of_file(&context.read_file(&file)?)?,
    };
    let name = template["metadata"]["name"].as_str().unwrap_or("").to_owned();
    if template["spec"]["templates"].as_array().is_some_and(|others| !others.is_empty()) {
        return Err(format!(
            "template {name:?} refers to others (spec.templates), which a rollout or an experiment puts together; a run \
             of it alone would measure only a part"
        )
        .into());
    }
    let spec = spec(&template, &given)?;
    for unknown in arguments::unknown(&template["spec"]["args"], &given) {
        context.warn(&format!("Warning: template {name:?} has no argument {unknown:?}: it is left out\n"))?;
    }
    let run = json!({
        "apiVersion": API_VERSION, "kind": "AnalysisRun",
        "metadata": metadata(context, &template, &session.namespace)?, "spec": spec,
    });
    let created: Value = session.rest.create(&ANALYSIS_RUNS, &session.namespace, &run).await?;
    let name = created["metadata"]["name"].as_str().unwrap_or_default();
    context.print(&format!("analysisrun.{}/{name} created\n", ANALYSIS_RUNS.group))
}

async fn of_cluster(session: &Session, name: &str, is_global: bool) -> Result<Value> {
    let resource = if is_global { CLUSTER_ANALYSIS_TEMPLATES } else { ANALYSIS_TEMPLATES };
    Ok(session.rest.get(&resource, &session.namespace, name).await?)
}

/// The template of a file, of either kind.
fn of_file(text: &str) -> Result<Value, String> {
    let template = manifest::one(text)?;
    let text = |key: &str| template.get(key).and_then(Value::as_str).unwrap_or("");
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version != API_VERSION {
        return Err(format!(
            "the API version in the data ({api_version}) does not match the expected API version ({API_VERSION})"
        ));
    }
    if kind != ANALYSIS_TEMPLATES.kind && kind != CLUSTER_ANALYSIS_TEMPLATES.kind {
        return Err(format!("{kind} is neither an AnalysisTemplate nor a ClusterAnalysisTemplate"));
    }
    Ok(template)
}

/// The template's own, with the arguments resolved.
fn spec(template: &Value, given: &[(String, String)]) -> Result<Value, String> {
    let mut spec = template["spec"].as_object().cloned().unwrap_or_default();
    let arguments = arguments::resolve(&template["spec"]["args"], given)?;
    if arguments.as_array().is_some_and(|list| !list.is_empty()) {
        spec.insert("args".into(), arguments);
    }
    Ok(Value::Object(spec))
}

/// The name that the user wants, or one made from the template's, and of the template its labels and annotations: what
/// else it has is the template's alone.
fn metadata(context: &Context<'_>, template: &Value, namespace: &str) -> Result<Value, String> {
    let matches = &context.matches;
    let mut metadata = Map::from_iter([("namespace".to_owned(), json!(namespace))]);
    for field in ["labels", "annotations"] {
        let mut own = template["metadata"][field].as_object().cloned().unwrap_or_default();
        own.remove(rollouts_api::names::LAST_APPLIED);
        if !own.is_empty() {
            metadata.insert(field.into(), own.into());
        }
    }
    if let Some(id) = matches.text_opt("instance-id") {
        metadata.insert("labels".into(), json!({INSTANCE_ID: id}));
    }
    let template_name = template["metadata"]["name"].as_str().unwrap_or("");
    let (key, name) = match (matches.text_opt("name"), matches.text_opt("generate-name")) {
        (Some(name), _) => ("name", name.to_owned()),
        (None, Some(start)) => ("generateName", start.to_owned()),
        (None, None) if template_name.is_empty() => return Err("name is invalid".into()),
        (None, None) => ("generateName", format!("{template_name}-")),
    };
    metadata.insert(key.into(), name.into());
    Ok(Value::Object(metadata))
}

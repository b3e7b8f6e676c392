//! `set image NAME CONTAINER=`.

use super::Answer;
use crate::cobra::{Candidate, Directive};
use crate::commands::workload::Workload;
use crate::context::Session;
use crate::failure::Result;
use rollouts_kube::resource::ROLLOUTS;
use serde_json::Value;

/// The containers of a Rollout, or of the workload that it refers to, with their present images; the new one is the user's
/// to type. Those that have one in `images` already are left out.
pub(super) async fn of(session: &Session, rollout: &str, images: &[String]) -> Result<Answer> {
    let Some(template) = template(session, rollout).await? else { return Ok((Vec::new(), Directive::NoFiles)) };
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    let containers = lists.iter().filter_map(|list| template["spec"][list].as_array()).flatten();
    let candidate = |container: &Value| {
        let image = container["image"].as_str().unwrap_or("");
        let beginning = format!("{}=", container["name"].as_str()?);
        (!images.iter().any(|given| given.starts_with(&beginning))).then(|| Candidate::new(beginning, image))
    };
    Ok((containers.filter_map(candidate).collect(), Directive::Unfinished))
}

async fn template(session: &Session, name: &str) -> Result<Option<Value>> {
    let (rest, namespace) = (&session.rest, &session.namespace);
    let Some(rollout) = rest.get_opt::<Value>(&ROLLOUTS, namespace, name).await? else { return Ok(None) };
    let workload = Workload::of(&rollout, name)?;
    let object = match workload.resource == ROLLOUTS {
        true => Some(rollout),
        false => rest.get_opt(&workload.resource, namespace, &workload.name).await?,
    };
    Ok(object.and_then(|mut object| object.pointer_mut(workload.template).map(Value::take)))
}

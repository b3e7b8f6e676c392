//! `undo NAME --to-revision`.

use super::Answer;
use crate::cobra::{Candidate, Directive};
use crate::commands::undo::history::{revisions, selector_text};
use crate::context::Session;
use crate::failure::Result;
use rollouts_kube::resource::{REPLICA_SETS, ROLLOUTS};
use rollouts_kube::rest::Query;
use serde_json::Value;

/// The revisions of a Rollout with their images, the latest first; without the present one, to which there is no return.
pub(super) async fn of(session: &Session, name: &str) -> Result<Answer> {
    let nothing = (Vec::new(), Directive::NoFiles);
    if name.is_empty() {
        return Ok(nothing);
    }
    let (rest, namespace) = (&session.rest, &session.namespace);
    let Some(rollout) = rest.get_opt::<Value>(&ROLLOUTS, namespace, name).await? else { return Ok(nothing) };
    let query = Query::default().labels(selector_text(&rollout["spec"]["selector"]));
    let replica_sets = rest.list::<Value>(&REPLICA_SETS, Some(namespace), &query).await?.items;
    let earlier = revisions(&rollout, &replica_sets).into_iter().skip(1).filter(|(revision, _)| *revision > 0);
    let candidates = earlier.map(|(revision, rs)| Candidate::new(revision.to_string(), images(rs))).collect();
    Ok((candidates, Directive::InOrder))
}

fn images(replica_set: &Value) -> String {
    let containers = replica_set.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let images = containers.into_iter().flatten().filter_map(|container| container["image"].as_str());
    images.collect::<Vec<_>>().join(", ")
}

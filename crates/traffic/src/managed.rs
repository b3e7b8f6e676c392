//! Managed routes that are objects of their own.

use crate::{Context, Draft, Kind, ObjectRef, RouteError, Want, owner};
use rollouts_api::LabelSelector;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Label of such an object: uid of the Rollout. By it those are found that no longer stand in the Rollout's spec.
pub const ROUTE_OF: &str = "argo-rollouts.argoproj.io/managed-route-of";

/// An object as it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Which.
    pub at: ObjectRef,
    /// Whose class (labels and annotations) it has.
    pub like: Value,
    /// All of its `spec`.
    pub spec: Value,
}

/// Names of the routes that only steps make: those that are listed, or that a step names.
pub fn names<'a>(cx: &Context<'a>) -> BTreeSet<&'a str> {
    let listed = cx.routing.managed_routes.iter().flatten().map(|route| route.name.as_str());
    let steps = cx.rollout.spec.strategy.canary.iter().flat_map(|canary| &canary.steps);
    let by_steps = steps.flat_map(|step| {
        let header = step.set_header_route.iter().map(|route| route.name.as_str());
        header.chain(step.set_mirror_route.iter().map(|route| route.name.as_str()))
    });
    listed.chain(by_steps).filter(|name| !name.is_empty()).collect()
}

/// What must be seen of one kind: `name` is what an object is called that stands for a managed route.
pub fn wants(cx: &Context<'_>, kind: &Kind, name: impl Fn(&str) -> String) -> Vec<Want> {
    let namespace = &cx.rollout.metadata.namespace;
    let named = names(cx).into_iter().map(|route| Want::Named(kind.named(namespace, &name(route))));
    named.chain([labelled(cx, kind)]).collect()
}

fn labelled(cx: &Context<'_>, kind: &Kind) -> Want {
    let match_labels = [(ROUTE_OF.to_string(), cx.rollout.metadata.uid.clone())].into();
    let selector = LabelSelector { match_labels, ..LabelSelector::default() };
    Want::Selected { kind: kind.clone(), namespace: cx.rollout.metadata.namespace.clone(), selector }
}

/// Deletes the Rollout's objects of a kind that stand for a managed route, but for those of the routes in `keep`.
pub fn remove_others<'a>(
    cx: &Context<'_>,
    kind: &Kind,
    name: impl Fn(&str) -> String,
    keep: impl Iterator<Item = &'a str>,
    draft: &mut Draft<'_>,
) {
    let keep: BTreeSet<String> = keep.map(&name).collect();
    let there: BTreeSet<ObjectRef> = wants(cx, kind, name).iter().flat_map(|want| draft.find(want)).collect();
    for at in there.into_iter().filter(|at| !keep.contains(&at.name)) {
        if draft.get(&at).is_some_and(|object| owner::owns(cx.rollout, object)) {
            draft.delete(&at, "the managed route is not wanted any more", Vec::new());
        }
    }
}

/// Makes the object what it must be.
///
/// # Errors
/// `taken`, when somebody else has an object of that name.
pub fn put(cx: &Context<'_>, wanted: Wanted, taken: &str, draft: &mut Draft<'_>) -> Result<(), RouteError> {
    let Wanted { at, like, spec } = wanted;
    let mut metadata = owner::metadata_like(&cx.rollout.metadata, &like);
    metadata["labels"][ROUTE_OF] = cx.rollout.metadata.uid.as_str().into();
    const WHY: &str = "a step wants this route";
    let Some(there) = draft.get(&at) else {
        let object = Map::from_iter([("metadata".to_string(), metadata), ("spec".to_string(), spec)]);
        draft.create(&at, object.into(), WHY, Vec::new());
        return Ok(());
    };
    let mut object = match there {
        Value::Object(object) if owner::owns(cx.rollout, there) => object.clone(),
        _ => return Err(RouteError::failed(taken)),
    };
    for field in ["labels", "annotations"] {
        let wanted = metadata.get_mut(field).map(Value::take).unwrap_or_default();
        let there = object.get_mut("metadata").and_then(Value::as_object_mut);
        if let (Some(there), Value::Object(wanted)) = (there, wanted) {
            match there.get_mut(field) {
                Some(Value::Object(there)) => there.extend(wanted),
                _ => drop(there.insert(field.into(), wanted.into())),
            }
        }
    }
    object.insert("spec".into(), spec);
    draft.update(&at, object.into(), WHY, Vec::new());
    Ok(())
}

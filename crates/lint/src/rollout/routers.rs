//! The objects that traffic routers want to see.

use crate::world::{World, same_namespace};
use rollouts_api::{LabelSelector, ObjectMeta};
use rollouts_core::Snapshot;
use rollouts_traffic::{Kind, ObjectRef, Want};
use std::sync::Arc;

/// Rounds in which objects lead to others; the longest way, App Mesh's, has three.
const ROUNDS_MAX: usize = 8;

/// Kinds of which routers create some objects themselves, or whose absence validation tells.
const NOT_MISSED: [&str; 4] = ["Ingress", "TrafficSplit", "Mapping", "TargetGroupBinding"];

/// Adds them to the snapshot, as far as they are in the input. Gives those that are not, and must be there for the router
/// to do anything.
pub(super) fn add(snapshot: &mut Snapshot, world: &World<'_>) -> Vec<ObjectRef> {
    let mut missing = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let mut is_news = false;
        missing.clear();
        let wants = rollouts_core::router_wants(&snapshot.rollout, &snapshot.router_settings, &snapshot.routers);
        for want in wants {
            match want {
                Want::Named(at) if snapshot.routers.get(&at).is_some() => {}
                Want::Named(at) => match world.find(&at.kind.group, &at.kind.kind, &at.namespace, &at.name) {
                    Some(object) => {
                        snapshot.routers.insert(at, Arc::new(object.value.clone()));
                        is_news = true;
                    }
                    None if NOT_MISSED.contains(&at.kind.kind.as_ref()) => {}
                    None => missing.push(at),
                },
                Want::Selected { kind, namespace, selector } => {
                    let selected = select(world, &kind, &namespace, &selector);
                    if selected.is_empty() {
                        missing.push(kind.named(&namespace, &selector_text(&selector)));
                    }
                    for (at, object) in selected {
                        is_news |= snapshot.routers.get(&at).is_none();
                        snapshot.routers.insert(at, object);
                    }
                }
            }
        }
        if !is_news {
            break;
        }
    }
    missing
}

fn select(
    world: &World<'_>,
    kind: &Kind,
    namespace: &str,
    selector: &LabelSelector,
) -> Vec<(ObjectRef, Arc<serde_json::Value>)> {
    let Ok(matching) = selector.compile() else { return Vec::new() };
    let objects = world.all(&kind.kind).iter().filter(|o| same_namespace(&o.id.namespace, namespace));
    let labelled = objects.filter(|o| {
        let metadata = serde_json::from_value::<ObjectMeta>(o.value["metadata"].clone());
        metadata.is_ok_and(|metadata| matching.matches(&metadata.labels))
    });
    labelled.map(|o| (kind.named(namespace, &o.id.name), Arc::new(o.value.clone()))).collect()
}

fn selector_text(selector: &LabelSelector) -> String {
    serde_json::json!(selector).to_string()
}

//! The objects that traffic routers want to see.

use crate::world::{World, same_namespace};
use rollouts_api::{LabelSelector, ObjectMeta, Rollout};
use rollouts_core::Snapshot;
use rollouts_traffic::{Kind, MANAGED_ROUTE_OF, ObjectRef, Want};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rounds in which objects lead to others; the longest way, App Mesh's, has three.
const ROUNDS_MAX: usize = 8;

/// Kinds that another object of a router names, rather than the Rollout.
const NAMED_BY_OTHERS: [&str; 2] = ["VirtualRouter", "VirtualNode"];

/// Kinds whose absence validation tells, or whose objects a router creates.
const NOT_MISSED: [&str; 3] = ["Ingress", "Mapping", "TrafficSplit"];

/// What is not in the input.
#[derive(Default)]
pub(super) struct Missing {
    /// What the Rollout names.
    pub named: Vec<ObjectRef>,
    /// Something without which a router can do nothing.
    pub is_needed: bool,
}

/// Adds them to the snapshot, as far as they are in the input. Many of those that are not, such as the objects of managed
/// routes, are the routers' own: they will create them.
pub(super) fn add(snapshot: &mut Snapshot, world: &World<'_>) -> Missing {
    let named = names(&snapshot.rollout);
    let mut missing = Missing::default();
    for _ in 0..ROUNDS_MAX {
        let mut is_news = false;
        missing = Missing::default();
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
                    None if named.contains(&at.name) => missing.named.push(at),
                    None => missing.is_needed |= NAMED_BY_OTHERS.contains(&at.kind.kind.as_ref()),
                },
                Want::Selected { kind, namespace, selector } => {
                    let selected = select(world, &kind, &namespace, &selector);
                    // Routers find their own objects by the label.
                    let is_own = selector.match_labels.contains_key(MANAGED_ROUTE_OF);
                    if selected.is_empty() && !is_own {
                        missing.named.push(kind.named(&namespace, &json!(selector).to_string()));
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

fn select(world: &World<'_>, kind: &Kind, namespace: &str, selector: &LabelSelector) -> Vec<(ObjectRef, Arc<Value>)> {
    let Ok(matching) = selector.compile() else { return Vec::new() };
    let objects = world.all(&kind.kind).iter().filter(|o| same_namespace(&o.id.namespace, namespace));
    let labelled = objects.filter(|o| {
        let metadata = serde_json::from_value::<ObjectMeta>(o.value["metadata"].clone());
        metadata.is_ok_and(|metadata| matching.matches(&metadata.labels))
    });
    labelled.map(|o| (kind.named(namespace, &o.id.name), Arc::new(o.value.clone()))).collect()
}

/// All texts that the Rollout has about its routers, but for the managed routes.
fn names(rollout: &Rollout) -> BTreeSet<String> {
    let mut routing = json!(rollout.spec.traffic_routing());
    if let Some(fields) = routing.as_object_mut() {
        fields.remove("managedRoutes");
    }
    let (mut names, mut open) = (BTreeSet::new(), vec![routing]);
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => drop(names.insert(text)),
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.into_iter().map(|(_, value)| value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    names
}

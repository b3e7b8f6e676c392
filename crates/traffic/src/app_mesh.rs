//! AWS App Mesh: the weights of a VirtualRouter, and which pods its two VirtualNodes select (traffic.md §2.8).

use crate::{Context, Draft, Event, Kind, Managed, ObjectRef, Objects, Route, RouteError, Router, Want};
use rollouts_api::names::POD_TEMPLATE_HASH;
use rollouts_api::rollout::TrafficRouting;
use serde_json::{Value, json};

const GROUP: &str = "appmesh.k8s.aws";
const VIRTUAL_SERVICES: Kind = Kind::fixed(GROUP, "v1beta2", "VirtualService", "virtualservices");
const VIRTUAL_ROUTERS: Kind = Kind::fixed(GROUP, "v1beta2", "VirtualRouter", "virtualrouters");
const VIRTUAL_NODES: Kind = Kind::fixed(GROUP, "v1beta2", "VirtualNode", "virtualnodes");

/// The protocols that a route may be for.
const PROTOCOLS: [&str; 4] = ["httpRoute", "tcpRoute", "http2Route", "grpcRoute"];

/// Values of the hash label that select no pods. The two nodes must never select the same ones: App Mesh refuses that.
const NO_CANARY: &str = "canary-hash";
const NO_STABLE: &str = "stable-hash";

/// See the module.
pub struct AppMesh;

impl Router for AppMesh {
    fn name(&self) -> &'static str {
        "AppMesh"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.app_mesh.is_some()
    }

    fn wants(&self, cx: &Context<'_>, objects: &Objects) -> Vec<Want> {
        let service = virtual_service(cx);
        let router =
            service.as_ref().and_then(|at| objects.get(at)).and_then(|service| virtual_router(cx, service).ok());
        let nodes = [Version::Canary, Version::Stable].into_iter().filter_map(|version| node(cx, version));
        service.into_iter().chain(router).chain(nodes).map(Want::Named).collect()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        // A canary that loses all its traffic loses it before its node selects other pods, or none.
        if route.percent() <= 0 {
            set_weights(cx, route, draft)?;
        }
        point(cx, route, draft)?;
        set_weights(cx, route, draft)
    }

    fn release(&self, cx: &Context<'_>, stable: &Route, draft: &mut Draft<'_>) {
        // What is missing or malformed is left as it is.
        let _left = set_weights(cx, &Route { max: stable.max, ..Route::default() }, draft);
        // The canary's node goes on selecting nothing: two nodes may not select the same pods.
        for (version, hash) in [(Version::Canary, Some(NO_CANARY)), (Version::Stable, None)] {
            let Some(at) = node(cx, version) else { continue };
            let selects = draft.get(&at).map(selected).unwrap_or_default();
            if let Some(new) = draft.get(&at).filter(|_| !selects.is_empty()).and_then(|old| selecting(old, hash)) {
                draft.update(&at, new, "the Rollout does not use this VirtualNode", vec![]);
            }
        }
    }

    fn refuses(&self, _cx: &Context<'_>, _route: &Managed) -> Option<String> {
        Some("App Mesh cannot have routes that steps make: only its weights are set".into())
    }
}

/// What is wrong with the VirtualRouter of a VirtualService that the Rollout uses, in the words of its `InvalidSpec`.
pub fn route_error(virtual_service: &Value, cx: &Context<'_>, objects: &Objects) -> Option<String> {
    let at = match virtual_router(cx, virtual_service) {
        Ok(at) => at,
        Err(error) => return Some(error.into()),
    };
    let Some(router) = objects.get(&at) else { return Some(at.not_found()) };
    match router["kind"].as_str() {
        Some("VirtualRouter") | None => {}
        Some(other) => return Some(format!("Expected object kind to be VirtualRouter but is {other}")),
    }
    let all = router["spec"]["routes"].as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return Some(format!("No routes defined for AppMesh virtual-router {}", at.name));
    }
    all.iter().filter(|route| is_meant(cx, route)).find_map(|route| {
        let counts: Vec<usize> = PROTOCOLS.iter().filter_map(|p| Some(targets(route.get(p)?).len())).collect();
        let wrong = if counts.is_empty() { Some(0) } else { counts.into_iter().find(|count| *count != 2) };
        wrong.map(|count| {
            format!(
                "Invalid number of weightedTargets ({count}) for AppMesh virtual-router {} and route {}, expected 2",
                at.name,
                route["name"].as_str().unwrap_or_default()
            )
        })
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Canary,
    Stable,
}

fn virtual_service(cx: &Context<'_>) -> Option<ObjectRef> {
    let service = cx.routing.app_mesh.as_ref()?.virtual_service.as_ref()?;
    Some(
        VIRTUAL_SERVICES.in_version(&cx.settings.app_mesh_version).named(&cx.rollout.metadata.namespace, &service.name),
    )
}

fn virtual_router(cx: &Context<'_>, service: &Value) -> Result<ObjectRef, &'static str> {
    let reference = &service["spec"]["provider"]["virtualRouter"]["virtualRouterRef"];
    let name = reference["name"].as_str().filter(|name| !name.is_empty());
    let name = name.ok_or("Virtual-service is not associated with virtual-router")?;
    let namespace = reference["namespace"].as_str().unwrap_or(&cx.rollout.metadata.namespace);
    Ok(VIRTUAL_ROUTERS.in_version(&cx.settings.app_mesh_version).named(namespace, name))
}

fn node(cx: &Context<'_>, version: Version) -> Option<ObjectRef> {
    let group = cx.routing.app_mesh.as_ref()?.virtual_node_group.as_ref()?;
    let node = match version {
        Version::Canary => group.canary_virtual_node_ref.as_ref()?,
        Version::Stable => group.stable_virtual_node_ref.as_ref()?,
    };
    Some(VIRTUAL_NODES.in_version(&cx.settings.app_mesh_version).named(&cx.rollout.metadata.namespace, &node.name))
}

fn is_meant(cx: &Context<'_>, route: &Value) -> bool {
    let service = cx.routing.app_mesh.as_ref().and_then(|mesh| mesh.virtual_service.as_ref());
    let names = service.map_or(&[][..], |service| service.routes.as_slice());
    names.is_empty() || route["name"].as_str().is_some_and(|name| names.iter().any(|meant| meant == name))
}

fn targets(protocol: &Value) -> &[Value] {
    protocol["action"]["weightedTargets"].as_array().map_or(&[], Vec::as_slice)
}

fn missing(at: &ObjectRef, message: &str) -> RouteError {
    let event = Event::warning(&format!("{}NotFound", at.kind.kind), at.not_found());
    RouteError::Failed { message: message.into(), events: vec![event] }
}

fn set_weights(cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
    let Some(at) = virtual_service(cx) else { return Err(RouteError::failed("Virtual-service is missing")) };
    let service = draft.get(&at).ok_or_else(|| missing(&at, "Virtual-service is missing"))?;
    let at = virtual_router(cx, service).map_err(RouteError::failed)?;
    let old = draft.get(&at).ok_or_else(|| missing(&at, "Virtual-router is missing"))?;
    let percent = route.percent().clamp(0, 100);
    let mut new = old.clone();
    let routes = new.get_mut("spec").and_then(|spec| spec.get_mut("routes")).and_then(Value::as_array_mut);
    let failed = |error: &str| RouteError::failed(format!("VirtualRouter `{}`: {error}", at.name));
    let routes = routes.ok_or_else(|| failed("spec.routes is not well-formed"))?;
    let mut is_any = false;
    for route in routes.iter_mut().filter(|route| is_meant(cx, route)) {
        is_any = true;
        let name = route["name"].as_str().unwrap_or_default().to_string();
        let mut seen = [false; 2];
        for protocol in PROTOCOLS {
            let targets = route.get_mut(protocol).and_then(|protocol| protocol.get_mut("action"));
            let targets = targets.and_then(|action| action.get_mut("weightedTargets")).and_then(Value::as_array_mut);
            for target in targets.into_iter().flatten() {
                let is_of =
                    |version| node(cx, version).is_some_and(|node| is_reference(&target["virtualNodeRef"], &node));
                let (is_canary, is_stable) = (is_of(Version::Canary), is_of(Version::Stable));
                let weight = if is_canary { percent } else { 100 - percent };
                if (is_canary || is_stable) && target["weight"].as_i64() != Some(weight.into()) {
                    target["weight"] = weight.into();
                }
                seen = [seen[0] || is_canary, seen[1] || is_stable];
            }
        }
        if seen != [true; 2] {
            return Err(failed(&format!("route '{name}' does not have both VirtualNodes as weightedTargets")));
        }
    }
    if !is_any {
        return Err(failed("it has none of the routes"));
    }
    draft.update(&at, new, format!("{percent} % to the canary"), vec![]);
    Ok(())
}

/// Whether a reference that may leave out the namespace means the object.
fn is_reference(reference: &Value, at: &ObjectRef) -> bool {
    reference["name"].as_str() == Some(&at.name)
        && reference["namespace"].as_str().is_none_or(|namespace| namespace == at.namespace)
}

fn point(cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
    let or = |hash: &str, none: &str| if hash.is_empty() { none.to_string() } else { hash.to_string() };
    let stable = or(&route.stable.hash, NO_STABLE);
    let canary = match or(&route.canary.hash, NO_CANARY) {
        hash if hash == stable => NO_CANARY.to_string(),
        hash => hash,
    };
    let is_canary_last = {
        let at = node(cx, Version::Stable);
        at.and_then(|at| draft.get(&at)).is_some_and(|old| selected(old) == canary)
    };
    let mut versions = [(Version::Canary, canary), (Version::Stable, stable)];
    // The one that lets go of pods is first.
    if is_canary_last {
        versions.reverse();
    }
    for (version, hash) in versions {
        let Some(at) = node(cx, version) else { return Err(RouteError::failed("Virtual-node is missing")) };
        let old = draft.get(&at).ok_or_else(|| missing(&at, "Virtual-node is missing"))?;
        let new = selecting(old, Some(&hash));
        let new = new.ok_or_else(|| {
            RouteError::failed(format!("VirtualNode `{}`: spec.podSelector is not well-formed", at.name))
        })?;
        draft.update(&at, new, format!("it is to select the pods {hash}"), vec![]);
    }
    Ok(())
}

/// The hash that a node selects, "" if none.
fn selected(node: &Value) -> &str {
    node["spec"]["podSelector"]["matchLabels"][POD_TEMPLATE_HASH].as_str().unwrap_or_default()
}

/// A node that selects pods of this hash; with `None` of any. `None` when there is no place for it.
fn selecting(node: &Value, hash: Option<&str>) -> Option<Value> {
    let mut new = node.clone();
    let mut at = new.get_mut("spec")?;
    for key in ["podSelector", "matchLabels"] {
        let members = at.as_object_mut()?;
        at = members.entry(key).or_insert_with(|| json!({}));
        if at.is_null() {
            *at = json!({});
        }
    }
    let labels = at.as_object_mut()?;
    match hash {
        Some(hash) => labels.insert(POD_TEMPLATE_HASH.into(), hash.into()),
        None => labels.remove(POD_TEMPLATE_HASH),
    };
    Some(new)
}

//! What validation reads of the objects of routers.

use super::remembered::no_longer_managed;
use crate::Snapshot;
use rollouts_api::Rollout;
use rollouts_api::validation::{MappingRef, References, ingress_backends};
use rollouts_traffic::{Context, INGRESSES, ObjectRef, app_mesh, istio};

/// Adds the objects of routers to what exists. `ro` is the Rollout that is validated.
pub(crate) fn add(found: &mut References, snapshot: &Snapshot, ro: &Rollout) {
    let Some(mut routing) = ro.spec.traffic_routing().cloned() else { return };
    // What was managed until now is about to go, and not somebody's own.
    routing.managed_routes.get_or_insert_default().extend(no_longer_managed(ro));
    let cx = Context { rollout: ro, routing: &routing, settings: &snapshot.router_settings };
    let is_here = |at: &ObjectRef| at.namespace == ro.metadata.namespace;
    for (at, object) in snapshot.routers.iter() {
        let name = || at.name.clone();
        match (at.kind.group.as_ref(), at.kind.plural.as_ref()) {
            _ if at.kind == INGRESSES && is_here(at) => {
                found.ingress_backends.insert(name(), ingress_backends(object));
            }
            ("networking.istio.io", "virtualservices") => {
                let error = istio::route_error(object, &cx, &at.namespace, &at.name);
                found.virtual_services.insert((at.namespace.clone(), name()), error);
            }
            ("appmesh.k8s.aws", "virtualservices") if is_here(at) => {
                let error = app_mesh::route_error(object, &cx, &snapshot.routers);
                found.app_mesh_virtual_services.insert(name(), error);
            }
            (_, "mappings" | "ambassadormappings") if is_here(at) => {
                found.mappings.insert(name(), MappingRef::from_json(object));
            }
            _ => {}
        }
    }
}

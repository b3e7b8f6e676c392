//! Recorded and other states of canary Ingresses.

use super::*;
use crate::fixture::{World, owner, rollout, weight};
use crate::{Change, Write};
use serde_json::json;

fn front() -> ObjectRef {
    ingress::named("ns", "front")
}

fn canary() -> ObjectRef {
    ingress::named("ns", "web-front-canary")
}

fn path(path: &str, service: &str) -> Value {
    let backend = json!({ "service": { "name": service, "port": { "number": 80 } } });
    json!({ "path": path, "pathType": "Prefix", "backend": backend })
}

/// A Rollout with this `nginx`, and an Ingress that sends everything to its stable Service.
fn world(nginx: Value) -> World<'static> {
    with_routing(json!({ "nginx": nginx }))
}

fn with_routing(routing: Value) -> World<'static> {
    let stable = json!({
        "metadata": {
            "name": "front",
            "namespace": "ns",
            "annotations": { "x.example/kept": "only here", "kubernetes.io/ingress.class": "nginx" },
            "labels": { "team": "a" },
        },
        "spec": { "rules": [{ "host": "a.example", "http": { "paths": [path("/", "web-stable")] } }] },
    });
    World::new(&Nginx, rollout(routing), [(front(), stable)])
}

fn annotations(world: &World<'_>) -> Value {
    world.get(&canary())["metadata"]["annotations"].clone()
}

fn told(changes: &[Change]) -> Vec<String> {
    let events = changes.iter().flat_map(|change| &change.events);
    events.map(|event| format!("{} {}", event.reason, event.message)).collect()
}

#[test]
fn one_release() {
    let mut world = world(json!({ "stableIngress": "front" }));
    let before = world.get(&front());
    let changes = world.route(&weight(0));
    assert_eq!(told(&changes), ["CreatingCanaryIngress Creating canary ingress `web-front-canary` with weight `0`"]);
    let created = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "web-front-canary",
            "namespace": "ns",
            "ownerReferences": [owner()],
            "annotations": {
                "kubernetes.io/ingress.class": "nginx",
                "nginx.ingress.kubernetes.io/canary": "true",
                "nginx.ingress.kubernetes.io/canary-weight": "0",
            },
        },
        "spec": { "rules": [{ "host": "a.example", "http": { "paths": [path("/", "web-canary")] } }] },
    });
    assert_eq!(world.get(&canary()), created);
    for percent in [30, 100, 0] {
        let changes = world.route(&weight(percent));
        let message = format!("Updating Ingress `web-front-canary` to desiredWeight '{percent}'");
        assert_eq!(told(&changes), [format!("PatchingCanaryIngress {message}")]);
        let key = "nginx.ingress.kubernetes.io/canary-weight";
        let patch = json!({ "metadata": { "annotations": { key: percent.to_string() } } });
        assert_eq!(changes[0].write, Write::Patch { at: canary(), body: patch });
    }
    assert_eq!(world.get(&front()), before, "the stable Ingress is left alone");
}

//! Rollouts whose traffic is routed: the objects of routers, whatever becomes of them on the way.

use crate::connection::{Judge, Verdict, judged};
use crate::objects::{pods, rollout, service, template};
use crate::world::{World, seconds};
use http::Method;
use rollouts_controller::IstioPrimary;
use rollouts_kube::resource::{INGRESSES, NAMESPACES, ROLLOUTS, SERVICES};
use rollouts_kube::{Resource, resource};
use serde_json::{Value, json};

const VIRTUAL_SERVICES: Resource =
    Resource::fixed("networking.istio.io", "v1alpha3", "VirtualService", "virtualservices", true);

/// A definition that accepts any object.
pub fn definition(r: &Resource) -> Value {
    let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let version = json!({
        "name": r.version, "served": true, "storage": true, "schema": { "openAPIV3Schema": schema },
    });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": r.to_string() },
        "spec": {
            "group": r.group, "scope": "Namespaced", "versions": [version],
            "names": { "kind": r.kind, "plural": r.plural, "singular": r.kind.to_lowercase() },
        },
    })
}

pub fn virtual_service(name: &str) -> Value {
    let destinations = [("stable", 100), ("canary", 0)];
    let route = destinations.map(|(host, weight)| json!({ "destination": { "host": host }, "weight": weight }));
    json!({
        "apiVersion": VIRTUAL_SERVICES.api_version(), "kind": "VirtualService", "metadata": { "name": name },
        "spec": { "hosts": ["web"], "http": [{ "route": route }] },
    })
}

pub fn ingress(name: &str) -> Value {
    let backend = json!({ "service": { "name": "stable", "port": { "number": 80 } } });
    let path = json!({ "path": "/", "pathType": "Prefix", "backend": backend });
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "name": name },
        "spec": { "ingressClassName": "nginx", "rules": [{ "host": "web.test", "http": { "paths": [path] } }] },
    })
}

/// A Rollout of two pods that stops at a fifth of the traffic.
pub fn routed(name: &str, routing: Value) -> Value {
    let mut spec = pods(name, 2);
    spec["strategy"]["canary"] = json!({
        "stableService": "stable", "canaryService": "canary", "trafficRouting": routing,
        "steps": [{ "setWeight": 20 }, { "pause": {} }],
    });
    rollout(name, &spec)
}

fn by_istio(name: &str) -> Value {
    json!({ "istio": { "virtualService": { "name": name } } })
}

/// A world with two Services, and the kinds of Istio if `meshed`.
async fn world(meshed: bool) -> World {
    let world = World::start();
    if meshed {
        world.server.create(definition(&VIRTUAL_SERVICES)).unwrap();
    }
    for name in ["stable", "canary"] {
        world.create(&SERVICES, service(name, "web")).await;
    }
    world
}

/// Weights of the destinations of a VirtualService.
async fn weights(world: &World, name: &str) -> [i64; 2] {
    let object = world.get(&VIRTUAL_SERVICES, name).await;
    let route = &object["spec"]["http"][0]["route"];
    [0, 1].map(|i| route[i]["weight"].as_i64().unwrap_or(0))
}

/// The weight of the canary Ingress of the Ingress `front`; `None` if there is none.
async fn canary_weight(world: &World) -> Option<String> {
    let all = world.list(&INGRESSES).await;
    let canary = all.iter().find(|ingress| ingress["metadata"]["name"] != "front")?;
    canary["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"].as_str().map(str::to_string)
}

async fn update(world: &World, image: &str) {
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "template": template("web", image) } })).await;
}

fn writes(judge: &Judge, plural: &'static str) -> usize {
    judge.count(|method, path| method != Method::GET && path.contains(plural))
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_not_installed_is_waited_for() {
    let (world, judge) = (world(false).await, Judge::default());
    world.controller_through(judged(&world.server, judge.judge()), |_| {});
    world.create(&ROLLOUTS, routed("web", by_istio("vs"))).await;
    seconds(1000).await;
    let message = world.rollout("web").await["status"]["message"].as_str().unwrap_or_default().to_string();
    assert!(message.contains("virtualservices.networking.istio.io \"vs\" not found"), "{message}");
    let looks = judge.count(|_, path| path.contains("virtualservices"));
    assert!((10..=20).contains(&looks), "{looks} in 1000 seconds");
    world.server.create(definition(&VIRTUAL_SERVICES)).unwrap();
    world.create(&VIRTUAL_SERVICES, virtual_service("vs")).await;
    seconds(70).await;
    world.wait("Healthy").await;
    // And it may go again, with all its objects.
    let name = VIRTUAL_SERVICES.to_string();
    world.rest.delete(&resource::CUSTOM_RESOURCE_DEFINITIONS, "", &name, &Default::default()).await.unwrap();
    seconds(300).await;
    assert_eq!(world.rollout("web").await["status"]["phase"], "Degraded");
    world.server.create(definition(&VIRTUAL_SERVICES)).unwrap();
    world.create(&VIRTUAL_SERVICES, virtual_service("vs")).await;
    seconds(70).await;
    world.wait("Healthy").await;
}

#[tokio::test(start_paused = true)]
async fn weights_are_written_once_and_kept() {
    let (world, judge) = (world(true).await, Judge::default());
    world.create(&VIRTUAL_SERVICES, virtual_service("vs")).await;
    world.create(&VIRTUAL_SERVICES, virtual_service("other")).await;
    world.controller_through(judged(&world.server, judge.judge()), |_| {});
    world.create(&ROLLOUTS, routed("web", by_istio("vs"))).await;
    world.wait("Healthy").await;
    update(&world, "b").await;
    world.wait("Paused").await;
    assert_eq!((weights(&world, "vs").await, writes(&judge, "virtualservices")), ([80, 20], 1));
    // Somebody else has another idea.
    let theirs = virtual_service("vs")["spec"].clone();
    world.patch(&VIRTUAL_SERVICES, "vs", json!({ "spec": theirs })).await;
    seconds(1).await;
    assert_eq!((weights(&world, "vs").await, writes(&judge, "virtualservices")), ([80, 20], 2));
    assert_eq!(weights(&world, "other").await, [100, 0]);
}

#[tokio::test(start_paused = true)]
async fn only_who_looks_at_an_object_hears_of_it() {
    let (world, judge) = (world(true).await, Judge::default());
    for name in ["vs", "other", "late"] {
        world.create(&VIRTUAL_SERVICES, virtual_service(name)).await;
    }
    world.controller_through(judged(&world.server, judge.judge()), |_| {});
    world.create(&ROLLOUTS, routed("web", by_istio("vs"))).await;
    world.wait("Healthy").await;
    let single = |judge: &Judge| judge.count(|method, path| method == Method::GET && path.contains("services/late"));
    assert_eq!(single(&judge), 0);
    // It is held as an outline until somebody looks, and is asked for then.
    world
        .patch(
            &ROLLOUTS,
            "web",
            json!({ "spec": { "strategy": { "canary": { "trafficRouting": by_istio("late") } } } }),
        )
        .await;
    update(&world, "b").await;
    world.wait("Paused").await;
    assert_eq!((weights(&world, "late").await, weights(&world, "vs").await), ([80, 20], [100, 0]));
    assert_eq!(single(&judge), 1);
}

#[tokio::test(start_paused = true)]
async fn a_router_that_fails_holds_up_no_other() {
    let (world, judge) = (world(true).await, Judge::default());
    world.create(&VIRTUAL_SERVICES, virtual_service("vs")).await;
    world.create(&INGRESSES, ingress("front")).await;
    world.controller_through(judged(&world.server, judge.judge()), |_| {});
    let mut routing = by_istio("vs");
    routing["nginx"] = json!({ "stableIngress": "front" });
    world.create(&ROLLOUTS, routed("web", routing)).await;
    world.wait("Healthy").await;
    judge.rules(|method, path| method != Method::GET && path.contains("virtualservices"), Verdict::FORBID);
    update(&world, "b").await;
    seconds(60).await;
    assert_eq!(canary_weight(&world).await.as_deref(), Some("20"));
    assert_eq!(weights(&world, "vs").await, [100, 0]);
    let told = world.events("TrafficRoutingError").await;
    assert!(told.len() == 1 && told[0].contains("virtualservices.networking.istio.io \"vs\" is forbidden"), "{told:?}");
    assert_eq!(world.rollout("web").await["status"]["phase"], "Progressing");
    judge.retires();
    seconds(15).await;
    world.wait("Paused").await;
    assert_eq!(weights(&world, "vs").await, [80, 20]);
}

#[tokio::test(start_paused = true)]
async fn routers_have_words_of_their_own_for_what_cannot_be_written() {
    let (world, judge) = (world(false).await, Judge::default());
    let splits = Resource::fixed("split.smi-spec.io", "v1alpha1", "TrafficSplit", "trafficsplits", true);
    let services = Resource::fixed("traefik.io", "v1alpha1", "TraefikService", "traefikservices", true);
    for kind in [&splits, &services] {
        world.server.create(definition(kind)).unwrap();
    }
    let weighted = ["stable", "canary"].map(|name| json!({ "name": name, "port": 80 }));
    let service = json!({
        "apiVersion": services.api_version(), "kind": "TraefikService", "metadata": { "name": "shop" },
        "spec": { "weighted": { "services": weighted } },
    });
    world.create(&services, service).await;
    world.controller_through(judged(&world.server, judge.judge()), |_| {});
    judge.rules(|method, path| method != Method::GET && path.contains("trafficsplits"), Verdict::FORBID);
    let routing = json!({ "smi": {}, "traefik": { "weightedTraefikServiceName": "shop" } });
    world.create(&ROLLOUTS, routed("web", routing)).await;
    seconds(60).await;
    let told = world.events("TrafficSplitNotCreated").await;
    assert!(told.len() == 1 && told[0].starts_with("TrafficSplit `web` failed creation: "), "{told:?}");
    assert_eq!(world.events("TrafficRoutingError").await.len(), 1);
    judge.retires();
    seconds(15).await;
    world.wait("Healthy").await;
    judge.rules(|method, path| method != Method::GET && path.contains("traefikservices"), Verdict::FORBID);
    update(&world, "b").await;
    seconds(60).await;
    let told = world.events("TraefikServiceUpdateError").await;
    let expected = "Error updating traefik service \"shop\": traefikservices.traefik.io \"shop\" is forbidden";
    assert!(told.len() == 1 && told[0].starts_with(expected), "{told:?}");
    judge.retires();
    seconds(15).await;
    world.wait("Paused").await;
    assert_eq!(world.events("TrafficSplitNotCreated").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_no_second_ingress() {
    let (world, judge) = (world(false).await, Judge::default());
    world.create(&INGRESSES, ingress("front")).await;
    world.controller_through(judged(&world.server, judge.judge()), |_| {});
    judge.rules(|method, path| method != Method::GET && path.contains("ingresses"), Verdict::Lose);
    world.create(&ROLLOUTS, routed("web", json!({ "nginx": { "stableIngress": "front" } }))).await;
    seconds(30).await;
    judge.retires();
    world.wait("Healthy").await;
    update(&world, "b").await;
    world.wait("Paused").await;
    assert_eq!(canary_weight(&world).await.as_deref(), Some("20"));
    assert_eq!(world.list(&INGRESSES).await.len(), 2);
    assert_eq!(world.events("TrafficRoutingError").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_routes_of_a_rollout_that_is_gone_are_released() {
    let world = world(true).await;
    world.create(&VIRTUAL_SERVICES, virtual_service("vs")).await;
    world.create(&INGRESSES, ingress("front")).await;
    world.controller();
    let mut routing = by_istio("vs");
    routing["nginx"] = json!({ "stableIngress": "front" });
    world.create(&ROLLOUTS, routed("web", routing.clone())).await;
    world.wait("Healthy").await;
    update(&world, "b").await;
    world.wait("Paused").await;
    assert_eq!((weights(&world, "vs").await, canary_weight(&world).await.as_deref()), ([80, 20], Some("20")));
    world.delete(&ROLLOUTS, "web").await;
    seconds(5).await;
    assert_eq!((weights(&world, "vs").await, canary_weight(&world).await), ([100, 0], None));
}

#[tokio::test(start_paused = true)]
async fn a_rollout_without_routers_gives_back_what_it_had() {
    let world = world(true).await;
    world.create(&VIRTUAL_SERVICES, virtual_service("vs")).await;
    world.create(&INGRESSES, ingress("front")).await;
    let controller = world.controller();
    let mut routing = by_istio("vs");
    routing["nginx"] = json!({ "stableIngress": "front" });
    world.create(&ROLLOUTS, routed("web", routing)).await;
    world.wait("Healthy").await;
    update(&world, "b").await;
    world.wait("Paused").await;
    assert_eq!((weights(&world, "vs").await, canary_weight(&world).await.as_deref()), ([80, 20], Some("20")));
    // Also if it happens while nobody looks.
    controller.stop();
    seconds(5).await;
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "strategy": { "canary": { "trafficRouting": null } } } })).await;
    world.controller();
    seconds(5).await;
    assert_eq!((weights(&world, "vs").await, canary_weight(&world).await), ([100, 0], None));
}

/// It goes to another controller, which has its own idea of the routes.
#[tokio::test(start_paused = true)]
async fn the_routes_of_a_rollout_that_changes_hands_are_left_alone() {
    let world = world(true).await;
    world.create(&VIRTUAL_SERVICES, virtual_service("vs")).await;
    world.controller();
    world.create(&ROLLOUTS, routed("web", by_istio("vs"))).await;
    world.wait("Healthy").await;
    update(&world, "b").await;
    world.wait("Paused").await;
    let label = json!({ "metadata": { "labels": { rollouts_api::names::INSTANCE_ID: "other" } } });
    world.patch(&ROLLOUTS, "web", label).await;
    seconds(60).await;
    assert_eq!(weights(&world, "vs").await, [80, 20]);
}

#[tokio::test(start_paused = true)]
async fn objects_of_other_namespaces_are_asked_for() {
    let world = world(true).await;
    world.create(&NAMESPACES, crate::objects::namespace("mesh")).await;
    let mut object = virtual_service("vs");
    object["metadata"]["namespace"] = "mesh".into();
    for destination in object["spec"]["http"][0]["route"].as_array_mut().unwrap() {
        let host = format!("{}.default", destination["destination"]["host"].as_str().unwrap());
        destination["destination"]["host"] = host.into();
    }
    world.create(&VIRTUAL_SERVICES, object).await;
    world.controller_with(|options| options.namespace = Some("default".into()));
    world.create(&ROLLOUTS, routed("web", by_istio("vs.mesh"))).await;
    world.wait("Healthy").await;
    update(&world, "b").await;
    world.wait("Paused").await;
    let object: Value = world.rest.get(&VIRTUAL_SERVICES, "mesh", "vs").await.unwrap();
    let route = &object["spec"]["http"][0]["route"];
    assert_eq!((&route[0]["weight"], &route[1]["weight"]), (&json!(80), &json!(20)));
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_may_not_be_listed_is_asked_for_one_by_one() {
    let (world, judge) = (world(true).await, Judge::default());
    world.create(&VIRTUAL_SERVICES, virtual_service("vs")).await;
    judge.rules(|method, path| method == Method::GET && path.contains("/virtualservices?"), Verdict::FORBID);
    world.controller_through(judged(&world.server, judge.judge()), |_| {});
    world.create(&ROLLOUTS, routed("web", by_istio("vs"))).await;
    world.wait("Healthy").await;
    update(&world, "b").await;
    world.wait("Paused").await;
    assert_eq!(weights(&world, "vs").await, [80, 20]);
    // Not even that.
    judge.rules(|method, path| method == Method::GET && path.contains("/virtualservices"), Verdict::FORBID);
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "replicas": 3 } })).await;
    seconds(5).await;
    let message = world.rollout("web").await["status"]["message"].as_str().unwrap_or_default().to_string();
    assert!(message.contains("cannot get resource \"virtualservices\""), "{message}");
    judge.retires();
    seconds(60).await;
    world.wait("Paused").await;
}

#[tokio::test(start_paused = true)]
async fn objects_of_istio_may_be_in_its_primary_cluster() {
    let (world, primary) = (world(false).await, World::start());
    primary.server.create(definition(&VIRTUAL_SERVICES)).unwrap();
    primary.create(&VIRTUAL_SERVICES, virtual_service("vs")).await;
    let client = rollouts_kube::client::from_service(primary.server.service());
    world.controller_with(|options| options.istio_primary = Some(IstioPrimary(client)));
    world.create(&ROLLOUTS, routed("web", by_istio("vs"))).await;
    world.wait("Healthy").await;
    update(&world, "b").await;
    world.wait("Paused").await;
    assert_eq!(weights(&primary, "vs").await, [80, 20]);
    // What changes there is noticed.
    let theirs = virtual_service("vs")["spec"].clone();
    primary.patch(&VIRTUAL_SERVICES, "vs", json!({ "spec": theirs })).await;
    seconds(1).await;
    assert_eq!(weights(&primary, "vs").await, [80, 20]);
}

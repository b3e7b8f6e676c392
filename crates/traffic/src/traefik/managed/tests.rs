use crate::harness::{World, owner, rollout_with_steps, weight};
use crate::traefik::Traefik;
use crate::{Change, Managed, Matches, ObjectRef, Pattern, Route, Router, Settings, Write};
use serde_json::{Value, json};

fn at(kind: &'static str, name: &str) -> ObjectRef {
    let plural = if kind == "IngressRoute" { "ingressroutes" } else { "traefikservices" };
    super::kind(&Settings::default(), kind, plural).named("ns", name)
}

fn base() -> Value {
    json!({
        "metadata": {
            "name": "front",
            "labels": { "team": "a", "app.kubernetes.io/instance": "argo" },
            "annotations": { "kubernetes.io/ingress.class": "traefik" },
        },
        "spec": {
            "entryPoints": ["websecure"],
            "tls": { "secretName": "cert" },
            "routes": [
                { "kind": "Rule", "match": "Host(`x`) || Host(`y`)", "middlewares": [{ "name": "auth" }],
                  "services": [{ "kind": "TraefikService", "name": "w" }] },
                { "match": "PathPrefix(`/other`)", "services": [{ "name": "other", "port": 80 }] },
            ],
        },
    })
}

fn world(routing: Value) -> World<'static> {
    let services = json!([
        { "name": "web-stable", "port": 80, "weight": 100 },
        { "name": "web-canary", "port": 80, "scheme": "h2c", "weight": 0 },
    ]);
    let weighted = json!({ "metadata": { "name": "w" }, "spec": { "weighted": { "services": services } } });
    let steps = json!([{ "setHeaderRoute": { "name": "vip" } }, { "setMirrorRoute": { "name": "shadow" } }]);
    let objects = [(at("TraefikService", "w"), weighted), (at("IngressRoute", "front"), base())];
    World::new(&Traefik, rollout_with_steps(routing, steps), objects)
}

fn with_base() -> World<'static> {
    world(json!({ "traefik": { "weightedTraefikServiceName": "w", "ingressRouteName": "front" } }))
}

fn header(name: &str) -> Managed {
    let matches = Matches::Headers(vec![("X-Vip".into(), Pattern::Exact("1".into()))]);
    Managed { name: name.into(), matches, mirror: None }
}

fn with(managed: Vec<Managed>) -> Route {
    Route { managed, ..weight(0) }
}

fn written(changes: &[Change]) -> Vec<String> {
    let verb = |write: &Write| match write {
        Write::Create { at, .. } => format!("create {at}"),
        Write::Patch { at, .. } => format!("patch {at}"),
        Write::Delete { at } => format!("delete {at}"),
    };
    changes.iter().map(|change| verb(&change.write)).collect()
}

#[test]
fn an_ingress_route_leads_to_the_canary() {
    let mut world = with_base();
    let changes = world.route(&Route { weight: 20, ..with(vec![header("vip")]) });
    assert_eq!(written(&changes), ["create IngressRoute web-vip", "patch TraefikService w"]);
    let made = world.get(&at("IngressRoute", "web-vip"));
    let expected = json!({
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "IngressRoute",
        "metadata": {
            "name": "web-vip",
            "namespace": "ns",
            "ownerReferences": [owner()],
            "labels": { "team": "a", "argo-rollouts.argoproj.io/managed-route-of": "u1" },
            "annotations": { "kubernetes.io/ingress.class": "traefik" },
        },
        "spec": {
            "entryPoints": ["websecure"],
            "tls": { "secretName": "cert" },
            "routes": [{
                "kind": "Rule",
                "match": "(Host(`x`) || Host(`y`)) && (Header(`X-Vip`, `1`))",
                "priority": 23,
                "middlewares": [{ "name": "auth" }],
                "services": [{ "name": "web-canary", "port": 80, "scheme": "h2c" }],
            }],
        },
    });
    assert_eq!(made, expected);
    assert_eq!(world.get(&at("IngressRoute", "front")), base(), "the user's own stays as it is");
    let changes = world.route(&weight(20));
    assert_eq!(written(&changes), ["delete IngressRoute web-vip"]);
}

#[test]
fn it_follows_the_users_own() {
    let mut world = with_base();
    world.route(&with(vec![header("vip")]));
    let mut changed = base();
    changed["spec"]["routes"][0]["priority"] = 100.into();
    changed["spec"]["routes"][0]["middlewares"] = json!([]);
    world.objects.insert(at("IngressRoute", "front"), changed.into());
    world.route(&with(vec![header("vip")]));
    let made = &world.get(&at("IngressRoute", "web-vip"))["spec"]["routes"][0];
    assert_eq!((&made["priority"], &made["middlewares"]), (&json!(101), &json!([])));
}

#[test]
fn the_first_one_comes_first() {
    let mut world = with_base();
    world.route(&with(vec![header("vip"), header("shadow")]));
    let priority = |name: &str| world.get(&at("IngressRoute", name))["spec"]["routes"][0]["priority"].clone();
    assert_eq!((priority("web-vip"), priority("web-shadow")), (json!(24), json!(23)));
}

#[test]
fn a_mirror_has_a_service_of_its_own() {
    let mut world = with_base();
    let mirror = Managed { mirror: Some(35), ..header("shadow") };
    let changes = world.route(&with(vec![mirror]));
    assert_eq!(written(&changes), ["create TraefikService web-shadow", "create IngressRoute web-shadow"]);
    let spec = json!({ "mirroring": {
        "kind": "TraefikService",
        "name": "w",
        "mirrors": [{ "name": "web-canary", "port": 80, "scheme": "h2c", "percent": 35 }],
    } });
    assert_eq!(world.get(&at("TraefikService", "web-shadow"))["spec"], spec);
    let services = &world.get(&at("IngressRoute", "web-shadow"))["spec"]["routes"][0]["services"];
    assert_eq!(*services, json!([{ "kind": "TraefikService", "name": "web-shadow" }]));
    let changes = world.release();
    assert_eq!(written(&changes), ["delete IngressRoute web-shadow", "delete TraefikService web-shadow"]);
}

#[test]
fn what_no_step_names_any_more_goes() {
    let mut world = with_base();
    world.route(&with(vec![header("vip")]));
    let canary = world.rollout.spec.strategy.canary.as_mut().expect("a canary");
    canary.steps.clear();
    assert_eq!(written(&world.route(&weight(0))), ["delete IngressRoute web-vip"]);
}

#[test]
fn what_is_wrong_is_said_and_the_weights_are_set() {
    let error = |world: &mut World<'_>| {
        let message = world.error(&Route { weight: 30, ..with(vec![header("vip")]) });
        assert_eq!(world.get(&at("TraefikService", "w"))["spec"]["weighted"]["services"][1]["weight"], 30);
        message
    };
    let mut unnamed = world(json!({ "traefik": { "weightedTraefikServiceName": "w" } }));
    let message = "Traefik needs `traefik.ingressRouteName` to know which requests to look at";
    assert_eq!(error(&mut unnamed), message);
    assert_eq!(Traefik.refuses(&unnamed.context(), &header("vip")), Some(message.into()));
    assert_eq!(unnamed.context().routing.traefik.iter().count(), 1);

    let mut foreign = with_base();
    let theirs = json!({ "metadata": { "name": "web-vip" } });
    foreign.objects.insert(at("IngressRoute", "web-vip"), theirs.clone().into());
    let message = "IngressRoute web-vip exists already, and does not belong to the Rollout";
    assert_eq!(error(&mut foreign), message);
    foreign.release();
    assert_eq!(foreign.get(&at("IngressRoute", "web-vip")), theirs);

    for (routes, message) in [
        (json!(null), "IngressRoute front has no route that leads to TraefikService w alone"),
        (
            json!([{ "services": [{ "name": "w" }] }]),
            "IngressRoute front has no route that leads to TraefikService w alone",
        ),
        (
            json!([{ "match": 1, "services": [{ "kind": "TraefikService", "name": "w" }] }]),
            "IngressRoute front: spec.routes[0].match is no text",
        ),
    ] {
        let mut world = with_base();
        let mut front = base();
        front["spec"]["routes"] = routes;
        world.objects.insert(at("IngressRoute", "front"), front.into());
        assert_eq!(error(&mut world), message);
    }
    let mut missing = with_base();
    missing.objects = [(at("TraefikService", "w"), missing.get(&at("TraefikService", "w")))].into_iter().collect();
    assert_eq!(error(&mut missing), "ingressroutes.traefik.io \"front\" not found");
}

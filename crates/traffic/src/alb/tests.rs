//! Recorded and other states of Ingresses for AWS load balancers.

mod routes;
mod verify;

use super::*;
use crate::harness::{World, rollout, weight};
use crate::{Block, Change, Matches, ObjectRef, Pattern};
use rollouts_api::rollout::WeightDestination;
use serde_json::{Value, json};

const ROOT: &str = "alb.ingress.kubernetes.io/actions.web-stable";
const RECORD: &str = "rollouts.argoproj.io/managed-alb-annotations";

fn front() -> ObjectRef {
    ingress::named("ns", "front")
}

/// An Ingress with a rule of these paths.
fn ingress_with(paths: Value) -> Value {
    json!({
        "metadata": { "name": "front", "namespace": "ns" },
        "spec": { "ingressClassName": "alb", "rules": [{ "host": "a.example", "http": { "paths": paths } }] },
    })
}

fn path(path: &str, service: &str) -> Value {
    let backend = json!({ "service": { "name": service, "port": { "name": "use-annotation" } } });
    json!({ "path": path, "pathType": "ImplementationSpecific", "backend": backend })
}

/// A Rollout with this `alb`, and an Ingress that sends everything to the action of the stable Service.
fn world(alb: Value) -> World<'static> {
    let plain = ingress_with(json!([path("/*", "web-stable")]));
    World::new(&Alb, rollout(json!({ "alb": alb })), [(front(), plain)])
}

fn annotation(world: &World<'_>, key: &str) -> Value {
    world.get(&front())["metadata"]["annotations"][key].clone()
}

fn told(changes: &[Change]) -> Vec<&str> {
    changes.iter().flat_map(|change| &change.events).map(|event| event.message.as_str()).collect()
}

/// A Rollout with managed routes `vip` and `beta`.
fn with_routes(alb: Value, paths: Value) -> World<'static> {
    let routing = json!({ "alb": alb, "managedRoutes": [{ "name": "vip" }, { "name": "beta" }] });
    World::new(&Alb, rollout(routing), [(front(), ingress_with(paths))])
}

fn vip(value: &str) -> Managed {
    let matches = Matches::Headers(vec![("X-Vip".into(), Pattern::Exact(value.into()))]);
    Managed { name: "vip".into(), matches, mirror: None }
}

/// `path service` of all rules.
fn paths_of(world: &World<'_>) -> Vec<String> {
    let object = world.get(&front());
    let rules = object["spec"]["rules"].as_array().into_iter().flatten();
    let paths = rules.flat_map(|rule| rule["http"]["paths"].as_array().into_iter().flatten());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    paths.map(|path| format!("{} {}", text(&path["path"]), text(&path["backend"]["service"]["name"]))).collect()
}

#[test]
fn one_release() {
    let mut world = world(json!({ "ingress": "front", "servicePort": 80 }));
    for percent in [0, 15, 100, 0] {
        let changes = world.route(&weight(percent));
        assert_eq!(told(&changes), [format!("Updating Ingress `front` to desiredWeight '{percent}'")]);
        let action = format!(
            r#"{{"Type":"forward","ForwardConfig":{{"TargetGroups":[{{"ServiceName":"web-canary","ServicePort":"80","Weight":{percent}}},{{"ServiceName":"web-stable","ServicePort":"80","Weight":{}}}]}}}}"#,
            100 - percent,
        );
        assert_eq!(annotation(&world, ROOT), json!(action));
        assert_eq!(annotation(&world, RECORD), json!(format!(r#"{{"web":["{ROOT}"]}}"#)));
    }
    let spec = ingress_with(json!([path("/*", "web-stable")]))["spec"].clone();
    assert_eq!(world.get(&front())["spec"], spec, "rules are left alone");
}

#[test]
fn several_ingresses_stickiness_prefix_root_service_and_experiments() {
    let sticky = json!({ "enabled": true, "durationSeconds": 120 });
    let alb = json!({
        "ingresses": ["front", "back"], "servicePort": 443, "rootService": "root",
        "annotationPrefix": "lb.example", "stickinessConfig": sticky,
    });
    let front_in = ingress_with(json!([path("/keep", "web-stable"), path("/*", "root")]));
    let back = ingress::named("ns", "back");
    let all = [(front(), front_in), (back.clone(), ingress_with(json!([path("/*", "root")])))];
    let mut world = World::new(&Alb, rollout(json!({ "alb": alb })), all);
    let mut route = weight(10);
    route.additional = vec![WeightDestination { weight: 20, service_name: "exp".into(), ..Default::default() }];
    assert_eq!(
        told(&world.route(&route)),
        ["Updating Ingress `front` to desiredWeight '10'", "Updating Ingress `back` to desiredWeight '10'"]
    );
    let action = r#"{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"web-canary","ServicePort":"443","Weight":10},{"ServiceName":"exp","ServicePort":"443","Weight":20},{"ServiceName":"web-stable","ServicePort":"443","Weight":70}],"TargetGroupStickinessConfig":{"Enabled":true,"DurationSeconds":120}}}"#;
    for at in [front(), back] {
        assert_eq!(world.get(&at)["metadata"]["annotations"]["lb.example/actions.root"], json!(action));
    }
    let groups = target_groups(&world.context(), &route);
    let seen: Vec<_> = groups.iter().map(|group| (group.resource("ns"), group.weight, group.role)).collect();
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[0], ("ns/front-web-canary:443".into(), 10, TargetRole::Canary));
    assert_eq!(seen[4], ("ns/back-exp:443".into(), 20, TargetRole::Additional));
    assert_eq!(seen[5], ("ns/back-web-stable:443".into(), 70, TargetRole::Stable));
}

#[test]
fn one_wrong_ingress_hides_no_other() {
    let alb = json!({ "ingresses": ["gone", "plain", "odd", "front"], "servicePort": 80 });
    let all = [
        (ingress::named("ns", "plain"), ingress_with(json!([path("/*", "other")]))),
        (
            ingress::named("ns", "odd"),
            json!({
                "metadata": { "annotations": { RECORD: "[]" } },
                "spec": { "defaultBackend": { "service": { "name": "web-stable" } } },
            }),
        ),
        (front(), ingress_with(json!([path("/*", "web-stable")]))),
    ];
    let mut world = World::new(&Alb, rollout(json!({ "alb": alb })), all);
    let error = world.error(&weight(5));
    let expected = [
        "ingress.networking.k8s.io \"gone\" not found",
        "ingress does not have service `web-stable` in rules",
        "ingress `odd`: annotation rollouts.argoproj.io/managed-alb-annotations is not a JSON map of lists: invalid type: sequence, expected a map at line 1 column 0",
    ];
    assert_eq!(error, expected.join("; "));
    assert!(annotation(&world, ROOT).is_string());
    let sticky = json!({ "enabled": true, "durationSeconds": 0 });
    let mut world = with_routes(
        json!({ "ingress": "front", "servicePort": 80, "stickinessConfig": sticky }),
        json!([path("/*", "web-stable")]),
    );
    assert_eq!(
        world.error(&weight(5)),
        "TargetGroupStickinessConfig's duration must be between 1 and 604800 seconds (7 days)!"
    );
}

#[test]
fn released_ingresses_keep_what_their_rules_need() {
    let alb = json!({ "ingress": "front", "servicePort": 80, "rootService": "root" });
    let mut world = with_routes(alb, json!([path("/*", "root")]));
    let mut object = world.get(&front());
    object["metadata"]["annotations"] = json!({
        RECORD: r#"{"other":["alb.ingress.kubernetes.io/actions.other"]}"#,
        "rollouts.argoproj.io/managed-alb-actions": "{}",
        "team": "a",
    });
    world.objects.insert(front(), object.into());
    let mut route = weight(40);
    route.managed = vec![vip("gold")];
    world.route(&route);
    assert_eq!(paths_of(&world), ["/* vip", "/* root"]);
    assert_eq!(told(&world.release()), ["Updating Ingress `front` to desiredWeight '0'"]);
    assert_eq!(paths_of(&world), ["/* root"]);
    assert_eq!(
        world.get(&front())["metadata"]["annotations"],
        json!({
            "alb.ingress.kubernetes.io/actions.root": r#"{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"web-stable","ServicePort":"80","Weight":100}]}}"#,
            RECORD: r#"{"other":["alb.ingress.kubernetes.io/actions.other"]}"#,
            "team": "a",
        })
    );
}

#[test]
fn another_action_takes_the_place_of_the_former_one() {
    let mut world = with_routes(json!({ "ingress": "front", "servicePort": 80 }), json!([path("/*", "web-stable")]));
    let mut route = weight(40);
    route.managed = vec![vip("gold")];
    world.route(&route);
    let routing = json!({ "ingress": "front", "servicePort": 80, "annotationPrefix": "lb.example" });
    world.rollout = rollout(json!({ "alb": routing, "managedRoutes": [{ "name": "vip" }] }));
    world.route(&route);
    let object = world.get(&front());
    let keys: Vec<&String> = object["metadata"]["annotations"].as_object().expect("some").keys().collect();
    assert_eq!(
        keys,
        [
            "alb.ingress.kubernetes.io/actions.web-stable",
            "lb.example/actions.vip",
            "lb.example/actions.web-stable",
            "lb.example/conditions.vip",
            RECORD,
        ]
    );
    let former = annotation(&world, ROOT);
    assert!(former.as_str().is_some_and(|text| text.contains(r#""web-stable","ServicePort":"80","Weight":100"#)));
}

#[test]
fn services_swap_their_roles() {
    let alb = json!({ "ingress": "front", "servicePort": 80, "rootService": "root" });
    let mut world = with_routes(alb, json!([path("/*", "root")]));
    let mut route = weight(30);
    (route.canary.service, route.stable.service) = ("pong".into(), "ping".into());
    world.route(&route);
    let mut swapped = weight(0);
    (swapped.canary.service, swapped.stable.service) = ("ping".into(), "pong".into());
    world.route(&swapped);
    let expected = r#"{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"ping","ServicePort":"80","Weight":0},{"ServiceName":"pong","ServicePort":"80","Weight":100}]}}"#;
    assert_eq!(annotation(&world, "alb.ingress.kubernetes.io/actions.root"), json!(expected));
}

//! Recorded and other states of Ingresses for AWS load balancers.

use super::*;
use crate::fixture::{World, rollout, weight};
use crate::{Change, ObjectRef};
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

//! Routers that cannot be told.

use super::*;

#[test]
fn it_is_told_once_and_heals_by_itself() {
    let mut w = updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({}));
    w.run(60);
    let mut broken = virtual_service();
    broken["spec"]["http"][0]["route"][1]["destination"]["host"] = json!("someone-else");
    w = w.with_object(at(), broken);
    w.run(60);
    assert!(w.status().message.contains("InvalidSpec"), "{}", w.status().message);
    w = w.with_object(at(), virtual_service());
    w.run(60);
    assert_eq!((weight(&w), w.status().phase.as_str()), (50, "Paused"));
}

#[test]
fn one_router_does_not_hide_another() {
    let routing = json!({
        "istio": { "virtualService": { "name": "web" } },
        "traefik": { "weightedTraefikServiceName": "web" },
    });
    let mut w = updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({ "trafficRouting": routing }));
    w.run(60);
    let expected = "False TrafficRoutingError: Traefik: traefikservices.traefik.io \"web\" not found";
    assert_eq!(condition(&w).as_deref(), Some(expected));
    assert_eq!(told(&w, "TrafficRoutingError"), 1, "{:?}", w.events);
    assert_eq!(w.status().canary.weights, None);
    let traefik = Kind::fixed("traefik.io", "v1alpha1", "TraefikService", "traefikservices");
    let service = json!({ "metadata": { "name": "web", "namespace": "ns" }, "spec": { "weighted": { "services": [
        { "name": "web-stable", "port": 80 }, { "name": "web-canary", "port": 80 },
    ]}}});
    w = w.with_object(traefik.named("ns", "web"), service);
    w.run(60);
    assert_eq!((weight(&w), condition(&w)), (50, None));
}

#[test]
fn what_the_api_server_refuses_is_told_once() {
    let mut w = updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({}));
    w.run(60);
    let write = rollouts_traffic::Write::Delete { at: at() };
    let refused =
        |w: &World| rollouts_core::plan_after_route_error(&w.snapshot(), w.now, ("Istio", &write), "forbidden");
    let plan = refused(&w);
    assert!(plan.to_string().contains("Warning event TrafficRoutingError: forbidden"), "{plan}");
    let kind = Kind::fixed("apisix.apache.org", "v2", "ApisixRoute", "apisixroutes");
    let own = rollouts_traffic::Write::Delete { at: kind.named("ns", "vip") };
    let own = rollouts_core::plan_after_route_error(&w.snapshot(), w.now, ("Apisix", &own), "forbidden").to_string();
    let expected = "Warning event ApisixRouteDeleteError: Error deleting apisix route \"vip\": forbidden";
    assert!(own.contains(expected) && own.contains("event TrafficRoutingError: forbidden"), "{own}");
    let status = plan.effects().find_map(|e| match e {
        rollouts_core::Effect::PatchStatus { status } => Some(status.clone()),
        _ => None,
    });
    w.rollout.status = *status.expect("a status");
    assert!(refused(&w).is_idle());
    w.settle_now();
    assert_eq!(condition(&w), None, "all is as it should be");
}

#[test]
fn a_gateway_that_has_not_taken_the_route_holds_the_step() {
    let kind = Kind::fixed("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
    let route = kind.named("ns", "web");
    let object = |accepted: &str| {
        json!({
            "metadata": { "name": "web", "namespace": "ns", "generation": 1 },
            "spec": { "parentRefs": [{ "name": "edge" }], "rules": [{ "backendRefs": [
                { "name": "web-stable", "port": 80, "weight": 100 }, { "name": "web-canary", "port": 80, "weight": 0 },
            ]}]},
            "status": { "parents": [{ "parentRef": { "name": "edge" }, "conditions": [
                { "type": "Accepted", "status": accepted, "observedGeneration": 1 },
                { "type": "ResolvedRefs", "status": "True", "observedGeneration": 1 },
            ]}]},
        })
    };
    let routing = json!({ "plugins": { "argoproj-labs/gatewayAPI": { "httpRoute": "web" } } });
    let mut w = world(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({ "trafficRouting": routing }))
        .with_object(route.clone(), object("True"));
    w.run(60);
    w.set_image("2");
    w = w.with_object(route.clone(), object("False"));
    w.run(60);
    let weights = w.status().canary.weights.clone().expect("weights");
    assert_eq!((weights.canary.weight, weights.verified, w.status().current_step_index), (50, Some(false), Some(0)));
    let mut taken = (**w.routers.get(&route).unwrap()).clone();
    taken["status"] = object("True")["status"].clone();
    w = w.with_object(route, taken);
    w.run(60);
    assert_eq!((w.status().phase.as_str(), w.status().current_step_index), ("Paused", Some(1)));
}

#[test]
fn a_key_that_is_misspelt_is_invalid() {
    let routing = json!({ "plugins": { "argoproj-labs/gatewayAPI": { "httpRoot": "web" } } });
    let mut w = world(4, json!([{ "setWeight": 50 }]), json!({ "trafficRouting": routing }));
    w.settle_now();
    let message = &w.status().message;
    assert!(message.contains("trafficRouting") && message.contains("httpRoot is not known"), "{message}");
}

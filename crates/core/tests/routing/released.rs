//! What is left when a Rollout no longer uses a router.

use super::*;
use rollouts_traffic::INGRESSES;

#[test]
fn routing_that_is_taken_out_is_given_back() {
    let mut w = updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({}));
    w.run(60);
    assert_eq!((weight(&w), remembers(&w)), (50, true));
    w.change(|ro| ro.spec.strategy.canary.as_mut().unwrap().traffic_routing = None);
    w.settle_now();
    assert_eq!((weight(&w), remembers(&w), w.status().canary.weights.is_none()), (0, false, true));
}

#[test]
fn another_strategy_gives_it_back_too() {
    let mut w = updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({}));
    w.run(60);
    w.change(|ro| {
        ro.spec.strategy = serde_json::from_value(json!({ "blueGreen": { "activeService": "web-stable" } })).unwrap()
    });
    w.run(60);
    assert_eq!((weight(&w), remembers(&w)), (0, false));
}

#[test]
fn another_router_takes_over() {
    let ingress = json!({ "metadata": { "name": "front", "namespace": "ns" }, "spec": { "rules": [{ "http": { "paths": [
        { "path": "/", "pathType": "Prefix", "backend": { "service": { "name": "web-stable", "port": { "number": 80 } } } },
    ]}}]}});
    let front = INGRESSES.named("ns", "front");
    let mut w =
        updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({})).with_object(front.clone(), ingress);
    w.run(60);
    let nginx = json!({ "nginx": { "stableIngress": "front" } });
    w.change(|ro| ro.spec.strategy.canary.as_mut().unwrap().traffic_routing = serde_json::from_value(nginx).unwrap());
    w.run(10);
    let canary = INGRESSES.named("ns", "web-front-canary");
    let of = |w: &World| w.routers.get(&canary).map(|o| o["metadata"]["annotations"].clone());
    let annotations = of(&w).expect("a canary Ingress");
    assert_eq!(annotations["nginx.ingress.kubernetes.io/canary-weight"], "50");
    assert_eq!(weight(&w), 0);
    w.change(|ro| ro.spec.strategy.canary.as_mut().unwrap().traffic_routing = None);
    w.run(10);
    assert_eq!((of(&w), w.routers.get(&front).is_some()), (None, true));
}

#[test]
fn routes_that_are_no_longer_listed_go() {
    let vip = json!({ "setHeaderRoute": { "name": "vip", "match": [
        { "headerName": "x-vip", "headerValue": { "exact": "1" } },
    ]}});
    let steps = json!([{ "setWeight": 50 }, vip, { "pause": {} }]);
    let mut w = updated(4, steps, json!({}));
    w.run(60);
    assert_eq!((routes(&w), weight(&w)), (vec!["vip".to_string(), "main".into()], 50));
    w.change(|ro| {
        let canary = ro.spec.strategy.canary.as_mut().unwrap();
        canary.steps.remove(1);
        canary.traffic_routing.as_mut().unwrap().managed_routes = None;
    });
    w.settle_now();
    assert_eq!((routes(&w), remembers(&w)), (vec!["main".to_string()], true));
}

#[test]
fn a_crash_in_between_loses_nothing() {
    for survives in 0..4 {
        let mut w = updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({}));
        w.run(60);
        w.change(|ro| ro.spec.strategy.canary.as_mut().unwrap().traffic_routing = None);
        w.crashes = vec![survives];
        w.settle_now();
        assert_eq!((weight(&w), remembers(&w)), (0, false), "after {survives} effects");
    }
}

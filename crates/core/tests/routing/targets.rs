//! Header and mirror routes.

use super::*;

fn vip() -> Value {
    json!({ "setHeaderRoute": { "name": "vip", "match": [
        { "headerName": "x-vip", "headerValue": { "exact": "1" } },
    ]}})
}

#[test]
fn a_route_lives_from_its_step_to_the_end() {
    let steps = json!([{ "setCanaryScale": { "replicas": 1 } }, vip(), { "setWeight": 50 }, { "pause": {} }]);
    let mut w = updated(2, steps, json!({}));
    w.run(60);
    assert_eq!((routes(&w), weight(&w)), (vec!["vip".to_string(), "main".into()], 50));
    w.promote();
    w.run(100);
    assert_eq!((routes(&w), weight(&w)), (vec!["main".to_string()], 0));
}

#[test]
fn a_step_without_matches_removes_it() {
    let steps = json!([
        { "setCanaryScale": { "replicas": 1 } }, vip(), { "pause": {} },
        { "setHeaderRoute": { "name": "vip" } }, { "pause": {} },
    ]);
    let mut w = updated(2, steps, json!({}));
    w.run(60);
    assert_eq!(routes(&w), ["vip", "main"]);
    w.promote();
    w.run(60);
    assert_eq!((routes(&w), w.status().current_step_index), (vec!["main".to_string()], Some(4)));
}

#[test]
fn it_comes_back_with_the_pods() {
    let mut w = updated(2, json!([{ "setCanaryScale": { "replicas": 1 } }, vip(), { "pause": {} }]), json!({}));
    w.run(60);
    let available = |w: &mut World, available: i32| {
        w.sets.values_mut().find(|s| s.revision() == 2).unwrap().status.available_replicas = available;
        w.settle_now();
        routes(w)
    };
    assert_eq!(available(&mut w, 0), ["main"]);
    assert_eq!(available(&mut w, 1), ["vip", "main"]);
    // Somebody takes it out.
    w = w.with_object(at(), virtual_service());
    w.settle_now();
    assert_eq!(routes(&w), ["vip", "main"]);
    w.rollout.status.abort = true;
    w.settle_now();
    assert_eq!(routes(&w), ["main"]);
}

#[test]
fn what_a_router_cannot_express_is_invalid() {
    let invalid = |step: Value| {
        let mut w = World::new(
            2,
            json!({ "canary": {
                "canaryService": "web-canary", "stableService": "web-stable", "steps": [step],
                "trafficRouting": { "smi": {}, "nginx": { "stableIngress": "web" }, "managedRoutes": [{ "name": "vip" }] },
            }}),
        );
        w.settle_now();
        w.status().message.clone()
    };
    let step =
        json!({ "setHeaderRoute": { "name": "vip", "match": [{ "queryParams": { "beta": { "exact": "1" } } }] } });
    let message = invalid(step);
    let expected = "spec.strategy.canary.steps[0].setHeaderRoute: Invalid value: \
                    {\"match\":[{\"queryParams\":{\"beta\":{\"exact\":\"1\"}}}],\"name\":\"vip\"}: NGINX cannot match on the query";
    assert!(message.ends_with(expected), "{message}");
    // In upstream's form it is enough that one of the routers can.
    assert!(!invalid(vip()).contains("setHeaderRoute"));
}

//! Services select other pods at once; what leads to these comes later.

use super::*;

/// Endpoints of the Service have so many pods of a revision.
fn lead(world: &mut World, service: &str, revision: i64, pods: i32) {
    let set = world.sets.values().find(|s| s.revision() == revision).expect("a ReplicaSet of this revision");
    let name = set.metadata.name.clone();
    let pods = (0..pods).map(|n| format!("{name}-pod{n:02}")).collect();
    world.endpoints.insert(service.into(), pods);
}

#[test]
fn traffic_waits_for_the_endpoints_of_the_canary() {
    let mut w = updated(10, json!([{ "setWeight": 20 }, { "pause": {} }]), json!({}));
    w.endpoints.insert("web-canary".into(), Default::default());
    w.run(60);
    assert_eq!((weight(&w), w.sizes(), serves(&w, "web-canary")), (0, vec![(1, 10), (2, 2)], 2));
    assert_eq!(w.status().current_step_index, Some(0), "the step is not done");
    lead(&mut w, "web-canary", 2, 1);
    w.run(10);
    assert_eq!(weight(&w), 0, "one of two pods would have the requests of both");
    lead(&mut w, "web-canary", 2, 2);
    w.run(10);
    assert_eq!((weight(&w), w.status().current_step_index), (20, Some(1)));
}

#[test]
fn a_promoted_version_is_reached_through_the_canary_until_the_stable_service_leads_to_it() {
    let dynamic = json!({ "dynamicStableScale": true });
    let mut w = updated(10, json!([{ "setWeight": 20 }]), dynamic);
    w.step();
    lead(&mut w, "web-stable", 1, 10);
    w.run(100);
    assert_eq!((weight(&w), serves(&w, "web-stable"), w.status().phase.as_str()), (100, 2, "Healthy"));
    assert_eq!(w.sizes(), [(1, w.sizes()[0].1), (2, 10)]);
    assert!(w.sizes()[0].1 > 0, "the stable Service still leads to them");
    lead(&mut w, "web-stable", 2, 10);
    w.run(20);
    assert_eq!((weight(&w), w.sizes()), (0, vec![(1, 0), (2, 10)]));
}

#[test]
fn an_abort_gives_back_only_what_the_stable_service_leads_to() {
    let dynamic = json!({ "dynamicStableScale": true });
    let mut w = updated(10, json!([{ "setWeight": 100 }, { "pause": {} }]), dynamic);
    w.run(100);
    assert_eq!((weight(&w), w.sizes()), (100, vec![(1, 0), (2, 10)]));
    w.endpoints.insert("web-stable".into(), Default::default());
    w.rollout.status.abort = true;
    w.run(60);
    assert_eq!(weight(&w), 100);
    lead(&mut w, "web-stable", 1, 10);
    w.run(60);
    assert_eq!((weight(&w), w.sizes()), (0, vec![(1, 10), (2, 0)]));
}

#[test]
fn an_experiment_gets_traffic_when_its_endpoints_are_there() {
    let template = json!({ "name": "a", "specRef": "canary", "weight": 5 });
    let mut w = updated(4, json!([{ "experiment": { "templates": [template] } }]), json!({}));
    w.run(10);
    let name = w.status().canary.current_experiment.clone();
    let experiment = w.experiments.get_mut(&name).expect("an Experiment");
    let running = json!({ "name": "a", "serviceName": "web-a", "podTemplateHash": "1", "availableReplicas": 1 });
    experiment.status.template_statuses = vec![serde_json::from_value(running).unwrap()];
    let shares =
        |w: &World| w.status().canary.weights.as_ref().unwrap().additional.iter().map(|a| a.weight).sum::<i32>();
    w.endpoints.insert("web-a".into(), Default::default());
    w.experiment_ends(&name, "Running", "", 20);
    assert_eq!(shares(&w), 0);
    w.endpoints.insert("web-a".into(), ["web-a-pod".to_string()].into());
    w.run(5);
    assert_eq!((shares(&w), recorded(&w)), (5, (0, 95)));
    w.endpoints.insert("web-a".into(), Default::default());
    w.run(5);
    assert_eq!(shares(&w), 5, "what it has, it keeps while it runs");
    w.experiment_ends(&name, "Successful", "", 5);
    assert_eq!(shares(&w), 0);
}

//! Load balancers that must confirm what they were told (traffic.md §2.3).

use super::*;
use rollouts_traffic::{Answer, FoundGroup, INGRESSES, LoadBalancer, Settings, Targets};
use std::collections::BTreeMap;
use std::sync::Arc;

const HOST: &str = "front-1.eu-central-1.elb.amazonaws.com";

fn ingress(name: &str, host: &str) -> Value {
    let backend = json!({ "service": { "name": "web-stable", "port": { "name": "use-annotation" } } });
    json!({
        "metadata": { "name": name, "namespace": "ns" },
        "spec": { "rules": [{ "http": { "paths": [{ "path": "/*", "backend": backend }] } }] },
        "status": { "loadBalancer": { "ingress": [{ "hostname": host }] } },
    })
}

fn verified(on: bool) -> Arc<Settings> {
    Arc::new(Settings { aws_verify_target_group: on, ..Settings::default() })
}

fn by(routing: Value, steps: Value, also: Value) -> World {
    let mut strategy = json!({ "trafficRouting": { "alb": routing } });
    for (key, value) in also.as_object().into_iter().flatten() {
        strategy[key] = value.clone();
    }
    let mut w = world(4, steps, strategy).with_object(INGRESSES.named("ns", "front"), ingress("front", HOST));
    w.settings = verified(true);
    w.others.targets = Some(Answer::Targets(Vec::new()));
    w
}

/// The first version is there, and the load balancer known.
fn started(steps: Value, also: Value) -> World {
    let mut w = by(json!({ "ingress": "front", "servicePort": 80 }), steps, also);
    splits(&mut w, 0);
    w.run(60);
    w.set_image("2");
    w
}

fn arn(service: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/tg-{service}/2b")
}

/// What one load balancer has, for an Ingress and Services with weights, in each of its rules.
fn balancer(ingress: &str, rules: &[&[(&str, i32)]]) -> LoadBalancer {
    let services: BTreeMap<&str, i32> = rules.iter().flat_map(|rule| rule.iter().copied()).collect();
    let group = |service: &&str| FoundGroup {
        name: format!("tg-{service}"),
        arn: arn(service),
        resource: format!("ns/{ingress}-{service}:80"),
    };
    let rule = |rule: &&[(&str, i32)]| rule.iter().map(|(service, weight)| (arn(service), *weight)).collect();
    LoadBalancer {
        name: "lb".into(),
        arn: "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/lb/1a".into(),
        groups: services.keys().map(group).collect(),
        rules: rules.iter().map(rule).collect(),
    }
}

fn answers(w: &mut World, found: Option<LoadBalancer>) {
    w.others.balancers = Some(Answer::LoadBalancers(BTreeMap::from([(HOST.into(), found)])));
}

/// The load balancer gives the canary this share.
fn splits(w: &mut World, canary: i32) {
    answers(w, Some(balancer("front", &[&[("web-canary", canary), ("web-stable", 100 - canary)]])));
}

fn is_verified(w: &World) -> Option<bool> {
    w.status().canary.weights.as_ref().expect("weights").verified
}

#[test]
fn a_step_waits_for_its_weight() {
    let mut w = started(json!([{ "setWeight": 25 }, { "pause": {} }]), json!({}));
    w.run(60);
    assert_eq!((w.status().current_step_index, is_verified(&w)), (Some(0), Some(false)));
    let group = arn("web-canary");
    let off = format!(
        "TargetGroupUnverified Service web-canary (TargetGroup {group}) not verified: canary weight 25 not yet set (current: 0)"
    );
    assert_eq!(w.warnings, [off]);
    splits(&mut w, 25);
    let asked = w.others.asked;
    w.run(10);
    assert_eq!(w.others.asked, asked + 1, "it is not asked all the time");
    assert_eq!((w.status().phase.as_str(), w.status().current_step_index), ("Paused", Some(1)));
    let on = format!("TargetGroupVerified Service web-canary (TargetGroup {group}) verified: canary weight 25 set");
    assert_eq!((told(&w, &on), w.warnings.len()), (1, 0), "{:?}", w.events);
    let asked = w.others.asked;
    w.run(3600);
    assert_eq!((w.others.asked, is_verified(&w)), (asked, None), "nobody is asked what nobody waits for");
}

#[test]
fn what_is_found_stands_in_the_status() {
    let w = started(json!([{ "setWeight": 25 }, { "pause": {} }]), json!({}));
    let named = |name: &str, arn: &str, full_name: &str| json!({ "name": name, "arn": arn, "fullName": full_name });
    let expected = json!({
        "ingress": "front",
        "loadBalancer": named("lb", "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/lb/1a", "lb/1a"),
        "canaryTargetGroup": named("tg-web-canary", &arn("web-canary"), "tg-web-canary/2b"),
        "stableTargetGroup": named("tg-web-stable", &arn("web-stable"), "tg-web-stable/2b"),
    });
    assert_eq!((json!(w.status().alb), json!(w.status().albs)), (expected.clone(), json!([expected])));
    let mut w = w;
    w.settings = verified(false);
    w.settle_now();
    assert_eq!((&w.status().alb, w.status().albs.len()), (&None, 0));
    w.settings = verified(true);
    w.settle_now();
    w.change(|ro| ro.spec.strategy.canary.as_mut().unwrap().traffic_routing = None);
    w.settle_now();
    assert_eq!((&w.status().alb, w.status().albs.len()), (&None, 0));
}

#[test]
fn without_the_flag_nobody_is_asked() {
    let mut w = by(json!({ "ingress": "front", "servicePort": 80 }), json!([{ "setWeight": 25 }]), json!({}));
    w.settings = verified(false);
    w.run(60);
    w.set_image("2");
    w.run(120);
    assert_eq!((w.others.asked, w.status().phase.as_str(), w.sizes()), (0, "Healthy", vec![(1, 0), (2, 4)]));
}

#[test]
fn an_update_ends_when_the_load_balancer_has_all_of_it() {
    let mut w = started(json!([{ "setWeight": 25 }, { "pause": {} }]), json!({}));
    w.run(60);
    splits(&mut w, 25);
    w.run(20);
    w.promote();
    w.run(60);
    assert_eq!((w.status().current_step_index, w.status().phase.as_str()), (Some(2), "Progressing"));
    assert_eq!((w.sizes(), serves(&w, "web-stable")), (vec![(1, 4), (2, 4)], 1));
    splits(&mut w, 100);
    w.run(20);
    assert_eq!((w.status().phase.as_str(), serves(&w, "web-stable")), ("Healthy", 2));
    w.run(60);
    assert_eq!(w.sizes(), [(1, 0), (2, 4)]);
}

#[test]
fn what_was_confirmed_need_not_be_confirmed_again() {
    let mut w = started(json!([{ "setWeight": 25 }, { "pause": {} }, { "setWeight": 25 }, { "pause": {} }]), json!({}));
    splits(&mut w, 25);
    w.run(60);
    w.promote();
    // The Ingress is written to by somebody: what is put right must be confirmed anew.
    let at = INGRESSES.named("ns", "front");
    w = w.with_object(at, ingress("front", HOST));
    splits(&mut w, 0);
    w.run(30);
    assert_eq!((w.status().current_step_index, is_verified(&w)), (Some(2), Some(false)));
    splits(&mut w, 25);
    w.run(20);
    assert_eq!(w.status().current_step_index, Some(3));
}

#[test]
fn an_aborted_canary_stays_until_it_has_no_traffic() {
    let mut w = started(json!([{ "pause": {} }, { "setWeight": 50 }, { "pause": {} }]), json!({}));
    w.run(10);
    w.promote();
    splits(&mut w, 50);
    w.run(60);
    assert_eq!(w.status().current_step_index, Some(2));
    w.rollout.status.abort = true;
    w.run(120);
    assert_eq!((w.sizes(), is_verified(&w)), (vec![(1, 4), (2, 2)], Some(false)));
    splits(&mut w, 0);
    w.run(60);
    assert_eq!((w.sizes(), is_verified(&w)), (vec![(1, 4), (2, 0)], Some(true)));
}

#[test]
fn what_keeps_weights_from_being_confirmed_is_told() {
    let stable = ("web-stable", 75);
    let of = |answer: Answer| {
        let mut w = started(json!([{ "setWeight": 25 }, { "pause": {} }]), json!({}));
        w.others.balancers = Some(answer);
        w.run(60);
        (w.warnings.clone(), w.status().current_step_index == Some(1))
    };
    let found = |rules: &[&[(&str, i32)]]| {
        Answer::LoadBalancers(BTreeMap::from([(HOST.to_owned(), Some(balancer("front", rules)))]))
    };
    let off = |service: &str, group: &str, weight: i32, current: i32| {
        format!(
            "TargetGroupUnverified Service {service} (TargetGroup {group}) not verified: canary weight {weight} not yet set (current: {current})"
        )
    };
    let (canary, group) = ("web-canary", arn("web-canary"));
    let no_balancer = Answer::LoadBalancers(BTreeMap::from([(HOST.to_owned(), None)]));
    let failed = Answer::Failed { group: None, problem: "throttled".into() };
    for (answer, warnings) in [
        (no_balancer, vec![format!("LoadBalancerNotFound Failed to find load balancer: {HOST}")]),
        (
            failed,
            vec![
                format!("TargetGroupVerifyError Failed to verify Service {canary} (TargetGroup unknown): throttled"),
                "WeightVerifyError Failed to verify weight: throttled".to_owned(),
            ],
        ),
        (found(&[]), vec![off(canary, "unknown", 25, 0)]),
        (found(&[&[stable]]), vec![off(canary, "unknown", 25, 0)]),
        // One listener lags behind.
        (found(&[&[(canary, 25), stable], &[(canary, 0), ("web-stable", 100)]]), vec![off(canary, &group, 25, 0)]),
        // The share is another one all the same.
        (found(&[&[(canary, 25), ("web-stable", 100)]]), vec![off("web-stable", &arn("web-stable"), 75, 100)]),
        // A header route sends all it matches to the canary, another path goes to the stable Service.
        (found(&[&[(canary, 100)], &[(canary, 25), stable], &[("web-stable", 1)]]), vec![]),
    ] {
        assert_eq!(of(answer.clone()), (warnings.clone(), warnings.is_empty()), "{answer:?}");
    }
}

#[test]
fn all_ingresses_must_have_it() {
    let (other, routing) = ("back-1.elb", json!({ "ingresses": ["front", "back"], "servicePort": 80 }));
    let mut w = by(routing, json!([{ "setWeight": 25 }, { "pause": {} }]), json!({}))
        .with_object(INGRESSES.named("ns", "back"), ingress("back", other));
    let both = |front: i32, back: i32| {
        let one = |ingress: &str, canary: i32| {
            Some(balancer(ingress, &[&[("web-canary", canary), ("web-stable", 100 - canary)]]))
        };
        Some(Answer::LoadBalancers([(HOST.into(), one("front", front)), (other.into(), one("back", back))].into()))
    };
    w.others.balancers = both(0, 0);
    w.run(60);
    w.set_image("2");
    w.others.balancers = both(25, 0);
    w.run(60);
    assert_eq!((w.status().current_step_index, w.warnings.len()), (Some(0), 1));
    w.others.balancers = both(25, 25);
    w.run(60);
    assert_eq!(w.status().current_step_index, Some(1));
    let names: Vec<&str> = w.status().albs.iter().map(|alb| alb.ingress.as_str()).collect();
    assert_eq!((names, &w.status().alb), (vec!["front", "back"], &None));
    assert_eq!(told(&w, "TargetGroupVerified"), 2);
}

#[test]
fn a_load_balancer_that_is_not_there_yet_is_looked_for() {
    let mut w = by(json!({ "ingress": "front", "servicePort": 80 }), json!([{ "setWeight": 25 }]), json!({}));
    w.run(600);
    assert_eq!((w.status().phase.as_str(), w.others.asked), ("Healthy", 0), "nothing waits for the answer");
    answers(&mut w, None);
    w.run(600);
    assert!((5..15).contains(&w.others.asked), "{}", w.others.asked);
    splits(&mut w, 0);
    w.run(120);
    assert!(w.status().alb.is_some());
    let asked = w.others.asked;
    w.run(3600);
    assert_eq!(w.others.asked, asked);
}

#[test]
fn what_one_router_has_confirmed_is_told_when_all_have() {
    let kind = Kind::fixed("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
    let route = |accepted: &str| {
        json!({
            "metadata": { "name": "web", "namespace": "ns", "generation": 1 },
            "spec": { "parentRefs": [{ "name": "edge" }], "rules": [{ "backendRefs": [
                { "name": "web-stable", "port": 80, "weight": 100 }, { "name": "web-canary", "port": 80, "weight": 0 },
            ]}]},
            "status": { "parents": [{ "parentRef": { "name": "edge" }, "conditions": [
                { "type": "Accepted", "status": accepted, "observedGeneration": 1 },
            ]}]},
        })
    };
    let routing = json!({
        "alb": { "ingress": "front", "servicePort": 80 }, "plugins": { "argoproj-labs/gatewayAPI": { "httpRoute": "web" } },
    });
    let mut w = started(json!([{ "setWeight": 25 }, { "pause": {} }]), json!({ "trafficRouting": routing }))
        .with_object(kind.named("ns", "web"), route("False"));
    w.run(60);
    splits(&mut w, 25);
    w.run(60);
    assert_eq!((is_verified(&w), told(&w, "TargetGroupVerified"), w.warnings.len()), (Some(false), 0, 0));
    let mut taken = (**w.routers.get(&kind.named("ns", "web")).unwrap()).clone();
    taken["status"] = route("True")["status"].clone();
    w = w.with_object(kind.named("ns", "web"), taken);
    w.run(60);
    assert_eq!((w.status().phase.as_str(), told(&w, "TargetGroupVerified")), ("Paused", 1), "{:?}", w.events);
}

#[test]
fn groups_that_are_being_made_are_looked_for() {
    let mut w = by(json!({ "ingress": "front", "servicePort": 80 }), json!([{ "setWeight": 25 }]), json!({}));
    answers(&mut w, Some(balancer("front", &[&[("web-stable", 100)]])));
    w.run(30);
    let canary = |w: &World| w.status().alb.as_ref().map(|alb| alb.canary_target_group.name.clone());
    assert_eq!(canary(&w).as_deref(), Some(""));
    splits(&mut w, 0);
    w.run(90);
    assert_eq!(canary(&w).as_deref(), Some("tg-web-canary"));
}

fn registered(endpoints: usize, registered: usize) -> Option<Answer> {
    Some(Answer::Targets(vec![Targets { group: "arn:tg".into(), endpoints, registered }]))
}

#[test]
fn what_is_replaced_stays_until_all_targets_are_registered() {
    for also in [json!({}), json!({ "dynamicStableScale": true }), json!({ "scaleDownDelaySeconds": 0 })] {
        let is_dynamic = !also["dynamicStableScale"].is_null();
        let mut w = started(json!([{ "setWeight": 25 }]), also);
        w.others.targets = registered(4, 3);
        for canary in [25, 100] {
            splits(&mut w, canary);
            w.run(60);
        }
        let left = if is_dynamic { w.sizes()[0].1 } else { 4 };
        assert_eq!((w.status().phase.as_str(), w.sizes()), ("Healthy", vec![(1, left), (2, 4)]));
        let off =
            "TargetGroupUnverified Service web-stable (TargetGroup arn:tg) not verified: 3/4 endpoints registered";
        if left > 0 {
            assert_eq!(w.warnings, [off]);
            w.others.targets = Some(Answer::Failed { group: Some("arn:tg".into()), problem: "no".into() });
            w.run(20);
            let failed = "TargetGroupVerifyError Failed to verify Service web-stable (TargetGroup arn:tg): no";
            assert_eq!(w.warnings, [failed]);
            w.others.targets = registered(0, 0);
            w.run(20);
            assert_eq!(w.warnings.len(), 1, "the Service has pods, so it must have endpoints");
        }
        w.others.targets = registered(4, 4);
        w.run(60);
        assert_eq!(w.sizes(), [(1, 0), (2, 4)]);
        let on = "TargetGroupVerified Service web-stable (TargetGroup arn:tg) verified: 4 endpoints registered";
        assert_eq!((told(&w, on), w.warnings.len()), (usize::from(left > 0), 0), "{:?}", w.events);
    }
}

//! What load balancers answer.

use super::*;
use crate::{Answer, FoundGroup, Heard, Inquiry, LoadBalancer, Settings, TargetGroup};
use std::collections::BTreeMap;

fn world_of(ingresses: &[&str]) -> World<'static> {
    let alb = json!({ "ingresses": ingresses, "servicePort": 80 });
    let objects = ingresses.iter().map(|name| {
        let host = format!("{}.elb.example", name.to_uppercase());
        let status = json!({ "loadBalancer": { "ingress": [{ "hostname": host }, { "ip": "10.0.0.1" }] } });
        (ingress::named("ns", name), json!({ "metadata": { "name": name }, "status": status }))
    });
    let mut world = World::new(&Alb, rollout(json!({ "alb": alb })), objects);
    world.settings = Settings { aws_verify_target_group: true, ..Settings::default() };
    world
}

/// An Experiment has 5, the canary 20.
fn route() -> Route {
    let trial = WeightDestination { weight: 5, service_name: "trial".into(), ..Default::default() };
    Route { additional: vec![trial], ..weight(20) }
}

/// The load balancer of an Ingress, which has these weights for the groups that are wanted.
fn balancer(wanted: &[TargetGroup], ingress: &str, weight: impl Fn(&TargetGroup) -> i32) -> LoadBalancer {
    let of: Vec<&TargetGroup> = wanted.iter().filter(|group| group.ingress == ingress).collect();
    let arn = |group: &TargetGroup| format!("arn:{}", group.resource("ns"));
    let found = |group: &&TargetGroup| FoundGroup {
        name: group.service.clone(),
        arn: arn(group),
        resource: group.resource("ns"),
    };
    let rule: BTreeMap<String, i32> = of.iter().map(|group| (arn(group), weight(group))).collect();
    LoadBalancer { name: "lb".into(), arn: "arn:lb".into(), groups: of.iter().map(found).collect(), rules: vec![rule] }
}

fn heard(world: &World<'_>, weight: impl Fn(&TargetGroup) -> i32 + Copy) -> Heard {
    let wanted = target_groups(&world.context(), &route());
    let found = ["front", "back"].map(|name| (format!("{name}.elb.example"), Some(balancer(&wanted, name, weight))));
    Alb.heard(&world.context(), &route(), &world.objects, &Answer::LoadBalancers(found.into()))
}

#[test]
fn every_group_of_every_ingress_has_its_weight() {
    let world = world_of(&["front", "back"]);
    let all = heard(&world, |group| group.weight);
    let told: Vec<&str> = all.confirmations.iter().map(|event| event.message.as_str()).collect();
    let said = |group: &str, service: &str, weight: i32| {
        format!("Service {service} (TargetGroup arn:ns/{group}-{service}:80) verified: canary weight {weight} set")
    };
    let expected = ["front", "back"].map(|name| [said(name, "web-canary", 20), said(name, "trial", 5)]).concat();
    assert_eq!((all.confirmed, told, all.obstacles), (true, expected.iter().map(String::as_str).collect(), vec![]));
    for (ingress, service) in [("front", "web-canary"), ("back", "trial"), ("back", "web-stable")] {
        let is_off = |group: &TargetGroup| group.ingress == ingress && group.service == service;
        let some = heard(&world, |group| if is_off(group) { 99 } else { group.weight });
        assert!(!some.confirmed && some.obstacles.len() == 1, "{some:?}");
        let message = &some.obstacles[0].message;
        assert!(
            message.contains(&format!("ns/{ingress}-{service}:80")) && message.ends_with("(current: 99)"),
            "{message}"
        );
    }
}

#[test]
fn what_is_asked_names_hosts_and_expectations() {
    let mut world = world_of(&["front", "back"]);
    let ask = |world: &World<'_>, route: &Route| Alb.asks(&world.context(), route, &world.objects);
    let Some(Inquiry::LoadBalancers { hosts, tag, groups }) = ask(&world, &route()) else { panic!("a question") };
    assert_eq!((tag.as_str(), groups.len()), ("ingress.k8s.aws/resource", 6));
    assert_eq!(hosts, ["back.elb.example", "front.elb.example"]);
    assert_ne!(ask(&world, &route()), ask(&world, &weight(20)), "another weight is another question");
    world.settings.aws_verify_target_group = false;
    assert_eq!(ask(&world, &route()), None);
}

#[test]
fn a_load_balancer_that_is_being_made_confirms_nothing() {
    let mut world = world_of(&["front", "back"]);
    for status in [json!(null), json!({ "loadBalancer": { "ingress": [{ "hostname": "" }, 7] } }), json!("odd")] {
        world.objects.insert(ingress::named("ns", "back"), json!({ "status": status }).into());
        let heard = heard(&world, |group| group.weight);
        assert_eq!((heard.confirmed, heard.load_balancers.len()), (false, 1));
    }
    let nothing = Alb.heard(&world.context(), &route(), &world.objects, &Answer::LoadBalancers(BTreeMap::new()));
    assert_eq!((nothing.confirmed, nothing.obstacles.len()), (false, 1));
}

//! Whether load balancers have the weights that their Ingresses ask for.

use super::{names, target_groups};
use crate::inquiry::{Answer, FoundGroup, Heard, Inquiry, LoadBalancer};
use crate::{Context, Event, Objects, Route, TargetGroup, TargetRole, ingress};
use rollouts_api::rollout::{AlbStatus, AwsResourceRef};
use std::collections::BTreeMap;

/// What is to be found out.
pub fn inquiry(cx: &Context<'_>, route: &Route, objects: &Objects) -> Inquiry {
    let all = cx.routing.alb.iter().flat_map(names);
    let mut hosts: Vec<String> = all.flat_map(|name| hosts(cx, objects, name)).collect();
    hosts.sort();
    hosts.dedup();
    Inquiry::LoadBalancers { hosts, tag: cx.settings.target_group_tag.clone(), groups: target_groups(cx, route) }
}

/// The host names of an Ingress's load balancers, as its status has them.
fn hosts(cx: &Context<'_>, objects: &Objects, name: &str) -> Vec<String> {
    let object = objects.get(&ingress::named(&cx.rollout.metadata.namespace, name));
    let points = object.and_then(|object| object["status"]["loadBalancer"]["ingress"].as_array());
    let hosts = points.into_iter().flatten().filter_map(|point| point["hostname"].as_str());
    hosts.filter(|host| !host.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// What the answer means: the weights are there when each load balancer of each Ingress has them in every rule that splits
/// traffic between the versions. Rules that send all of it to one of them, as those of header routes do, say nothing.
pub fn heard(cx: &Context<'_>, route: &Route, objects: &Objects, answer: &Answer) -> Heard {
    let found = match answer {
        Answer::LoadBalancers(found) => found,
        Answer::Failed { group, problem } => return failed(route, group.as_deref(), problem),
        Answer::Targets(_) => return Heard::default(),
    };
    let groups = target_groups(cx, route);
    let mut heard = Heard { confirmed: true, ..Heard::default() };
    for name in cx.routing.alb.iter().flat_map(names) {
        let wanted: Vec<&TargetGroup> = groups.iter().filter(|group| group.ingress == *name).collect();
        let hosts = hosts(cx, objects, name);
        // The load balancer is still being made.
        heard.confirmed &= !hosts.is_empty();
        for host in hosts {
            match found.get(&host).and_then(Option::as_ref) {
                Some(balancer) => Look { cx, balancer, wanted: &wanted }.tell(name, &mut heard),
                None => {
                    heard.confirmed = false;
                    let message = format!("Failed to find load balancer: {host}");
                    heard.obstacles.push(Event::warning("LoadBalancerNotFound", message));
                }
            }
        }
    }
    heard
}

fn failed(route: &Route, group: Option<&str>, problem: &str) -> Heard {
    let service = &route.canary.service;
    let group = group.unwrap_or("unknown");
    let message = format!("Failed to verify Service {service} (TargetGroup {group}): {problem}");
    let obstacles = vec![
        Event::warning("TargetGroupVerifyError", message),
        Event::warning("WeightVerifyError", format!("Failed to verify weight: {problem}")),
    ];
    Heard { obstacles, ..Heard::default() }
}

/// One load balancer of one Ingress.
struct Look<'a> {
    cx: &'a Context<'a>,
    balancer: &'a LoadBalancer,
    /// The Ingress's.
    wanted: &'a [&'a TargetGroup],
}

impl Look<'_> {
    fn tell(&self, name: &str, heard: &mut Heard) {
        let splits = self.splits();
        let off: Vec<(&TargetGroup, i32)> =
            self.wanted.iter().filter_map(|wanted| Some((*wanted, self.off(wanted, &splits)?))).collect();
        heard.confirmed &= off.is_empty();
        // The stable version has what the others leave: telling of these says it all, mostly.
        let is_stable = |wanted: &TargetGroup| wanted.role == TargetRole::Stable;
        let only_stable = off.iter().all(|(wanted, _)| is_stable(wanted));
        for (wanted, current) in off.iter().filter(|(wanted, _)| only_stable || !is_stable(wanted)) {
            let (who, weight) = (self.who(wanted), wanted.weight);
            let message = format!("{who} not verified: canary weight {weight} not yet set (current: {current})");
            heard.obstacles.push(Event::warning("TargetGroupUnverified", message));
        }
        let confirmed = self.wanted.iter().filter(|wanted| !is_stable(wanted));
        for wanted in confirmed.filter(|wanted| !off.iter().any(|(other, _)| other == *wanted)) {
            let message = format!("{} verified: canary weight {} set", self.who(wanted), wanted.weight);
            heard.confirmations.push(Event::normal("TargetGroupVerified", message));
        }
        heard.load_balancers.push(self.status(name));
    }

    /// The weight that a group has somewhere in place of the one it should have.
    fn off(&self, wanted: &TargetGroup, splits: &[&BTreeMap<String, i32>]) -> Option<i32> {
        let arn = self.found(wanted).map_or("", |group| &group.arn);
        let mut weights = splits.iter().map(|split| split.get(arn).copied());
        match splits {
            [] => Some(0),
            _ => weights.find(|weight| *weight != Some(wanted.weight)).map(Option::unwrap_or_default),
        }
    }

    fn who(&self, wanted: &TargetGroup) -> String {
        let arn = self.found(wanted).map_or("unknown", |group| &group.arn);
        format!("Service {} (TargetGroup {arn})", wanted.service)
    }

    /// What the rules forward that split traffic between versions.
    fn splits(&self) -> Vec<&BTreeMap<String, i32>> {
        let arns: Vec<&str> = self.wanted.iter().filter_map(|w| Some(self.found(w)?.arn.as_str())).collect();
        let is_split = |rule: &&BTreeMap<String, i32>| arns.iter().filter(|arn| rule.contains_key(**arn)).count() > 1;
        self.balancer.rules.iter().filter(is_split).collect()
    }

    fn found(&self, wanted: &TargetGroup) -> Option<&FoundGroup> {
        let resource = wanted.resource(&self.cx.rollout.metadata.namespace);
        self.balancer.groups.iter().find(|group| group.resource == resource)
    }

    fn status(&self, ingress: &str) -> AlbStatus {
        let of = |role: TargetRole| {
            let group = self.wanted.iter().find(|wanted| wanted.role == role).and_then(|wanted| self.found(wanted));
            group.map(|group| named(&group.name, &group.arn, 1)).unwrap_or_default()
        };
        AlbStatus {
            ingress: ingress.into(),
            load_balancer: named(&self.balancer.name, &self.balancer.arn, 2),
            canary_target_group: of(TargetRole::Canary),
            stable_target_group: of(TargetRole::Stable),
        }
    }
}

/// `parts`: how many parts of the resource name its full name leaves out.
fn named(name: &str, arn: &str, parts: usize) -> AwsResourceRef {
    let full_name = arn.split('/').skip(parts).collect::<Vec<_>>().join("/");
    AwsResourceRef { name: name.into(), arn: arn.into(), full_name }
}

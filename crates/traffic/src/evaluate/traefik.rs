//! Traefik: the IngressRoute whose rule holds, the longest rule first unless a priority says otherwise. A route leads to
//! Services and TraefikServices, which divide or copy what they get.

use super::traefik_rule;
use super::weighted::{Weighted, flat, here, service, weight};
use super::{Answer, Backend, Request};
use crate::{Context, Objects};
use serde_json::Value;

/// TraefikServices within each other, at most.
const DEPTH_MAX: usize = 8;

pub fn evaluate(cx: &Context<'_>, objects: &Objects, request: &Request) -> Answer {
    let traefik = Traefik { cx, objects };
    let ingress_routes = here(cx, objects, |_| true, "ingressroutes");
    if ingress_routes.is_empty() {
        // Somebody else's object leads to it.
        let name = cx.routing.traefik.as_ref().map(|t| t.weighted_traefik_service_name.as_str()).unwrap_or_default();
        return traefik.traefik_service(name, DEPTH_MAX);
    }
    let routes = ingress_routes.into_iter().flat_map(|(_, r)| r["spec"]["routes"].as_array().into_iter().flatten());
    let ranked = routes.filter_map(|route| {
        let rule = route["match"].as_str()?;
        let priority = route["priority"].as_u64().filter(|priority| *priority > 0);
        traefik_rule::holds(rule, request).then(|| (priority.unwrap_or(rule.len() as u64), route))
    });
    let best = ranked.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map(|(_, route)| traefik.divided(&route["services"], DEPTH_MAX)).unwrap_or_default()
}

struct Traefik<'a> {
    cx: &'a Context<'a>,
    objects: &'a Objects,
}

impl Traefik<'_> {
    /// A list of services with weights.
    fn divided(&self, list: &Value, depth: usize) -> Answer {
        let list = list.as_array().map_or(&[][..], |all| all);
        let answers: Vec<(Answer, u32)> =
            list.iter().map(|entry| (self.entry(entry, depth), weight(&entry["weight"]).unwrap_or(1))).collect();
        let mirrors = match answers.as_slice() {
            [(only, _)] => only.mirrors.clone(),
            // A copy of a part only: nothing here asks for it.
            _ => Vec::new(),
        };
        Answer { to: flat(answers.into_iter().map(|(answer, weight)| (answer.to, weight)).collect()), mirrors }
    }

    fn entry(&self, entry: &Value, depth: usize) -> Answer {
        let name = entry["name"].as_str().unwrap_or_default();
        match entry["kind"] == "TraefikService" {
            true => self.traefik_service(name, depth),
            false => Answer { to: vec![(self.service(name), 1)], mirrors: Vec::new() },
        }
    }

    fn service(&self, name: &str) -> Backend {
        service(self.cx, name, &self.cx.rollout.metadata.namespace)
    }

    fn traefik_service(&self, name: &str, depth: usize) -> Answer {
        let all = here(self.cx, self.objects, |_| true, "traefikservices");
        let found = all.into_iter().find(|(n, _)| *n == name).map(|(_, object)| &object["spec"]);
        let (Some(spec), Some(depth)) = (found, depth.checked_sub(1)) else { return Answer::default() };
        if !spec["mirroring"].is_object() {
            return self.divided(&spec["weighted"]["services"], depth);
        }
        let mirroring = &spec["mirroring"];
        let mut answer = self.entry(mirroring, depth);
        for mirror in mirroring["mirrors"].as_array().into_iter().flatten() {
            let percent = weight(&mirror["percent"]).unwrap_or(0);
            let to: Weighted = self.entry(mirror, depth).to;
            answer.mirrors.extend(to.into_iter().filter(|_| percent > 0).map(|(backend, _)| (backend, percent)));
        }
        answer
    }
}

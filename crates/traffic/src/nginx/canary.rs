//! What a canary Ingress must be.

use super::condition::Condition;
use super::rest;
use crate::{Route, ingress, owner};
use rollouts_api::Rollout;
use rollouts_api::rollout::NginxTrafficRouting;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const DEFAULT_PREFIX: &str = "nginx.ingress.kubernetes.io";
const CLASS: &str = "kubernetes.io/ingress.class";
/// Object names have at most 253 characters.
const LONGEST_STEM: usize = 253 - "-canary".len();

/// `<rollout>-<stable>-canary`, with the part before `-canary` cut to what fits.
pub fn name(rollout: &str, stable: &str) -> String {
    let stem: String = format!("{rollout}-{stable}").chars().take(LONGEST_STEM).collect();
    format!("{stem}-canary")
}

/// What annotations begin with, without the slash.
pub fn prefix(nginx: &NginxTrafficRouting) -> &str {
    if nginx.annotation_prefix.is_empty() { DEFAULT_PREFIX } else { &nginx.annotation_prefix }
}

/// The annotations that the Rollout's spec names.
pub fn fixed(nginx: &NginxTrafficRouting) -> BTreeMap<String, String> {
    let prefix = prefix(nginx);
    let prefixed = |key: &String| if key.starts_with(prefix) { key.clone() } else { format!("{prefix}/{key}") };
    let additional = nginx.additional_ingress_annotations.iter().map(|(key, value)| (prefixed(key), value.clone()));
    additional.chain(nginx.canary_ingress_annotations.clone()).collect()
}

/// What decides on it besides the stable Ingress.
pub struct Wanted<'a> {
    pub rollout: &'a Rollout,
    pub nginx: &'a NginxTrafficRouting,
    pub route: &'a Route,
    pub condition: &'a Condition,
}

impl Wanted<'_> {
    /// A new one.
    pub fn created(&self, name: &str, stable: &Value) -> Result<Value, String> {
        let mut metadata = owner::metadata(&self.rollout.metadata);
        metadata["annotations"] = json!(self.annotations(stable));
        Ok(json!({ "metadata": metadata, "spec": self.spec(name, stable)? }))
    }

    /// One that is there, with what others wrote there.
    pub fn updated(&self, name: &str, stable: &Value, old: &Value) -> Result<Value, String> {
        let mut new = old.clone();
        let wanted = self.annotations(stable);
        let found = old["metadata"]["annotations"].as_object().into_iter().flatten();
        for (key, _) in found.filter(|(key, _)| self.is_ours(key, old) && !wanted.contains_key(*key)) {
            ingress::annotate(&mut new, key, None);
        }
        wanted.into_iter().for_each(|(key, value)| ingress::annotate(&mut new, &key, Some(value)));
        new["spec"] = self.spec(name, stable)?;
        Ok(new)
    }

    /// Whether an annotation of the canary Ingress is there only because it was wanted here once, maybe under another
    /// prefix: that is known by its `canary`.
    fn is_ours(&self, key: &str, old: &Value) -> bool {
        let Some((of, name)) = key.rsplit_once('/') else { return false };
        let was_prefix = || ingress::annotation(old, &format!("{of}/canary")) == Some("true");
        key == CLASS || of == prefix(self.nginx) || (name.starts_with("canary") && was_prefix())
    }

    fn annotations(&self, stable: &Value) -> BTreeMap<String, String> {
        let prefix = prefix(self.nginx);
        let mut all = BTreeMap::new();
        all.extend(ingress::annotation(stable, CLASS).map(|class| (CLASS.to_string(), class.to_string())));
        all.extend(fixed(self.nginx));
        let mut set = |name: &str, value: String| drop(all.insert(format!("{prefix}/{name}"), value));
        self.condition.annotations().into_iter().for_each(|(name, value)| set(name, value));
        set("canary", "true".into());
        let (weight, total) = self.weight();
        set("canary-weight", weight.to_string());
        if let Some(total) = total {
            set("canary-weight-total", total.to_string());
        }
        all
    }

    /// The weight, and of what total it is a part. NGINX takes every total below 100 for 100.
    fn weight(&self) -> (i32, Option<i32>) {
        match self.rollout.spec.traffic_routing().and_then(|routing| routing.max_traffic_weight) {
            None => (self.route.weight, None),
            Some(..100) => (self.route.percent(), Some(100)),
            Some(max) => (self.route.weight, Some(max)),
        }
    }

    /// What of the stable Ingress leads to the stable Service, leading to the canary.
    fn spec(&self, name: &str, stable: &Value) -> Result<Value, String> {
        let old = &stable["spec"];
        let mut spec = Map::new();
        for field in ["ingressClassName", "tls"] {
            spec.extend(old.get(field).map(|value| (field.to_string(), value.clone())));
        }
        let mut rules: Vec<Value> =
            old["rules"].as_array().into_iter().flatten().filter_map(|rule| self.rule(rule)).collect();
        let default = self.moved(&old["defaultBackend"]);
        // A canary is merged with a Service and its port, so that it gets its share wherever they are reached.
        if let Some(default) = default.as_ref().filter(|default| !rest::has(&rules, default)) {
            rules.extend(rest::rules(old, default));
        }
        if rules.is_empty() {
            let service = &self.route.stable.service;
            let none = format!("ingress `{name}` has no rules using service {service} backend");
            return Err(match default {
                None => none,
                Some(_) => format!("{none}: {}", rest::NOTHING),
            });
        }
        spec.insert("rules".into(), rules.into());
        Ok(spec.into())
    }

    fn rule(&self, rule: &Value) -> Option<Value> {
        let paths = rule["http"]["paths"].as_array()?.iter().filter_map(|path| {
            let mut new = path.clone();
            new["backend"] = self.moved(&path["backend"])?;
            Some(new)
        });
        let paths: Vec<Value> = paths.collect();
        if paths.is_empty() {
            return None;
        }
        let mut new = rule.clone();
        new["http"]["paths"] = paths.into();
        Some(new)
    }

    /// The backend with the canary in place of the stable Service.
    fn moved(&self, backend: &Value) -> Option<Value> {
        (ingress::service(backend)? == self.route.stable.service).then(|| {
            let mut new = backend.clone();
            new["service"]["name"] = self.route.canary.service.as_str().into();
            new
        })
    }
}

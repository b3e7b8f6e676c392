//! A TrafficSplit: whoever calls its root Service reaches its backends.

use super::Answer;
use super::weighted::{here, service, some, weight};
use crate::{Context, Objects};
use serde_json::Value;

pub fn evaluate(cx: &Context<'_>, objects: &Objects) -> Answer {
    let splits = here(cx, objects, |group| group == "split.smi-spec.io", "trafficsplits");
    let canary = cx.rollout.spec.strategy.canary.as_ref();
    let smi = cx.routing.smi.as_ref();
    let root = smi.map(|smi| smi.root_service.as_str()).filter(|name| !name.is_empty());
    let root = root.or(canary.map(|canary| canary.stable_service.as_str())).unwrap_or_default();
    let named = |name: &Value| service(cx, name.as_str().unwrap_or_default(), &cx.rollout.metadata.namespace);
    let to = match splits.iter().find(|(_, split)| split["spec"]["service"] == root) {
        Some((_, split)) => {
            let backends = split["spec"]["backends"].as_array().into_iter().flatten();
            some(backends.map(|b| (named(&b["service"]), weight(&b["weight"]).unwrap_or(0))))
        }
        // Nobody splits it.
        None => vec![(named(&root.into()), 100)],
    };
    Answer { to, mirrors: Vec::new() }
}

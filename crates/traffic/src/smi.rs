//! The Service Mesh Interface: a TrafficSplit that is made here (traffic.md §2.4).

use crate::{
    Context, Draft, Event, Kind, Managed, ObjectRef, Objects, Route, RouteError, Router, Settings, Want, owner,
};
use rollouts_api::rollout::{SmiTrafficRouting, TrafficRouting};
use serde_json::{Value, json};

const SPLITS: Kind = Kind::fixed("split.smi-spec.io", "v1alpha1", "TrafficSplit", "trafficsplits");
/// Versions of the API that are understood. The first one has weights that are quantities, that is strings.
const VERSIONS: [&str; 3] = ["v1alpha1", "v1alpha2", "v1alpha3"];

/// See the module.
pub struct Smi;

impl Router for Smi {
    fn name(&self) -> &'static str {
        "SMI"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.smi.is_some()
    }

    fn wants(&self, cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        split(cx).into_iter().map(|(at, _)| Want::Named(at)).collect()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        let Some((at, smi)) = split(cx) else {
            let version = &cx.settings.traffic_split_version;
            return Err(RouteError::failed(format!("Unsupported TrafficSplit API version `{version}`")));
        };
        let (service, backends) = (root(cx, smi, route), backends(cx.settings, route));
        match draft.get(&at) {
            None if !draft.is_served(&at) => {
                let (kind, version) = (&at.kind, &at.kind.version);
                return Err(RouteError::failed(format!("the API server does not serve {kind} {version}")));
            }
            None => {
                let split = json!({
                    "metadata": owner::metadata(&cx.rollout.metadata),
                    "spec": { "service": service, "backends": backends },
                });
                let made = format!("TrafficSplit `{}` created", at.name);
                draft.create(&at, split, "traffic is split by it", vec![Event::normal("TrafficSplitCreated", made)]);
            }
            Some(split) if !owner::owns(cx.rollout, split) => {
                return Err(RouteError::failed(format!("Rollout does not own TrafficSplit `{}`", at.name)));
            }
            Some(split) => {
                let mut split = split.clone();
                let Some(object) = split.as_object_mut() else {
                    return Err(RouteError::failed(format!("TrafficSplit `{}` is not an object", at.name)));
                };
                let spec = object.entry("spec").or_insert(Value::Null);
                if !spec.is_object() {
                    *spec = json!({});
                }
                spec["service"] = service.into();
                spec["backends"] = backends;
                draft.update(&at, split, format!("{} % to the canary", percent(route)), Vec::new());
            }
        }
        Ok(())
    }

    fn release(&self, cx: &Context<'_>, _stable: &Route, draft: &mut Draft<'_>) {
        let Some((at, _)) = split(cx) else { return };
        if draft.get(&at).is_some_and(|split| owner::owns(cx.rollout, split)) {
            draft.delete(&at, "traffic is not split by it any more", Vec::new());
        }
    }

    fn refuses(&self, _cx: &Context<'_>, route: &Managed) -> Option<String> {
        Some(match route.mirror {
            None => "SMI cannot match requests, it only has weights".into(),
            Some(_) => "SMI cannot mirror requests".into(),
        })
    }
}

/// The TrafficSplit; `None` when its API version is none that is known.
fn split<'a>(cx: &Context<'a>) -> Option<(ObjectRef, &'a SmiTrafficRouting)> {
    let smi = cx.routing.smi.as_ref()?;
    let version = &cx.settings.traffic_split_version;
    let name = if smi.traffic_split_name.is_empty() { &cx.rollout.metadata.name } else { &smi.traffic_split_name };
    let at = SPLITS.in_version(version).named(&cx.rollout.metadata.namespace, name);
    VERSIONS.contains(&version.as_str()).then_some((at, smi))
}

/// The Service that clients reach. With `pingPong` the stable Service changes, but not what clients know.
fn root<'a>(cx: &Context<'a>, smi: &'a SmiTrafficRouting, route: &'a Route) -> &'a str {
    let stable = cx.rollout.spec.strategy.canary.as_ref().map_or("", |canary| canary.stable_service.as_str());
    [&smi.root_service, stable, &route.stable.service].into_iter().find(|name| !name.is_empty()).unwrap_or("")
}

fn backends(settings: &Settings, route: &Route) -> Value {
    let weight = |percent: i32| match settings.traffic_split_version.as_str() {
        "v1alpha1" => Value::from(percent.to_string()),
        _ => Value::from(percent),
    };
    let backend = |service: &str, percent: i32| json!({ "service": service, "weight": weight(percent) });
    let additional = route.additional.iter().map(|a| backend(&a.service_name, route.in_percent(a.weight)));
    std::iter::once(backend(&route.canary.service, percent(route)))
        .chain(additional)
        .chain([backend(&route.stable.service, route.stable_percent())])
        .collect()
}

fn percent(route: &Route) -> i32 {
    route.percent().clamp(0, 100)
}

#[cfg(test)]
mod tests;

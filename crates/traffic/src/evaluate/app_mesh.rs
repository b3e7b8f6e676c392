//! App Mesh: the VirtualRouter of the VirtualService; its routes by priority, lower numbers first; targets are nodes. Where a
//! node is found by DNS, requests go to all pods of that Service, whatever pods the node says are its own; where it is found
//! by Cloud Map, its own pods are registered there.

use super::istio::texts;
use super::texts::all_matches;
use super::weighted::{here, service_by_host, some, weight};
use super::{Answer, Backend, Request};
use crate::{Context, Objects};
use serde_json::Value;

const GROUP: &str = "appmesh.k8s.aws";

pub fn evaluate(cx: &Context<'_>, objects: &Objects, request: &Request) -> Answer {
    let find = |plural: &'static str, name: &Value| {
        let all = here(cx, objects, |group| group == GROUP, plural);
        all.into_iter().find(|(n, _)| name == *n).map(|(_, object)| &object["spec"])
    };
    let name = cx.routing.app_mesh.as_ref().and_then(|mesh| mesh.virtual_service.as_ref()).map(|s| s.name.as_str());
    let Some(provider) = find("virtualservices", &name.into()).map(|spec| &spec["provider"]) else {
        return Answer::default();
    };
    let node = |reference: &Value| -> Option<Backend> {
        let spec = find("virtualnodes", &reference["name"])?;
        let discovery = &spec["serviceDiscovery"];
        if let Some(host) = discovery["dns"]["hostname"].as_str() {
            return Some(service_by_host(cx, host, &cx.rollout.metadata.namespace));
        }
        let service = discovery["awsCloudMap"]["serviceName"].as_str()?.to_string();
        Some(Backend { service, labels: texts(&spec["podSelector"]["matchLabels"]) })
    };
    let alone = &provider["virtualNode"]["virtualNodeRef"];
    if alone.is_object() {
        return Answer { to: node(alone).map(|backend| (backend, 100)).into_iter().collect(), mirrors: Vec::new() };
    }
    let router = find("virtualrouters", &provider["virtualRouter"]["virtualRouterRef"]["name"]);
    let mut routes: Vec<&Value> = router.into_iter().filter_map(|spec| spec["routes"].as_array()).flatten().collect();
    routes.sort_by_key(|route| route["priority"].as_u64().unwrap_or(u64::MAX));
    let kinds = ["httpRoute", "http2Route", "grpcRoute", "tcpRoute"];
    let all = routes.into_iter().flat_map(|route| kinds.map(|kind| &route[kind])).filter(|route| route.is_object());
    let Some(route) = all.into_iter().find(|route| is_met(&route["match"], request)) else { return Answer::default() };
    let targets = route["action"]["weightedTargets"].as_array().into_iter().flatten();
    let to = targets.filter_map(|t| Some((node(&t["virtualNodeRef"])?, weight(&t["weight"]).unwrap_or(0))));
    Answer { to: some(to), mirrors: Vec::new() }
}

fn is_met(matches: &Value, request: &Request) -> bool {
    let list = |field: &str| matches[field].as_array().into_iter().flatten();
    matches["prefix"].as_str().is_none_or(|prefix| request.path.starts_with(prefix))
        && is_text(&matches["path"], Some(&request.path))
        && matches["method"].as_str().is_none_or(|method| method == request.method)
        && list("headers").all(|header| {
            let text = request.header(header["name"].as_str().unwrap_or_default());
            let is = text.is_some() && is_text(&header["match"], text.as_deref());
            is != (header["invert"] == true)
        })
        && list("queryParameters").all(|parameter| {
            let text = request.parameter(parameter["name"].as_str().unwrap_or_default());
            text.is_some() && is_text(&parameter["match"], text)
        })
}

/// A match that says nothing is content with anything.
fn is_text(matcher: &Value, text: Option<&str>) -> bool {
    matcher.as_object().into_iter().flatten().all(|(kind, wanted)| {
        let Some(text) = text else { return false };
        match (kind.as_str(), wanted.as_str()) {
            ("exact", Some(wanted)) => text == wanted,
            ("prefix", Some(wanted)) => text.starts_with(wanted),
            ("suffix", Some(wanted)) => text.ends_with(wanted),
            ("regex", Some(wanted)) => all_matches(wanted, text),
            ("range", None) => {
                let number = text.parse::<i64>().ok();
                number.is_some_and(|n| wanted["start"].as_i64() <= Some(n) && wanted["end"].as_i64() > Some(n))
            }
            _ => false,
        }
    })
}

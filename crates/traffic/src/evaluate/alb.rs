//! The AWS load balancer controller makes a list of rules of an Ingress, of which the first that matches counts: whole
//! paths first, then those that begin so, the longer ones first, then the rest in its order. What a path leads to may be
//! an action, and have more conditions, in annotations.

use super::texts::{fits, part_matches};
use super::weighted::{Weighted, of_classes, service, some, weight};
use super::{Answer, Request};
use crate::{Context, Objects};
use serde_json::Value;

const PREFIX: &str = "alb.ingress.kubernetes.io";

pub fn evaluate(cx: &Context<'_>, objects: &Objects, request: &Request) -> Answer {
    let prefix = cx.routing.alb.as_ref().map(|alb| alb.annotation_prefix.as_str());
    let prefix = prefix.filter(|prefix| !prefix.is_empty()).unwrap_or(PREFIX);
    for ingress in of_classes(cx, objects, &cx.routing.alb.as_ref().map(crate::alb::names).unwrap_or_default()) {
        let note = |kind: &str, name: &str| -> Option<Value> {
            let text = ingress["metadata"]["annotations"][format!("{prefix}/{kind}.{name}")].as_str()?;
            serde_json::from_str(text).ok()
        };
        let spec = &ingress["spec"];
        for rule in spec["rules"].as_array().into_iter().flatten() {
            if !rule["host"].as_str().is_none_or(|host| is_host(host, &request.host)) {
                continue;
            }
            let mut paths: Vec<&Value> = rule["http"]["paths"].as_array().into_iter().flatten().collect();
            paths.sort_by_key(|path| order(path));
            for path in paths {
                let name = path["backend"]["service"]["name"].as_str().unwrap_or_default();
                let conditions = note("conditions", name);
                let conditions = conditions.as_ref().and_then(Value::as_array).map_or(&[][..], |all| all);
                if meets(path, conditions, request) {
                    return Answer { to: target(cx, &path["backend"], note), mirrors: Vec::new() };
                }
            }
        }
        if spec["defaultBackend"].is_object() {
            return Answer { to: target(cx, &spec["defaultBackend"], note), mirrors: Vec::new() };
        }
    }
    Answer::default()
}

fn is_host(pattern: &str, host: &str) -> bool {
    fits(&pattern.to_ascii_lowercase(), &host.to_ascii_lowercase())
}

fn order(path: &Value) -> (u8, usize) {
    let length = path["path"].as_str().unwrap_or_default().len();
    match path["pathType"].as_str() {
        Some("Exact") => (0, 0),
        Some("Prefix") => (1, usize::MAX - length),
        _ => (2, 0),
    }
}

/// The path and all conditions; what they say of the path is one condition together with it.
fn meets(path: &Value, conditions: &[Value], request: &Request) -> bool {
    let is_path = |condition: &&Value| condition["field"] == "path-pattern";
    let patterns = conditions.iter().filter(is_path).flat_map(|condition| values(&condition["pathPatternConfig"]));
    let is_meant = is_path_meant(path, &request.path) || patterns.into_iter().any(|p| fits(&p, &request.path));
    is_meant && conditions.iter().filter(|c| !is_path(c)).all(|condition| is_condition_met(condition, request))
}

fn is_path_meant(path: &Value, wanted: &str) -> bool {
    let text = path["path"].as_str().unwrap_or_default();
    match path["pathType"].as_str() {
        Some("Exact") => text == wanted,
        Some("Prefix") => {
            let stem = text.trim_end_matches('/');
            wanted == stem || wanted.strip_prefix(stem).is_some_and(|rest| rest.starts_with('/'))
        }
        _ => text.is_empty() || fits(text, wanted),
    }
}

/// One that is not known is never met.
fn is_condition_met(condition: &Value, request: &Request) -> bool {
    let lower = |text: &str| text.to_ascii_lowercase();
    match condition["field"].as_str().unwrap_or_default() {
        "http-header" => {
            let config = &condition["httpHeaderConfig"];
            let header = request.header(config["httpHeaderName"].as_str().unwrap_or_default());
            let regexes = config["regexValues"].as_array().into_iter().flatten().filter_map(Value::as_str);
            header.is_some_and(|header| {
                values(config).iter().any(|value| fits(&lower(value), &lower(&header)))
                    || regexes.into_iter().any(|regex| part_matches(regex, &header))
            })
        }
        "http-request-method" => values(&condition["httpRequestMethodConfig"]).contains(&request.method),
        "host-header" => values(&condition["hostHeaderConfig"]).iter().any(|host| is_host(host, &request.host)),
        "query-string" => {
            let wanted = condition["queryStringConfig"]["values"].as_array().into_iter().flatten();
            wanted.into_iter().any(|wanted| {
                let fits = |wanted: &Value, text: &str| wanted.as_str().is_none_or(|w| fits(&lower(w), &lower(text)));
                request.query.iter().any(|(key, value)| fits(&wanted["key"], key) && fits(&wanted["value"], value))
            })
        }
        _ => false,
    }
}

fn values(config: &Value) -> Vec<String> {
    let all = config["values"].as_array().into_iter().flatten();
    all.filter_map(|value| value.as_str().map(str::to_string)).collect()
}

fn target(cx: &Context<'_>, backend: &Value, note: impl Fn(&str, &str) -> Option<Value>) -> Weighted {
    let named = |name: &Value| service(cx, name.as_str().unwrap_or_default(), &cx.rollout.metadata.namespace);
    let name = &backend["service"]["name"];
    if backend["service"]["port"]["name"] != "use-annotation" {
        return vec![(named(name), 100)];
    }
    let Some(action) = note("actions", name.as_str().unwrap_or_default()) else { return Vec::new() };
    // Both spellings are read.
    let field = |value: &Value, name: &str| {
        let mut letters = name.chars();
        let lower: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
        if value[name].is_null() { value[lower].clone() } else { value[name].clone() }
    };
    let groups = field(&field(&action, "ForwardConfig"), "TargetGroups");
    let groups = groups.as_array().cloned().unwrap_or_default();
    match groups.as_slice() {
        [only] => vec![(named(&field(only, "ServiceName")), 100)],
        all => some(all.iter().map(|g| (named(&field(g, "ServiceName")), weight(&field(g, "Weight")).unwrap_or(1)))),
    }
}

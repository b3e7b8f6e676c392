//! APISIX: the longest path that matches, of its routes the one with the highest priority whose conditions all hold.

use super::texts::{host_rank, part_matches};
use super::weighted::{here, service, some, weight};
use super::{Answer, Backend, Request};
use crate::{Context, Objects};
use serde_json::Value;

/// Of a backend that says nothing.
const WEIGHT: u32 = 100;

pub fn evaluate(cx: &Context<'_>, objects: &Objects, request: &Request) -> Answer {
    let routes = here(cx, objects, |group| group == "apisix.apache.org", "apisixroutes");
    let rules = routes.into_iter().flat_map(|(_, route)| route["spec"]["http"].as_array().into_iter().flatten());
    let ranked = rules.filter_map(|rule| {
        let paths = texts(&rule["match"]["paths"]);
        let path = paths.iter().filter_map(|path| path_rank(path, &request.path)).max()?;
        is_met(&rule["match"], request).then(|| ((path, rule["priority"].as_i64().unwrap_or(0)), rule))
    });
    let best = ranked.reduce(|best, other| if other.0 > best.0 { other } else { best });
    let Some((_, rule)) = best else { return Answer::default() };
    let named = |name: &Value| service(cx, name.as_str().unwrap_or_default(), &cx.rollout.metadata.namespace);
    let backends = rule["backends"].as_array().into_iter().flatten();
    let to = some(backends.map(|b| (named(&b["serviceName"]), weight(&b["weight"]).unwrap_or(WEIGHT))));
    let plugins = rule["plugins"].as_array().into_iter().flatten();
    let mirrors = plugins.filter(|plugin| plugin["name"] == "proxy-mirror" && plugin["enable"] != false);
    let mirrors = mirrors.map(|plugin| (mirror(cx, &plugin["config"]), percent(&plugin["config"]["sample_ratio"])));
    Answer { to, mirrors: some(mirrors) }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A whole path before one that begins so.
fn path_rank(pattern: &str, path: &str) -> Option<(bool, usize)> {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix).then_some((false, prefix.len())),
        None => (pattern == path).then_some((true, pattern.len())),
    }
}

fn is_met(matches: &Value, request: &Request) -> bool {
    let (hosts, methods) = (texts(&matches["hosts"]), texts(&matches["methods"]));
    (hosts.is_empty() || hosts.iter().any(|host| host_rank(host, &request.host).is_some()))
        && (methods.is_empty() || methods.contains(&request.method.as_str()))
        && matches["exprs"].as_array().into_iter().flatten().all(|expr| is_true(expr, request))
}

/// One that cannot be read is not true.
fn is_true(expr: &Value, request: &Request) -> bool {
    let name = expr["subject"]["name"].as_str().unwrap_or_default();
    let text = match expr["subject"]["scope"].as_str() {
        Some("Header") => request.header(name),
        Some("Query") => request.parameter(name).map(str::to_string),
        Some("Cookie") => request.cookie(name).map(str::to_string),
        Some("Path") => Some(request.path.clone()),
        Some("Variable") if name == "request_method" => Some(request.method.clone()),
        _ => return false,
    };
    let (wanted, set) = (expr["value"].as_str().unwrap_or_default(), texts(&expr["set"]));
    let number = |text: &str| text.parse::<f64>().ok();
    let is = |found: &dyn Fn(&str) -> bool| text.as_deref().is_some_and(found);
    match expr["op"].as_str().unwrap_or_default() {
        "Equal" => is(&|text| text == wanted),
        "NotEqual" => !is(&|text| text == wanted),
        "GreaterThan" => is(&|text| number(text) > number(wanted)),
        "LessThan" => is(&|text| number(text).is_some_and(|n| number(wanted).is_some_and(|wanted| n < wanted))),
        "In" => is(&|text| set.contains(&text)),
        "NotIn" => !is(&|text| set.contains(&text)),
        "RegexMatch" => is(&|text| part_matches(wanted, text)),
        "RegexMatchCaseInsensitive" => is(&|text| part_matches(&format!("(?i){wanted}"), text)),
        "RegexNotMatch" => !is(&|text| part_matches(wanted, text)),
        "RegexNotMatchCaseInsensitive" => !is(&|text| part_matches(&format!("(?i){wanted}"), text)),
        _ => false,
    }
}

/// `http://name.namespace...:port`.
fn mirror(cx: &Context<'_>, config: &Value) -> Backend {
    let host = config["host"].as_str().unwrap_or_default();
    let host = host.split_once("://").map_or(host, |(_, host)| host).split([':', '/']).next().unwrap_or_default();
    super::weighted::service_by_host(cx, host, &cx.rollout.metadata.namespace)
}

fn percent(ratio: &Value) -> u32 {
    let ratio = ratio.as_f64().unwrap_or(1.0);
    (0..=100).rev().find(|whole| f64::from(*whole) <= ratio * 100.0 + 0.5).unwrap_or(0)
}

//! Managed routes: an ApisixRoute for each, named like it, with copies of those rules whose weights are set. They ask for
//! more and come first.

use super::conditions::{self, Conditions};
use super::{ROUTES, weights};
use crate::managed::{self, Wanted};
use crate::{Context, Draft, Managed, ObjectRef, Route, RouteError, Want};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MIRROR: &str = "proxy-mirror";

/// What must be seen of them.
pub fn wants(cx: &Context<'_>) -> Vec<Want> {
    managed::wants(cx, &ROUTES, str::to_string)
}

/// Removes those that are not wanted.
pub fn remove_others(cx: &Context<'_>, wanted: &[Managed], draft: &mut Draft<'_>) {
    managed::remove_others(cx, &ROUTES, str::to_string, wanted.iter().map(|managed| managed.name.as_str()), draft);
}

/// Makes those that are.
pub fn set(
    cx: &Context<'_>,
    base: &ObjectRef,
    rules: &[String],
    route: &Route,
    draft: &mut Draft<'_>,
) -> Result<(), RouteError> {
    let mut result = Ok(());
    for (i, managed) in route.managed.iter().enumerate() {
        let more = i64::try_from(route.managed.len() - i).unwrap_or(i64::MAX);
        let made = object(cx, (base, rules), (route, managed), more, draft);
        result = result.and(made.and_then(|wanted| {
            let taken = format!("duplicate ApisixRoute [{}] already exists", managed.name);
            managed::put(cx, wanted, &taken, draft)
        }));
    }
    result
}

fn object(
    cx: &Context<'_>,
    (base, rules): (&ObjectRef, &[String]),
    (route, managed): (&Route, &Managed),
    more: i64,
    draft: &Draft<'_>,
) -> Result<Wanted, RouteError> {
    let original = draft.get(base).ok_or_else(|| RouteError::failed(base.not_found()))?;
    let alternatives = conditions::alternatives(&managed.matches).map_err(RouteError::failed)?;
    let there = original["spec"]["http"].as_array().ok_or_else(|| RouteError::failed(weights::NO_HTTP))?;
    let mut http: Vec<Value> = Vec::new();
    for name in rules {
        let rule = there.iter().find(|rule| rule["name"] == name.as_str());
        let mut rule = rule.cloned().ok_or_else(|| RouteError::failed(weights::no_rule(name)))?;
        weights::set_rule(&mut rule, route)?;
        match managed.mirror {
            None => only_canary(&mut rule, &route.canary.service),
            Some(percent) => mirror(cx, base, &mut rule, &route.canary.service, percent)?,
        }
        rule["priority"] = rule["priority"].as_i64().unwrap_or(0).saturating_add(more).into();
        http.extend(alternatives.iter().filter_map(|conditions| narrowed(&rule, conditions)));
    }
    if http.is_empty() {
        let message = format!("route {}: no rule of {base} is for requests with such methods", managed.name);
        return Err(RouteError::failed(message));
    }
    rename(&mut http);
    let mut spec = original["spec"].clone();
    if let Some(spec) = spec.as_object_mut() {
        // A port belongs to one object.
        spec.remove("stream");
        spec.insert("http".into(), http.into());
    }
    Ok(Wanted { at: ROUTES.named(&base.namespace, &managed.name), like: original.clone(), spec })
}

fn only_canary(rule: &mut Value, canary: &str) {
    for backend in rule["backends"].as_array_mut().into_iter().flatten() {
        if backend["serviceName"] == canary {
            backend["weight"] = 100.into();
            rule["backends"] = json!([backend.take()]);
            return;
        }
    }
}

/// What the rule does with requests stays, and a copy of them goes to the canary.
fn mirror(cx: &Context<'_>, base: &ObjectRef, rule: &mut Value, canary: &str, percent: i32) -> Result<(), RouteError> {
    let wrong = |what: &str| RouteError::failed(format!("{base}: rule {} {what}", rule["name"]));
    let backends = rule["backends"].as_array().into_iter().flatten();
    let backend = backends.into_iter().find(|backend| backend["serviceName"] == canary);
    let port = backend.and_then(|backend| backend["servicePort"].as_i64());
    let port = port.ok_or_else(|| wrong("cannot mirror: servicePort of the canary's backend must be a number"))?;
    let mut plugins = match &rule["plugins"] {
        Value::Null => Vec::new(),
        Value::Array(plugins) => plugins.clone(),
        _ => return Err(wrong("cannot mirror: its plugins are no list")),
    };
    if plugins.iter().any(|plugin| plugin["name"] == MIRROR) {
        return Err(wrong("mirrors already, and can do so only once"));
    }
    if percent > 0 {
        let host = format!("http://{canary}.{}.svc:{port}", cx.rollout.metadata.namespace);
        let ratio = f64::from(percent.min(100)) / 100.0;
        let config = json!({ "host": host, "sample_ratio": ratio });
        plugins.push(json!({ "name": MIRROR, "enable": true, "config": config }));
        rule["plugins"] = plugins.into();
    }
    Ok(())
}

/// The rule for fewer requests; `None` when none are left.
fn narrowed(rule: &Value, conditions: &Conditions) -> Option<Value> {
    let mut rule = rule.clone();
    if !rule["match"].is_object() {
        rule["match"] = json!({});
    }
    let matches = &mut rule["match"];
    if let Some(methods) = &conditions.methods {
        let before = matches["methods"].as_array().filter(|before| !before.is_empty());
        let is_left = |method: &&String| before.is_none_or(|before| before.iter().any(|b| *b == method.as_str()));
        let left: Vec<&String> = methods.iter().filter(is_left).collect();
        if left.is_empty() {
            return None;
        }
        matches["methods"] = json!(left);
    }
    if !conditions.exprs.is_empty() {
        let before = matches["exprs"].as_array().cloned().unwrap_or_default();
        matches["exprs"] = before.into_iter().chain(conditions.exprs.iter().cloned()).collect();
    }
    Some(rule)
}

/// Names of rules must differ within an object.
fn rename(rules: &mut [Value]) {
    let mut used = BTreeSet::new();
    for rule in rules {
        let name = rule["name"].as_str().unwrap_or_default().to_string();
        let numbered = (1..).map(|n| format!("{name}-{n}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !used.contains(name));
        let free = free.unwrap_or_default();
        rule["name"] = free.as_str().into();
        used.insert(free);
    }
}

#[cfg(test)]
mod tests;

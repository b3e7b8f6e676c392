//! Rules of managed routes: for each rule that splits traffic one that asks for more. They are known by their names:
//! that of the managed route, and `-1`, `-2` and so on for the second and further ones. More conditions come first in
//! Gateway API, wherever they stand.

use super::narrowed::narrowed;
use super::routes::{RouteKind, Target};
use super::services::Services;
use crate::{Draft, Managed, RouteError};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a route may have.
const MAX_RULES: usize = 16;
/// What a rule may have.
const MAX_MATCHES: usize = 64;
/// What all rules of a route may have together.
const MAX_ALL_MATCHES: usize = 128;

/// What is wrong with the name of a managed route: rules have names like objects.
pub fn refuses(name: &str) -> Option<String> {
    let is_known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_part = |part: &str| {
        part.starts_with(is_known) && part.ends_with(is_known) && part.chars().all(|c| is_known(c) || c == '-')
    };
    let is_good = name.len() <= 250 && name.split('.').all(is_part);
    (!is_good).then(|| format!("Gateway API cannot have a rule with the name {name:?}"))
}

/// Whether a rule is one of a managed route: by its name.
pub fn is_of(rule: &Value, route: &str) -> bool {
    let rest = rule["name"].as_str().and_then(|name| name.strip_prefix(route));
    rest.is_some_and(|rest| {
        let number = rest.strip_prefix('-').unwrap_or_default();
        rest.is_empty() || !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether a rule was made here: it has the name of a managed route, and leads to a Service of the Rollout.
pub fn is_ours(rule: &Value, names: &BTreeSet<&str>, services: &Services<'_>) -> bool {
    names.iter().any(|name| is_of(rule, name)) && services.is_used(rule)
}

/// Takes out the rules that are not wanted any more.
pub fn remove_others(
    target: &Target,
    names: &BTreeSet<&str>,
    services: &Services<'_>,
    wanted: &[Managed],
    draft: &mut Draft<'_>,
) {
    let is_wanted = |rule: &Value| wanted.iter().any(|managed| is_of(rule, &managed.name));
    let Some(mut object) = draft.get(&target.at).cloned() else { return };
    let Some(rules) = object.pointer_mut("/spec/rules").and_then(Value::as_array_mut) else { return };
    rules.retain(|rule| is_wanted(rule) || !is_ours(rule, names, services));
    draft.update(&target.at, object, "its managed route is not wanted any more", Vec::new());
}

/// Makes the rules that are wanted, in their order, after all others.
pub fn set(
    target: &Target,
    names: &BTreeSet<&str>,
    services: &Services<'_>,
    wanted: &[Managed],
    draft: &mut Draft<'_>,
) -> Result<(), RouteError> {
    let at = &target.at;
    let failed = |message: String| RouteError::failed(format!("{at}: {message}"));
    let mut object = draft.get(at).cloned().ok_or_else(|| RouteError::failed(at.not_found()))?;
    let Some(rules) = object.pointer_mut("/spec/rules").and_then(Value::as_array_mut) else { return Ok(()) };
    let (there, mut all): (Vec<Value>, Vec<Value>) =
        std::mem::take(rules).into_iter().partition(|rule| is_ours(rule, names, services));
    let sources: Vec<Value> = all.iter().filter(|rule| services.is_split(rule)).cloned().collect();
    let mut result = Ok(());
    for managed in wanted {
        if all.iter().any(|rule| is_of(rule, &managed.name)) {
            result = result.and(Err(failed(format!("rule {} does not belong to the Rollout", managed.name))));
            continue;
        }
        let there = there.iter().filter(|rule| is_of(rule, &managed.name));
        match made(target.kind, &sources, services, managed) {
            Ok(made) => {
                // Something may have been filled in that means the same.
                let as_is = |rule: Value| there.clone().find(|there| is_same(there, &rule)).cloned().unwrap_or(rule);
                all.extend(made.into_iter().map(as_is));
            }
            Err(message) => {
                result = result.and(Err(failed(message)));
                all.extend(there.cloned());
            }
        }
    }
    if all.len() > MAX_RULES {
        return Err(failed(format!("would have {} rules, and no more than {MAX_RULES} are allowed", all.len())));
    }
    let matches: usize = all.iter().map(|rule| rule["matches"].as_array().map_or(0, Vec::len)).sum();
    if matches > MAX_ALL_MATCHES {
        let message = format!("would have {matches} matches, and no more than {MAX_ALL_MATCHES} are allowed");
        return Err(failed(message));
    }
    *rules = all;
    draft.update(at, object, "a step wants this route", Vec::new());
    result
}

fn is_same(there: &Value, wanted: &Value) -> bool {
    canonical(there) == canonical(wanted)
}

/// Without what is filled in when it is absent.
fn canonical(rule: &Value) -> Value {
    let mut rule = rule.clone();
    let refs = rule.get_mut("backendRefs").and_then(Value::as_array_mut).into_iter().flatten();
    for reference in
        refs.filter_map(Value::as_object_mut).filter(|reference| reference.get("weight") == Some(&1.into()))
    {
        reference.remove("weight");
    }
    rule
}

fn made(kind: RouteKind, sources: &[Value], services: &Services<'_>, managed: &Managed) -> Result<Vec<Value>, String> {
    let wrong = |i: usize, what: String| {
        let name = sources.get(i).and_then(|source| source["name"].as_str());
        let name = name.map_or_else(|| format!("no. {}", i + 1), str::to_string);
        format!("route {}: rule {name} {what}", managed.name)
    };
    let narrowed = narrowed(kind, sources, &managed.matches).map_err(|(i, what)| wrong(i, what))?;
    let mut made = Vec::new();
    for (i, (source, matches)) in sources.iter().zip(narrowed).enumerate() {
        let wrong = |what: String| wrong(i, what);
        if matches.is_empty() {
            continue;
        }
        if matches.len() > MAX_MATCHES {
            let (many, max) = (matches.len(), MAX_MATCHES);
            return Err(wrong(format!("would need {many} matches, and no more than {max} are allowed")));
        }
        let canary = services.find(source, services.canary).cloned().unwrap_or_default();
        let mut rule = source.clone();
        match managed.mirror {
            None => rule["backendRefs"] = json!([reference(&canary)]),
            Some(percent) => mirror(&mut rule, &canary, percent).map_err(wrong)?,
        }
        let many = match rewrites_prefix(source) {
            false => MAX_MATCHES,
            true if matches.iter().all(|m| m["path"]["type"] == "PathPrefix") => 1,
            true => return Err(wrong("rewrites a prefix of the path, and so can match on nothing else of it".into())),
        };
        for matches in matches.chunks(many) {
            rule["name"] = match made.len() {
                0 => managed.name.clone(),
                n => format!("{}-{n}", managed.name),
            }
            .into();
            rule["matches"] = matches.into();
            made.push(rule.clone());
        }
    }
    match made.is_empty() && !sources.is_empty() {
        true => Err(format!("route {}: no rule is for such requests", managed.name)),
        false => Ok(made),
    }
}

/// Whether the rule may have but one match, a `PathPrefix`.
fn rewrites_prefix(rule: &Value) -> bool {
    let backends = rule["backendRefs"].as_array().into_iter().flatten();
    let filters = backends.chain([rule]).filter_map(|holder| holder["filters"].as_array()).flatten();
    let mut paths = filters.flat_map(|filter| [&filter["urlRewrite"]["path"], &filter["requestRedirect"]["path"]]);
    paths.any(|path| path["type"] == "ReplacePrefixMatch")
}

/// The same destination for everything.
fn reference(canary: &Value) -> Value {
    let mut reference = canary.clone();
    if let Some(reference) = reference.as_object_mut() {
        reference.remove("weight");
        reference.entry("group").or_insert("".into());
        reference.entry("kind").or_insert("Service".into());
    }
    reference
}

/// What the rule does with requests stays, and a copy of them goes to the canary.
fn mirror(rule: &mut Value, canary: &Value, percent: i32) -> Result<(), String> {
    let mut filters = match &rule["filters"] {
        Value::Null => Vec::new(),
        Value::Array(filters) => filters.clone(),
        _ => return Err("has filters that are no list".into()),
    };
    let mut backend = reference(canary);
    if let Some(backend) = backend.as_object_mut() {
        backend.retain(|key, _| ["group", "kind", "name", "namespace", "port"].contains(&key.as_str()));
    }
    let mut mirror = json!({ "backendRef": backend });
    // Older releases of the API have no such field, and mirror everything.
    if percent < 100 {
        mirror["percent"] = percent.max(0).into();
    }
    filters.push(json!({ "type": "RequestMirror", "requestMirror": mirror }));
    rule["filters"] = filters.into();
    Ok(())
}

#[cfg(test)]
mod tests;

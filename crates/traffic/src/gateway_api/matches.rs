//! What managed routes ask of requests, in words of HTTPRoutes, on top of what a rule asks (§4.2).

use super::paths;
use crate::{Block, Matches, Pattern, methods, regex};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a match may have of each.
const MAX_HEADERS: usize = 16;

/// Conditions of one match, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conditions {
    method: Option<String>,
    path: Option<Pattern>,
    headers: Vec<Value>,
    query_params: Vec<Value>,
}

/// What nothing is asked of would be everything.
pub const NOTHING: &str = "Gateway API has no rule for a route that matches nothing";

/// Blocks of conditions. All headers of upstream's form must match.
pub fn blocks(matches: &Matches) -> Vec<Block> {
    match matches {
        Matches::Headers(headers) => vec![Block { headers: headers.clone(), ..Block::default() }],
        Matches::AnyOf(blocks) => blocks.clone(),
    }
}

/// Alternatives.
///
/// # Errors
/// One sentence: what the API cannot express.
pub fn alternatives(matches: &Matches) -> Result<Vec<Conditions>, String> {
    let is_upstream = matches!(matches, Matches::Headers(_));
    let mut alternatives = Vec::new();
    for block in blocks(matches) {
        let methods = match &block.method {
            None => vec![None],
            Some(Pattern::Exact(method)) if methods::is_known(method) => vec![Some(method.clone())],
            Some(Pattern::Exact(method)) => return Err(format!("Gateway API knows no method {method:?}")),
            Some(Pattern::Prefix(prefix)) => {
                methods::with_prefix(prefix).into_iter().map(|method| Some(method.to_string())).collect()
            }
            Some(Pattern::Regex(_)) => return Err("Gateway API cannot match methods by regular expression".into()),
        };
        if methods.is_empty() {
            return Err("Gateway API knows no method that begins so".into());
        }
        let headers = headers(&block, is_upstream)?;
        if let Some((name, _)) = block.query_params.iter().find(|(name, _)| !is_token(name)) {
            return Err(format!("Gateway API cannot match on a parameter of the query with the name {name:?}"));
        }
        let query_params = block.query_params.iter().map(|(name, pattern)| condition(name, pattern, false)).collect();
        let rest = Conditions { method: None, path: block.path.clone(), headers, query_params };
        alternatives.extend(methods.into_iter().map(|method| Conditions { method, ..rest.clone() }));
    }
    let is_everything = alternatives.contains(&Conditions::default());
    if alternatives.is_empty() || is_everything { Err(NOTHING.into()) } else { Ok(alternatives) }
}

/// Conditions on headers and cookies, which are one of the headers.
pub fn headers(block: &Block, is_upstream: bool) -> Result<Vec<Value>, String> {
    if let Some((name, _)) = block.headers.iter().find(|(name, _)| !is_token(name)) {
        return Err(format!("Gateway API cannot match on a header with the name {name:?}"));
    }
    let mut names = BTreeSet::new();
    if let Some((name, _)) = block.headers.iter().find(|(name, _)| !names.insert(name.to_ascii_lowercase())) {
        return Err(format!("Gateway API cannot match twice on the header {name}"));
    }
    let mut headers: Vec<Value> =
        block.headers.iter().map(|(name, pattern)| condition(name, pattern, is_upstream)).collect();
    match block.cookies.len() {
        0 => {}
        _ if names.contains("cookie") => {
            return Err("Gateway API cannot match on the header cookie and on a cookie at once".into());
        }
        1..=regex::MAX_COOKIES => {
            let value = regex::cookies(&block.cookies);
            headers.push(json!({ "type": "RegularExpression", "name": "cookie", "value": value }));
        }
        _ => return Err(format!("Gateway API cannot match on more than {} cookies at once", regex::MAX_COOKIES)),
    }
    Ok(headers)
}

/// What the API takes as the name of a header or a parameter.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

fn condition(name: &str, pattern: &Pattern, is_upstream: bool) -> Value {
    let (kind, value) = match pattern {
        Pattern::Exact(value) => ("Exact", value.clone()),
        Pattern::Regex(regex) if is_upstream => ("RegularExpression", regex.clone()),
        Pattern::Prefix(_) | Pattern::Regex(_) => ("RegularExpression", regex::of(pattern)),
    };
    json!({ "type": kind, "name": name, "value": value })
}

/// The match for those requests of `source` that fit; `None` when none do.
///
/// # Errors
/// When no single match means both.
pub fn both(source: &Value, wanted: &Conditions) -> Result<Option<Value>, String> {
    let mut both = if source.is_object() { source.clone() } else { json!({}) };
    if let Some(method) = &wanted.method {
        match source["method"].as_str() {
            Some(other) if other != method => return Ok(None),
            _ => both["method"] = method.as_str().into(),
        }
    }
    if let Some(path) = &wanted.path {
        let source = Some(&source["path"]).filter(|path| path.is_object());
        let Some(path) = paths::both(source, path)? else { return Ok(None) };
        both["path"] = path;
    }
    let headers = add(&mut both, "headers", &wanted.headers, str::eq_ignore_ascii_case)?;
    let query_params = add(&mut both, "queryParams", &wanted.query_params, |a, b| a == b)?;
    match headers && query_params {
        false => Ok(None),
        true if both == *source => {
            Err("asks for all that the route does, so the one cannot come before the other".into())
        }
        true => Ok(Some(both)),
    }
}

/// Adds conditions on names to those that are there; false when they contradict each other.
pub fn add(
    both: &mut Value,
    field: &str,
    wanted: &[Value],
    is_same: impl Fn(&str, &str) -> bool,
) -> Result<bool, String> {
    if wanted.is_empty() {
        return Ok(true);
    }
    let mut all = both[field].as_array().cloned().unwrap_or_default();
    let kind = |condition: &Value| condition["type"].as_str().unwrap_or("Exact").to_string();
    for condition in wanted {
        let name = condition["name"].as_str().unwrap_or_default();
        let there = all.iter().find(|other| other["name"].as_str().is_some_and(|other| is_same(other, name)));
        match there {
            None => all.push(condition.clone()),
            Some(there) if kind(there) == kind(condition) && there["value"] == condition["value"] => {}
            Some(there) if kind(there) == "Exact" && kind(condition) == "Exact" => return Ok(false),
            Some(_) => return Err(format!("matches on {name} already, and a match can do so only once")),
        }
    }
    if all.len() > MAX_HEADERS {
        return Err(format!("would have {} {field}, and no more than {MAX_HEADERS} are allowed", all.len()));
    }
    both[field] = all.into();
    Ok(true)
}

#[cfg(test)]
mod tests;

//! What AWS load balancers can match on: headers, cookies and the query by value or with wildcards, and methods. Paths
//! belong to the rules of the Ingress ([`super::paths`]). They compare without regard to case.

use crate::{Block, Managed, Matches, Pattern};
use serde_json::{Value, json};

/// A rule of a load balancer takes at most so many values, and one is that of the path.
const MOST_VALUES: usize = 5;
const EXACT_ONLY: &str = "SetHeaderRoute match value invalid. ALB supports 'exact' value only";

/// An action with its conditions, all of which must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The action's name.
    pub name: String,
    /// What its annotation lists.
    pub conditions: Vec<Value>,
    /// The paths it is for, of those that the Ingress sends to the Rollout.
    pub path: Option<Pattern>,
}

/// The rules of a managed route, any of which may match.
///
/// # Errors
/// What load balancers cannot do, in a sentence.
pub fn rules(route: &Managed) -> Result<Vec<Rule>, String> {
    if route.mirror.is_some() {
        return Err("ALB cannot mirror requests".into());
    }
    let rules = match &route.matches {
        Matches::Headers(headers) if headers.is_empty() => return Err("ALB needs a header to match on".into()),
        Matches::Headers(headers) => {
            vec![Rule { name: route.name.clone(), conditions: merged(headers)?, path: None }]
        }
        Matches::AnyOf(blocks) => {
            let rule = |(at, block): (usize, &Block)| {
                let name = if at == 0 { route.name.clone() } else { format!("{}-or-{}", route.name, at + 1) };
                let conditions = conditions(block)?;
                Ok(Rule { name, conditions, path: block.path.clone() })
            };
            blocks.iter().enumerate().map(rule).collect::<Result<_, String>>()?
        }
    };
    match rules.iter().find(|rule| !is_label(&rule.name)) {
        Some(rule) => Err(format!("ALB cannot have a route of the name {:?}: it must be that of a Service", rule.name)),
        None => Ok(rules),
    }
}

/// What a Service may be called.
fn is_label(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(is_inner)
}

/// Headers as the Go controller writes them: any value of one header, all headers.
fn merged(headers: &[(String, Pattern)]) -> Result<Vec<Value>, String> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, pattern) in headers {
        let Pattern::Exact(value) = pattern else { return Err(EXACT_ONLY.into()) };
        match all.iter_mut().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
            Some((_, values)) => values.push(value),
            None => all.push((name, vec![value])),
        }
    }
    Ok(all.into_iter().map(|(name, values)| header(name, json!(values))).collect())
}

fn conditions(block: &Block) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    let mut values = 1;
    if let Some(method) = &block.method {
        let Pattern::Exact(method) = method else { return Err("ALB can match on a whole method only".into()) };
        values += 1;
        all.push(json!({ "field": "http-request-method", "httpRequestMethodConfig": { "values": [method] } }));
    }
    for (name, pattern) in &block.headers {
        values += 1;
        all.push(header(name, json!([wildcards(pattern, "header")?])));
    }
    for (name, pattern) in &block.cookies {
        let wanted = cookie(name, pattern)?;
        values += wanted.len();
        all.push(header("Cookie", json!(wanted)));
    }
    for (name, pattern) in &block.query_params {
        values += 1;
        let value = match pattern {
            Pattern::Exact(value) => escaped(value),
            Pattern::Prefix(prefix) => format!("{}*", escaped(prefix)),
            Pattern::Regex(_) => return Err(no_regex("query")),
        };
        let wanted = json!({ "values": [{ "key": escaped(name), "value": value }] });
        all.push(json!({ "field": "query-string", "queryStringConfig": wanted }));
    }
    if values > MOST_VALUES {
        let what = "one is for the path, and two for a whole cookie";
        return Err(format!("ALB takes at most {MOST_VALUES} values in a rule, of which {what}"));
    }
    match &block.path {
        Some(Pattern::Regex(_)) => Err(no_regex("path")),
        Some(Pattern::Exact(path) | Pattern::Prefix(path)) if !path.starts_with('/') || path.contains(['*', '?']) => {
            Err(format!("ALB cannot match on the path {path:?}"))
        }
        _ => Ok(all),
    }
}

fn header(name: &str, values: Value) -> Value {
    json!({ "field": "http-header", "httpHeaderConfig": { "httpHeaderName": name, "values": values } })
}

/// The header of cookies with the cookie at its end, or before another one. Where its name begins cannot be said.
fn cookie(name: &str, pattern: &Pattern) -> Result<Vec<String>, String> {
    let cookie = match pattern {
        Pattern::Exact(value) => Pattern::Exact(format!("{name}={value}")),
        Pattern::Prefix(prefix) => Pattern::Prefix(format!("{name}={prefix}")),
        Pattern::Regex(_) => return Err(no_regex("cookie")),
    };
    let text = wildcards(&cookie, "cookie")?;
    Ok(match pattern {
        Pattern::Exact(_) => vec![format!("*{text}"), format!("*{text};*")],
        _ => vec![format!("*{text}")],
    })
}

/// A value in which `*` stands for anything, and cannot stand for itself.
fn wildcards(pattern: &Pattern, what: &str) -> Result<String, String> {
    let (Pattern::Exact(text) | Pattern::Prefix(text) | Pattern::Regex(text)) = pattern;
    match pattern {
        Pattern::Regex(_) => Err(no_regex(what)),
        _ if text.contains(['*', '?']) => Err(format!("ALB takes * and ? in a {what} for wildcards")),
        Pattern::Exact(_) => Ok(text.clone()),
        Pattern::Prefix(_) => Ok(format!("{text}*")),
    }
}

/// In queries a backslash makes wildcards ordinary.
fn escaped(text: &str) -> String {
    let escape = |c: char| if "*?\\".contains(c) { vec!['\\', c] } else { vec![c] };
    text.chars().flat_map(escape).collect()
}

fn no_regex(what: &str) -> String {
    format!("ALB cannot match on regular expressions, as for the {what}")
}

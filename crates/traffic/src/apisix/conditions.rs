//! Matches in APISIX' words (§4.2).

use crate::{Block, Matches, Pattern, methods, regex};
use serde_json::{Value, json};

/// What must be true of a request besides what the rule that is copied asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conditions {
    /// One of these; `None`: any.
    pub methods: Option<Vec<String>>,
    /// All of these.
    pub exprs: Vec<Value>,
}

/// Alternatives. All headers of upstream's form must match.
///
/// # Errors
/// One sentence: what APISIX cannot express.
pub fn alternatives(matches: &Matches) -> Result<Vec<Conditions>, String> {
    let alternatives = match matches {
        Matches::Headers(headers) => {
            let exprs = headers.iter().map(|(name, pattern)| match pattern {
                // Upstream looks for it anywhere in the value.
                Pattern::Regex(regex) => expr("Header", Some(name), "RegexMatch", regex),
                _ => compare("Header", Some(name), pattern),
            });
            vec![Conditions { methods: None, exprs: exprs.collect() }]
        }
        Matches::AnyOf(blocks) => blocks.iter().map(block).collect::<Result<_, _>>()?,
    };
    match alternatives.is_empty() || alternatives.contains(&Conditions::default()) {
        true => Err("APISIX has no rule for a route that matches nothing".into()),
        false => Ok(alternatives),
    }
}

fn block(block: &Block) -> Result<Conditions, String> {
    let methods = match &block.method {
        None => None,
        Some(Pattern::Exact(method)) if methods::is_known(method) => Some(vec![method.clone()]),
        Some(Pattern::Exact(method)) => return Err(format!("APISIX knows no method {method:?}")),
        Some(Pattern::Prefix(prefix)) => {
            Some(methods::with_prefix(prefix).into_iter().map(str::to_string).collect::<Vec<_>>())
        }
        Some(Pattern::Regex(_)) => return Err("APISIX cannot match methods by regular expression".into()),
    };
    if methods.as_ref().is_some_and(Vec::is_empty) {
        return Err("APISIX knows no method that begins so".into());
    }
    let path = block.path.iter().map(|pattern| compare("Path", None, pattern));
    let named = [("Header", &block.headers), ("Cookie", &block.cookies), ("Query", &block.query_params)];
    let named = named
        .into_iter()
        .flat_map(|(scope, patterns)| patterns.iter().map(move |(name, pattern)| compare(scope, Some(name), pattern)));
    Ok(Conditions { methods, exprs: path.chain(named).collect() })
}

fn compare(scope: &str, name: Option<&String>, pattern: &Pattern) -> Value {
    match pattern {
        Pattern::Exact(value) => expr(scope, name, "Equal", value),
        Pattern::Prefix(_) | Pattern::Regex(_) => expr(scope, name, "RegexMatch", &regex::of(pattern)),
    }
}

fn expr(scope: &str, name: Option<&String>, op: &str, value: &str) -> Value {
    let subject = match name {
        Some(name) => json!({ "scope": scope, "name": name }),
        None => json!({ "scope": scope }),
    };
    json!({ "subject": subject, "op": op, "value": value })
}

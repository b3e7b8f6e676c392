//! Matches in Istio's words (§4.1, §4.2).

use crate::regex::{self, MAX_COOKIES};
use crate::{Block, Matches, Pattern};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The `match` of a route; empty when nothing would match. With `may_be_all` a block without conditions matches all requests;
/// else it matches none.
pub(super) fn blocks(matches: &Matches, may_be_all: bool) -> Vec<Value> {
    match matches {
        Matches::Headers(headers) => {
            headers.iter().map(|(name, pattern)| json!({ "headers": { name: string_match(pattern) } })).collect()
        }
        Matches::AnyOf(blocks) => {
            let meant = blocks.iter().filter(|block| may_be_all || **block != Block::default());
            meant.map(block).collect()
        }
    }
}

/// What Istio cannot express.
pub(super) fn refuses(matches: &Matches) -> Option<String> {
    let Matches::AnyOf(blocks) = matches else { return None };
    blocks.iter().find_map(|block| {
        let mut names = BTreeSet::new();
        let twice = block.headers.iter().find(|(name, _)| !names.insert(name.to_ascii_lowercase()));
        if let Some((name, _)) = twice {
            return Some(format!("Istio cannot match twice on the header {name}"));
        }
        if !block.cookies.is_empty() && names.contains("cookie") {
            return Some("Istio cannot match on the header cookie and on a cookie at once".into());
        }
        let is_too_many = block.cookies.len() > MAX_COOKIES;
        is_too_many.then(|| format!("Istio cannot match on more than {MAX_COOKIES} cookies at once"))
    })
}

fn block(block: &Block) -> Value {
    let mut conditions = Map::new();
    if let Some(method) = &block.method {
        conditions.insert("method".into(), string_match(method));
    }
    if let Some(path) = &block.path {
        conditions.insert("uri".into(), string_match(path));
    }
    let mut headers: Map<String, Value> =
        block.headers.iter().map(|(name, pattern)| (name.clone(), string_match(pattern))).collect();
    if !block.cookies.is_empty() {
        headers.insert("cookie".into(), json!({ "regex": regex::cookies(&block.cookies) }));
    }
    if !headers.is_empty() {
        conditions.insert("headers".into(), headers.into());
    }
    if !block.query_params.is_empty() {
        let parameters = block.query_params.iter().map(|(name, pattern)| (name.clone(), query_match(pattern)));
        conditions.insert("queryParams".into(), parameters.collect::<Map<_, _>>().into());
    }
    if conditions.is_empty() {
        // Said openly: not everything that reads routes knows what an empty block means.
        conditions.insert("uri".into(), json!({ "prefix": "/" }));
    }
    conditions.into()
}

fn string_match(pattern: &Pattern) -> Value {
    match pattern {
        Pattern::Exact(text) => json!({ "exact": text }),
        Pattern::Prefix(text) => json!({ "prefix": text }),
        Pattern::Regex(text) => json!({ "regex": text }),
    }
}

/// Parameters of the query cannot be matched by prefix.
fn query_match(pattern: &Pattern) -> Value {
    match pattern {
        Pattern::Prefix(_) => json!({ "regex": regex::of(pattern) }),
        Pattern::Exact(_) | Pattern::Regex(_) => string_match(pattern),
    }
}

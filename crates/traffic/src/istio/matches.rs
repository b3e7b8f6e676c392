//! Matches in Istio's words (§4.1, §4.2).

use crate::{Block, Matches, Pattern};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Cookies of one block: each order of them is a regular expression of its own.
const MAX_COOKIES: usize = 3;

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
        headers.insert("cookie".into(), json!({ "regex": cookies(&block.cookies) }));
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
        Pattern::Prefix(text) => json!({ "regex": format!("{}.*", escaped(text)) }),
        Pattern::Exact(_) | Pattern::Regex(_) => string_match(pattern),
    }
}

/// What the whole header `cookie` looks like when it has these cookies, in any order and among others.
fn cookies(cookies: &[(String, Pattern)]) -> String {
    let cookies: Vec<String> = cookies.iter().map(|(name, pattern)| cookie(name, pattern)).collect();
    let orders: Vec<String> = orders(&cookies).iter().map(|order| order.join(" *;(?:.*;)? *")).collect();
    let inner = match orders.as_slice() {
        [one] => one.clone(),
        several => format!("(?:{})", several.join("|")),
    };
    format!("(?:.*; *)?{inner} *(?:;.*)?")
}

/// All orders of the items. Of more than [`MAX_COOKIES`] only the given one: such matches are refused.
fn orders(items: &[String]) -> Vec<Vec<String>> {
    if items.len() <= 1 || items.len() > MAX_COOKIES {
        return vec![items.to_vec()];
    }
    let with_first = |first: usize| {
        let rest: Vec<String> =
            items.iter().enumerate().filter(|(index, _)| *index != first).map(|(_, item)| item.clone()).collect();
        orders(&rest)
            .into_iter()
            .map(move |order| [vec![items.get(first).cloned().unwrap_or_default()], order].concat())
    };
    (0..items.len()).flat_map(with_first).collect()
}

fn cookie(name: &str, pattern: &Pattern) -> String {
    let value = match pattern {
        Pattern::Exact(text) => escaped(text),
        Pattern::Prefix(text) => format!("{}[^;]*", escaped(text)),
        Pattern::Regex(regex) => format!("(?:{})", within_cookie(regex)),
    };
    format!("{}={value}", escaped(name))
}

/// A regular expression for one value, whose dots and negated classes do not reach into the next cookie.
fn within_cookie(regex: &str) -> String {
    let mut out = String::with_capacity(regex.len());
    let mut is_class = false;
    let mut chars = regex.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            '.' if !is_class => out.push_str("[^;]"),
            '[' if !is_class => {
                is_class = true;
                out.push(c);
                if chars.next_if_eq(&'^').is_some() {
                    out.push_str("^;");
                }
                // First of all it is no end.
                out.extend(chars.next_if_eq(&']').map(|_| "\\]"));
            }
            ']' => {
                is_class = false;
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Text as a regular expression (RE2) that matches just this text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex_of(cookies: &[(&str, Pattern)]) -> String {
        super::cookies(
            &cookies.iter().map(|(name, pattern)| ((*name).to_string(), pattern.clone())).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn what_is_meant_literally_is_escaped() {
        assert_eq!(escaped(r"a.b+c\d(e)[f]{g}^$|*?"), r"a\.b\+c\\d\(e\)\[f\]\{g\}\^\$\|\*\?");
        assert_eq!(query_match(&Pattern::Prefix("v1.".into())), json!({ "regex": r"v1\..*" }));
        assert_eq!(within_cookie(r"a.\.[^x.][]y]"), r"a[^;]\.[^;x.][\]y]");
    }

    #[test]
    fn cookies_stand_among_others() {
        let one = regex_of(&[("tester", Pattern::Exact("y.es".into()))]);
        assert_eq!(one, r"(?:.*; *)?tester=y\.es *(?:;.*)?");
        let two = regex_of(&[("a", Pattern::Prefix("1".into())), ("b", Pattern::Regex("x.*".into()))]);
        let (a, b, between) = ("a=1[^;]*", "b=(?:x[^;]*)", " *;(?:.*;)? *");
        assert_eq!(two, format!("(?:.*; *)?(?:{a}{between}{b}|{b}{between}{a}) *(?:;.*)?"));
    }
}

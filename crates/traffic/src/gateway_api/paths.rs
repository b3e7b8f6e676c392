//! A path condition on top of that of a rule. A match has one path, so the two must become one that means both.
//!
//! Gateway API's own prefixes consist of whole elements (`/a` is no prefix of `/ab`), ours of characters.

use crate::{Pattern, regex};
use serde_json::{Value, json};

/// The path of requests that fit both; `None` when none do.
///
/// # Errors
/// When no single condition means both.
pub fn both(source: Option<&Value>, wanted: &Pattern) -> Result<Option<Value>, String> {
    let Some(source) = source else { return Ok(Some(path(wanted))) };
    let value = source["value"].as_str().unwrap_or("/");
    let kept = |is_kept: bool| Ok(is_kept.then(|| source.clone()));
    let replaced = |is_replaced: bool| Ok(is_replaced.then(|| path(wanted)));
    let unclear = Err(format!("has a path, {value}, that cannot be combined with the one of the route"));
    match (source["type"].as_str().unwrap_or("PathPrefix"), wanted) {
        ("PathPrefix", Pattern::Exact(exact)) => replaced(is_under(exact, value)),
        ("PathPrefix", Pattern::Prefix(prefix)) => {
            let whole = value.trim_end_matches('/');
            if prefix.starts_with(&format!("{whole}/")) { replaced(true) } else { kept(whole.starts_with(prefix)) }
        }
        ("PathPrefix", Pattern::Regex(regex)) => {
            let whole = value.trim_end_matches('/');
            let (literal, _) = literal(regex);
            match literal.strip_prefix(whole) {
                _ if whole.is_empty() => replaced(true),
                Some(rest) if rest.starts_with('/') => replaced(true),
                Some("") => unclear,
                Some(_) => Ok(None),
                None if whole.starts_with(&literal) => unclear,
                None => Ok(None),
            }
        }
        ("Exact", Pattern::Exact(exact)) => kept(exact == value),
        ("Exact", Pattern::Prefix(prefix)) => kept(value.starts_with(prefix)),
        ("Exact", Pattern::Regex(regex)) => match literal(regex) {
            (literal, true) => kept(literal == value),
            (literal, false) if !value.starts_with(&literal) => Ok(None),
            _ => unclear,
        },
        _ if *source == path(wanted) => kept(true),
        _ => unclear,
    }
}

fn path(wanted: &Pattern) -> Value {
    match wanted {
        Pattern::Exact(path) if is_plain(path) => json!({ "type": "Exact", "value": path }),
        Pattern::Prefix(path) if path == "/" => json!({ "type": "PathPrefix", "value": path }),
        _ => json!({ "type": "RegularExpression", "value": regex::of(wanted) }),
    }
}

/// Whether the API takes it as an exact path.
fn is_plain(path: &str) -> bool {
    let is_known = |c: char| c.is_ascii_alphanumeric() || "-/._~!$&'()*+,;=:@".contains(c);
    path.starts_with('/')
        && path.chars().all(is_known)
        && !["//", "/./", "/../"].iter().any(|odd| path.contains(odd))
        && !["/.", "/.."].iter().any(|odd| path.ends_with(odd))
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// With what everything begins that matches, and whether that is all.
fn literal(regex: &str) -> (String, bool) {
    // Alternatives may begin with anything.
    if regex.contains('|') {
        return (String::new(), false);
    }
    let mut literal = String::new();
    let mut chars = regex.strip_prefix('^').unwrap_or(regex).chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' | '{' => {
                literal.pop();
                return (literal, false);
            }
            '\\' if chars.peek().is_some_and(|next| !next.is_alphanumeric()) => literal.extend(chars.next()),
            '$' if chars.peek().is_none() => return (literal, true),
            '\\' | '.' | '+' | '(' | ')' | '[' | ']' | '}' | '^' | '$' => return (literal, false),
            _ => literal.push(c),
        }
    }
    (literal, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meet(kind: &str, value: &str, wanted: Pattern) -> String {
        match both(Some(&json!({ "type": kind, "value": value })), &wanted) {
            Ok(Some(path)) => {
                format!("{} {}", path["type"].as_str().unwrap_or(""), path["value"].as_str().unwrap_or(""))
            }
            Ok(None) => "none".into(),
            Err(_) => "unclear".into(),
        }
    }

    #[test]
    fn two_paths_become_one() {
        let exact = |text: &str| Pattern::Exact(text.into());
        let prefix = |text: &str| Pattern::Prefix(text.into());
        let regex = |text: &str| Pattern::Regex(text.into());
        for (kind, value, wanted, expected) in [
            ("PathPrefix", "/", exact("/a"), "Exact /a"),
            ("PathPrefix", "/a", exact("/a"), "Exact /a"),
            ("PathPrefix", "/a/", exact("/a/b"), "Exact /a/b"),
            ("PathPrefix", "/a", exact("/ab"), "none"),
            ("PathPrefix", "/", exact("/a{b}"), r"RegularExpression ^/a\{b\}$"),
            ("PathPrefix", "/", exact("/a//b"), "RegularExpression ^/a//b$"),
            ("PathPrefix", "/", prefix("/"), "PathPrefix /"),
            ("PathPrefix", "/", prefix("/a.b"), r"RegularExpression ^/a\.b.*"),
            ("PathPrefix", "/a", prefix("/a/b"), "RegularExpression ^/a/b.*"),
            ("PathPrefix", "/a", prefix("/a"), "PathPrefix /a"),
            ("PathPrefix", "/abc", prefix("/a"), "PathPrefix /abc"),
            ("PathPrefix", "/a", prefix("/ab"), "none"),
            ("PathPrefix", "/a", prefix("/b"), "none"),
            ("PathPrefix", "/", regex("/a|/b"), "RegularExpression ^(?:/a|/b)$"),
            ("PathPrefix", "/a", regex("/a/[0-9]+"), "RegularExpression ^(?:/a/[0-9]+)$"),
            ("PathPrefix", "/a", regex("/a.*"), "unclear"),
            ("PathPrefix", "/a", regex("/a/?"), "unclear"),
            ("PathPrefix", "/a", regex("/a/x|/b"), "unclear"),
            ("PathPrefix", "/a", regex(r"/b\.c.*"), "none"),
            ("PathPrefix", "/a", regex("/ab.*"), "none"),
            ("Exact", "/a", exact("/a"), "Exact /a"),
            ("Exact", "/a", exact("/b"), "none"),
            ("Exact", "/ab", prefix("/a"), "Exact /ab"),
            ("Exact", "/a", prefix("/ab"), "none"),
            ("Exact", "/a.b", regex(r"^/a\.b$"), "Exact /a.b"),
            ("Exact", "/a", regex("/b.*"), "none"),
            ("Exact", "/a", regex("/a.*"), "unclear"),
            ("RegularExpression", "^(?:/a.*)$", regex("/a.*"), "RegularExpression ^(?:/a.*)$"),
            ("RegularExpression", "/a.*", exact("/a"), "unclear"),
            ("Unknown", "/a", exact("/a"), "unclear"),
        ] {
            assert_eq!(meet(kind, value, wanted.clone()), expected, "{kind} {value} and {wanted:?}");
        }
    }
}

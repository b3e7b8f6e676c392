//! Matches in the language of Traefik's rules (§4.2).

use crate::{Block, Matches, Pattern, methods, regex};

/// The two dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Of Traefik 2: few matchers, some with other names, and braces mean something in paths and queries.
    V2,
    /// Of Traefik 3.
    V3,
}

/// The rule for those requests of `base` that match. Header routes of upstream's form match by any of their headers, as
/// the documentation has it.
///
/// # Errors
/// One sentence: what the dialect cannot express.
pub fn rule(base: &str, matches: &Matches, syntax: Syntax) -> Result<String, String> {
    Ok(format!("({base}) && {}", condition(matches, syntax)?))
}

/// What must be true of a request besides.
pub fn condition(matches: &Matches, syntax: Syntax) -> Result<String, String> {
    let blocks = match matches {
        Matches::AnyOf(blocks) => blocks.clone(),
        Matches::Headers(headers) => {
            headers.iter().map(|header| Block { headers: vec![header.clone()], ..Block::default() }).collect()
        }
    };
    let blocks = blocks.iter().map(|b| block(b, syntax)).collect::<Result<Vec<_>, _>>()?;
    match blocks.as_slice() {
        [] => Err("Traefik has no rule for a route that matches nothing".into()),
        [one] => Ok(one.clone()),
        several => Ok(format!("({})", several.join(" || "))),
    }
}

fn block(block: &Block, syntax: Syntax) -> Result<String, String> {
    let mut conditions = Vec::new();
    if let Some(pattern) = &block.method {
        conditions.push(method(pattern)?);
    }
    if let Some(pattern) = &block.path {
        conditions.push(path(pattern, syntax)?);
    }
    conditions.extend(block.headers.iter().map(|(name, pattern)| header(name, pattern, syntax)));
    conditions.extend(block.cookies.iter().map(|cookie| {
        let regex = regex::cookies(std::slice::from_ref(cookie));
        call(header_regexp(syntax), &["Cookie", &regex])
    }));
    for (name, pattern) in &block.query_params {
        conditions.push(query(name, pattern, syntax)?);
    }
    match conditions.is_empty() {
        true => Err("Traefik has no rule for a route that matches nothing".into()),
        false => Ok(format!("({})", conditions.join(" && "))),
    }
}

fn method(pattern: &Pattern) -> Result<String, String> {
    let any_of = match pattern {
        Pattern::Exact(method) => vec![method.as_str()],
        Pattern::Prefix(prefix) => methods::with_prefix(prefix),
        Pattern::Regex(_) => return Err("Traefik cannot match methods by regular expression".into()),
    };
    let any_of: Vec<String> = any_of.into_iter().map(|method| call("Method", &[method])).collect();
    match any_of.as_slice() {
        [] => Err("Traefik knows no method that begins so".into()),
        [one] => Ok(one.clone()),
        several => Ok(format!("({})", several.join(" || "))),
    }
}

fn path(pattern: &Pattern, syntax: Syntax) -> Result<String, String> {
    match (pattern, syntax) {
        (Pattern::Exact(path) | Pattern::Prefix(path), Syntax::V2) if path.contains(['{', '}']) => {
            Err("Traefik 2 cannot match paths with braces".into())
        }
        (Pattern::Exact(path), _) => Ok(call("Path", &[path])),
        (Pattern::Prefix(path), _) => Ok(call("PathPrefix", &[path])),
        (Pattern::Regex(_), Syntax::V3) => Ok(call("PathRegexp", &[&regex::of(pattern)])),
        (Pattern::Regex(_), Syntax::V2) => Err("Traefik 2 cannot match paths by regular expression".into()),
    }
}

fn header(name: &str, pattern: &Pattern, syntax: Syntax) -> String {
    match (pattern, syntax) {
        (Pattern::Exact(value), Syntax::V2) => call("Headers", &[name, value]),
        (Pattern::Exact(value), Syntax::V3) => call("Header", &[name, value]),
        (Pattern::Prefix(_) | Pattern::Regex(_), _) => call(header_regexp(syntax), &[name, &regex::of(pattern)]),
    }
}

fn header_regexp(syntax: Syntax) -> &'static str {
    match syntax {
        Syntax::V2 => "HeadersRegexp",
        Syntax::V3 => "HeaderRegexp",
    }
}

fn query(name: &str, pattern: &Pattern, syntax: Syntax) -> Result<String, String> {
    match (pattern, syntax) {
        (Pattern::Exact(value), Syntax::V3) => Ok(call("Query", &[name, value])),
        (_, Syntax::V3) => Ok(call("QueryRegexp", &[name, &regex::of(pattern)])),
        (Pattern::Exact(value), Syntax::V2) if ![name, value].iter().any(|text| text.contains(['{', '}', '='])) => {
            Ok(call("Query", &[&format!("{name}={value}")]))
        }
        (_, Syntax::V2) => Err("Traefik 2 can match the query only by exact values without braces and `=`".into()),
    }
}

fn call(matcher: &str, arguments: &[&str]) -> String {
    let arguments: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
    format!("{matcher}({})", arguments.join(", "))
}

/// A Go string. Between backticks everything but a backtick means itself; carriage returns would be dropped there.
fn quoted(text: &str) -> String {
    if !text.contains(|c: char| c == '`' || c.is_control()) {
        return format!("`{text}`");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Pattern {
        Pattern::Exact(text.into())
    }

    fn of(block: Block, syntax: Syntax) -> Result<String, String> {
        condition(&Matches::AnyOf(vec![block]), syntax)
    }

    #[test]
    fn every_pattern_has_its_matcher() {
        let block = Block {
            method: Some(exact("GET")),
            path: Some(Pattern::Regex("/a.*".into())),
            headers: vec![("X-Vip".into(), exact("1")), ("X-Team".into(), Pattern::Prefix("a.".into()))],
            cookies: vec![("tester".into(), exact("yes"))],
            query_params: vec![("v".into(), Pattern::Regex("[12]".into())), ("w".into(), exact("3"))],
        };
        let expected = [
            "Method(`GET`)",
            "PathRegexp(`^(?:/a.*)$`)",
            "Header(`X-Vip`, `1`)",
            r"HeaderRegexp(`X-Team`, `^a\..*`)",
            "HeaderRegexp(`Cookie`, `^(?:.*; *)?tester=yes *(?:;.*)?$`)",
            "QueryRegexp(`v`, `^(?:[12])$`)",
            "Query(`w`, `3`)",
        ];
        assert_eq!(of(block, Syntax::V3), Ok(format!("({})", expected.join(" && "))));
    }

    #[test]
    fn traefik_2_has_other_names_and_fewer_of_them() {
        let block = Block {
            method: Some(Pattern::Prefix("P".into())),
            path: Some(Pattern::Prefix("/a".into())),
            headers: vec![("X-Vip".into(), exact("1")), ("X-Team".into(), Pattern::Regex("a".into()))],
            query_params: vec![("v".into(), exact("1"))],
            ..Block::default()
        };
        let methods = "(Method(`POST`) || Method(`PUT`) || Method(`PATCH`))";
        let headers = "Headers(`X-Vip`, `1`) && HeadersRegexp(`X-Team`, `^(?:a)$`)";
        let expected = format!("({methods} && PathPrefix(`/a`) && {headers} && Query(`v=1`))");
        assert_eq!(of(block, Syntax::V2), Ok(expected));
        let path = Block { path: Some(Pattern::Regex("/a".into())), ..Block::default() };
        assert_eq!(of(path, Syntax::V2), Err("Traefik 2 cannot match paths by regular expression".into()));
        let path = Block { path: Some(exact("/{a}")), ..Block::default() };
        assert_eq!(of(path, Syntax::V2), Err("Traefik 2 cannot match paths with braces".into()));
        let query = Block { query_params: vec![("v".into(), Pattern::Prefix("1".into()))], ..Block::default() };
        assert!(
            of(query, Syntax::V2).is_err_and(|text| text.starts_with("Traefik 2 can match the query only by exact"))
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let method = Block { method: Some(Pattern::Regex("GET|PUT".into())), ..Block::default() };
        assert_eq!(of(method, Syntax::V3), Err("Traefik cannot match methods by regular expression".into()));
        assert!(of(Block::default(), Syntax::V3).is_err(), "it would match everything");
        assert!(condition(&Matches::Headers(Vec::new()), Syntax::V3).is_err(), "it would match everything");
    }

    #[test]
    fn alternatives() {
        let headers = vec![("a".into(), exact("1")), ("b".into(), exact("2"))];
        let two = rule("Host(`x`) || Host(`y`)", &Matches::Headers(headers), Syntax::V3);
        let expected = "(Host(`x`) || Host(`y`)) && ((Header(`a`, `1`)) || (Header(`b`, `2`)))";
        assert_eq!(two, Ok(expected.into()));
    }

    #[test]
    fn no_value_ends_its_quotes() {
        assert_eq!(quoted(r#"a"\"#), "`a\"\\`");
        assert_eq!(quoted("a`) || Host(`evil"), r#""a`) || Host(`evil""#);
        assert_eq!(quoted("`\"\\\n\r"), r#""`\"\\\u000a\u000d""#);
    }
}

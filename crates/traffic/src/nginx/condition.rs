//! What NGINX can match on: one header by value or pattern, and one cookie that says `always`. Nothing else of a request
//! counts, as it decides for a Service, whatever the path or method.

use super::condition_regex as regex;
use crate::{Block, Managed, Matches, Pattern};

/// The annotations that a condition is made of, without their prefix.
pub const NAMES: [&str; 4] = [HEADER, VALUE, PATTERN, COOKIE];
const HEADER: &str = "canary-by-header";
const VALUE: &str = "canary-by-header-value";
const PATTERN: &str = "canary-by-header-pattern";
const COOKIE: &str = "canary-by-cookie";

/// Which requests go to the canary whatever its weight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    header: Option<Header>,
    /// The cookie whose value is `always`.
    cookie: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    name: String,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Exact(String),
    /// Any of these expressions for the value, with all of which it may have.
    Any(Vec<String>),
    /// The same for what the header of cookies holds: `name=value`.
    Cookie(Vec<String>),
}

impl Condition {
    /// What any of the routes matches.
    ///
    /// # Errors
    /// What NGINX cannot do, in a sentence.
    pub fn of(routes: &[Managed]) -> Result<Condition, String> {
        let mut condition = Condition::default();
        for route in routes {
            if route.mirror.is_some() {
                return Err("NGINX cannot mirror the requests that match, only all that an Ingress gets".into());
            }
            match &route.matches {
                Matches::Headers(headers) => {
                    headers.iter().try_for_each(|(name, pattern)| condition.or_header(name, pattern))?;
                }
                Matches::AnyOf(blocks) => blocks.iter().try_for_each(|block| condition.or(block))?,
            }
        }
        Ok(condition)
    }

    /// The annotations, without their prefix.
    pub fn annotations(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        if let Some(Header { name, value }) = &self.header {
            all.push((HEADER, name.clone()));
            all.push(match value {
                Value::Exact(exact) => (VALUE, exact.clone()),
                Value::Any(values) => (PATTERN, regex::header(values)),
                Value::Cookie(cookies) => (PATTERN, regex::cookies(cookies)),
            });
        }
        all.extend(self.cookie.clone().map(|name| (COOKIE, name)));
        all
    }

    fn or(&mut self, block: &Block) -> Result<(), String> {
        let cannot = |what: &str| Err(format!("NGINX cannot match on the {what}"));
        match block {
            Block { method: Some(_), .. } => cannot("method"),
            Block { path: Some(_), .. } => cannot("path: what it finds for one counts for all of a Service"),
            Block { query_params, .. } if !query_params.is_empty() => cannot("query"),
            Block { headers, cookies, .. } => match (&headers[..], &cookies[..]) {
                ([(name, _)], []) if !is_kept(name) => Err(format!(
                    "NGINX cannot match on the header {name}: it drops headers whose names have anything but letters, digits \
                     and hyphens"
                )),
                ([(name, pattern)], []) => self.or_header(name, pattern),
                ([], [(name, pattern)]) => self.or_cookie(name, pattern),
                _ => Err("NGINX matches on one header or one cookie, not on none or on several at once".into()),
            },
        }
    }

    fn or_header(&mut self, name: &str, pattern: &Pattern) -> Result<(), String> {
        if !regex::is_plain(name) {
            return Err(format!("NGINX cannot match on a header of the name {name:?}"));
        }
        let expression = regex::value(pattern)?;
        let exact = match pattern {
            Pattern::Exact(exact) if regex::is_plain(exact) => Some(exact.clone()),
            _ => None,
        };
        match &mut self.header {
            None => {
                let value = exact.map_or_else(|| Value::Any(vec![expression]), Value::Exact);
                self.header = Some(Header { name: name.into(), value });
            }
            Some(Header { name: other, value }) if other.eq_ignore_ascii_case(name) => match value {
                Value::Exact(old) if Some(&*old) == exact.as_ref() => {}
                Value::Exact(old) => *value = Value::Any(vec![regex::literal(old), expression]),
                Value::Any(all) if all.contains(&expression) => {}
                Value::Any(all) => all.push(expression),
                Value::Cookie(_) => return Err(one_header(other, name)),
            },
            Some(Header { name: other, .. }) => return Err(one_header(other, name)),
        }
        Ok(())
    }

    fn or_cookie(&mut self, name: &str, pattern: &Pattern) -> Result<(), String> {
        let is_always = matches!(pattern, Pattern::Exact(value) if value == "always") && regex::is_plain(name);
        if is_always && self.cookie.as_ref().is_none_or(|other| other == name) {
            self.cookie = Some(name.into());
            return Ok(());
        }
        let cookie = regex::cookie(name, pattern)?;
        match &mut self.header {
            None => self.header = Some(Header { name: "Cookie".into(), value: Value::Cookie(vec![cookie]) }),
            Some(Header { value: Value::Cookie(all), .. }) if all.contains(&cookie) => {}
            Some(Header { value: Value::Cookie(all), .. }) => all.push(cookie),
            Some(Header { name: other, .. }) => return Err(one_header(other, "Cookie")),
        }
        Ok(())
    }
}

/// Whether NGINX keeps headers of this name, unless it is told otherwise. With `enable-underscores-in-headers` it is, but
/// nobody here can know, and even then it takes `x_a` for `x-a`.
fn is_kept(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn one_header(one: &str, other: &str) -> String {
    format!("NGINX can match on one header, not on {one} and {other}")
}

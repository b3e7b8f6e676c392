//! Paths of an Ingress that lead to a header route: beside each path that leads to the Rollout, the part of it that the
//! route is for. The AWS load balancer controller makes a rule of each: `Exact` paths first, then `Prefix` ones by length,
//! then the rest in their order, in which `*` and `?` are wildcards. A condition on the path widens a rule, as one of
//! several paths that it is for.

use crate::{Pattern, ingress};
use serde_json::{Value, json};

/// The port that stands for an action.
const PORT: &str = "use-annotation";

/// A path before one that leads to the Rollout.
#[derive(Debug, PartialEq)]
pub struct Placed {
    pub path: Value,
    /// It is for everything that begins with the route's prefix only with a condition that says so.
    pub needs_condition: bool,
}

/// Whether the path leads to the action of this name.
pub fn leads_to(path: &Value, action: &str) -> bool {
    let backend = &path["backend"];
    ingress::service(backend) == Some(action) && backend["service"]["port"]["name"] == PORT
}

/// The part of the path at `base` in `all` that the pattern is for; `None` when they have nothing in common.
///
/// # Errors
/// When such a part cannot be said.
pub fn within(base: &Value, all: &[Value], pattern: Option<&Pattern>, action: &str) -> Result<Option<Placed>, String> {
    let kind = Kind::of(base);
    let path = base["path"].as_str().unwrap_or_default();
    let placed = |path: &str, kind: Kind, needs_condition: bool| {
        let backend = json!({ "service": { "name": action, "port": { "name": PORT } } });
        let path = json!({ "path": path, "pathType": kind.name(), "backend": backend });
        Ok(Some(Placed { path, needs_condition }))
    };
    let unsaid = |pattern: &str| Err(format!("paths that begin with {pattern} cannot be told from others of {path}"));
    match pattern {
        None => {
            let mut same = base.clone();
            same["backend"] = json!({ "service": { "name": action, "port": { "name": PORT } } });
            Ok(Some(Placed { path: same, needs_condition: false }))
        }
        Some(Pattern::Regex(regex)) => unsaid(regex),
        Some(Pattern::Exact(exact)) => match kind {
            _ if !covers(base, exact) => Ok(None),
            Kind::Prefix if all.iter().any(|other| takes_before(other, path, exact)) => Ok(None),
            Kind::Prefix => placed(exact, Kind::Exact, false),
            _ => placed(exact, kind, false),
        },
        Some(Pattern::Prefix(prefix)) => match kind {
            Kind::Exact if path.starts_with(prefix) => placed(path, kind, false),
            Kind::Exact => Ok(None),
            Kind::Other => match wildcard_prefix(path) {
                None if !path.contains(['*', '?']) && path.starts_with(prefix) => placed(path, kind, false),
                None if !path.contains(['*', '?']) => Ok(None),
                None => unsaid(prefix),
                Some(stem) if prefix.starts_with(stem) => placed(&format!("{prefix}*"), kind, false),
                Some(stem) if stem.starts_with(&**prefix) => placed(path, kind, false),
                Some(_) => Ok(None),
            },
            Kind::Prefix => {
                let stem = path.trim_end_matches('/');
                let is_inside = |longer: &str| longer.strip_prefix(stem).is_some_and(|rest| rest.starts_with('/'));
                let is_longer = |other: &Value| {
                    Kind::of(other) == Kind::Prefix
                        && other["path"].as_str().is_some_and(|other| other.starts_with(&**prefix) && is_inside(other))
                };
                match prefix.ends_with('/') {
                    _ if stem.starts_with(&**prefix) || (stem.is_empty() && prefix == "/") => placed(path, kind, false),
                    _ if !is_inside(prefix) => Ok(None),
                    false => placed(prefix, Kind::Prefix, true),
                    // Such a path comes before all others.
                    true if all.iter().any(is_longer) => unsaid(prefix),
                    true => placed(prefix, Kind::Exact, true),
                }
            }
        },
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exact,
    Prefix,
    Other,
}

impl Kind {
    fn of(path: &Value) -> Kind {
        match path["pathType"].as_str() {
            Some("Exact") => Kind::Exact,
            Some("Prefix") => Kind::Prefix,
            _ => Kind::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Exact => "Exact",
            Kind::Prefix => "Prefix",
            Kind::Other => "ImplementationSpecific",
        }
    }
}

/// Whether requests for `exact` match the path.
fn covers(path: &Value, exact: &str) -> bool {
    let text = path["path"].as_str().unwrap_or_default();
    match Kind::of(path) {
        Kind::Exact => text == exact,
        Kind::Prefix => {
            exact.strip_prefix(text.trim_end_matches('/')).is_some_and(|r| r.is_empty() || r.starts_with('/'))
        }
        Kind::Other => text.is_empty() || glob(text.as_bytes(), exact.as_bytes()),
    }
}

/// Whether another path gets requests for `exact` before the `Prefix` path `base` does.
fn takes_before(other: &Value, base: &str, exact: &str) -> bool {
    let is_before = match Kind::of(other) {
        Kind::Exact => true,
        Kind::Prefix => other["path"].as_str().is_some_and(|other| other.len() > base.len()),
        Kind::Other => false,
    };
    is_before && covers(other, exact)
}

/// What comes before the only wildcard, `*` at the end.
fn wildcard_prefix(path: &str) -> Option<&str> {
    if path.is_empty() {
        return Some("");
    }
    path.strip_suffix('*').filter(|stem| !stem.contains(['*', '?']))
}

/// Whether the text is what the pattern says, in which `*` is anything and `?` one character.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where the last `*` was, and how much of the text it stands for so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match &mut star {
                Some((at, until)) => {
                    *until += 1;
                    (p, t) = (*at + 1, *until);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str, kind: &str) -> Value {
        json!({ "path": path, "pathType": kind, "backend": { "service": { "name": "web" } } })
    }

    /// `path type`, with `+` when a condition is needed; `-` for nothing, `!` for what cannot be said.
    fn placed(base: (&str, &str), others: &[(&str, &str)], pattern: &Pattern) -> String {
        let base = path(base.0, base.1);
        let all: Vec<Value> = others.iter().map(|(p, kind)| path(p, kind)).chain([base.clone()]).collect();
        match within(&base, &all, Some(pattern), "vip") {
            Err(_) => "!".into(),
            Ok(None) => "-".into(),
            Ok(Some(Placed { path, needs_condition })) => {
                let plus = if needs_condition { "+" } else { "" };
                format!("{} {}{plus}", path["path"].as_str().unwrap(), path["pathType"].as_str().unwrap())
            }
        }
    }

    #[test]
    fn parts_of_paths() {
        let exact = |text: &str| Pattern::Exact(text.into());
        let prefix = |text: &str| Pattern::Prefix(text.into());
        let any = ("/*", "ImplementationSpecific");
        let root = ("/", "Prefix");
        for (base, others, pattern, expected) in [
            (any, &[][..], exact("/a"), "/a ImplementationSpecific"),
            (any, &[], prefix("/a"), "/a* ImplementationSpecific"),
            (("/a/b*", "ImplementationSpecific"), &[], prefix("/a"), "/a/b* ImplementationSpecific"),
            (("/a?c", "ImplementationSpecific"), &[], exact("/abc"), "/abc ImplementationSpecific"),
            (("/a?c", "ImplementationSpecific"), &[], exact("/ac"), "-"),
            (("/a?c", "ImplementationSpecific"), &[], prefix("/a"), "!"),
            (("/*.png", "ImplementationSpecific"), &[], exact("/x.png.png"), "/x.png.png ImplementationSpecific"),
            (("/b*", "ImplementationSpecific"), &[], prefix("/a"), "-"),
            (("/a", "Exact"), &[], prefix("/a"), "/a Exact"),
            (("/a", "Exact"), &[], exact("/a"), "/a Exact"),
            (("/a", "Exact"), &[], exact("/b"), "-"),
            (root, &[], prefix("/"), "/ Prefix"),
            (root, &[], prefix("/api"), "/api Prefix+"),
            (root, &[], prefix("/api/"), "/api/ Exact+"),
            (root, &[("/api/other", "Prefix")], prefix("/api/"), "!"),
            (root, &[], exact("/api"), "/api Exact"),
            (root, &[("/api", "Prefix")], exact("/api/x"), "-"),
            (root, &[("/ap", "Prefix")], exact("/api/x"), "/api/x Exact"),
            (("/shop", "Prefix"), &[], prefix("/sh"), "/shop Prefix"),
            (("/shop", "Prefix"), &[], prefix("/shop/a"), "/shop/a Prefix+"),
            (("/shop", "Prefix"), &[], prefix("/shop/"), "/shop/ Exact+"),
            (("/shop", "Prefix"), &[], prefix("/shopping"), "-"),
            (("/shop", "Prefix"), &[], exact("/shopping"), "-"),
        ] {
            assert_eq!(placed(base, others, &pattern), expected, "{base:?} {others:?} {pattern:?}");
        }
    }
}

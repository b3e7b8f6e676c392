//! A request as handlers see it: its target, parameters, body and who asks.

use crate::auth::Identity;
use crate::query::{Query, percent_decode};
use bytes::Bytes;
use http::Method;

/// Which resource a path names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// API group; empty for core.
    pub group: String,
    /// API version.
    pub version: String,
    /// Namespace in the path; empty for none.
    pub namespace: String,
    /// Plural name.
    pub plural: String,
    /// Object name; empty for the collection.
    pub name: String,
    /// Subresource; empty for none.
    pub sub: String,
    /// Path below a proxy-like subresource, or a legacy `/watch/` prefix.
    pub legacy_watch: bool,
}

impl Target {
    /// Parses a path such as `/apis/apps/v1/namespaces/ns/deployments/web/scale`; `None` if it names no resource.
    pub fn parse(path: &str) -> Option<Target> {
        let mut parts = path.split('/').filter(|s| !s.is_empty()).map(|s| percent_decode(s, false));
        let mut target = Target::default();
        match parts.next()?.as_str() {
            "api" => target.version = parts.next()?,
            "apis" => {
                target.group = parts.next()?;
                target.version = parts.next()?;
            }
            _ => return None,
        }
        let mut rest: Vec<String> = parts.collect();
        if rest.first().is_some_and(|s| s == "watch") && target.version.starts_with('v') {
            target.legacy_watch = true;
            rest.remove(0);
        }
        if rest.first().is_some_and(|s| s == "namespaces") && rest.len() > 2 && !is_namespace_sub(&rest) {
            target.namespace = rest.remove(1);
            rest.remove(0);
        } else if rest.first().is_some_and(|s| s == "namespaces") && rest.len() > 1 {
            target.namespace = rest[1].clone();
        }
        let mut rest = rest.into_iter();
        target.plural = rest.next()?;
        target.name = rest.next().unwrap_or_default();
        target.sub = rest.next().unwrap_or_default();
        if rest.next().is_some() { None } else { Some(target) }
    }

    /// The namespace of the objects the target names: a namespace itself lives in none.
    pub fn object_namespace(&self) -> &str {
        if self.group.is_empty() && self.plural == "namespaces" { "" } else { &self.namespace }
    }
}

fn is_namespace_sub(rest: &[String]) -> bool {
    rest.len() == 3 && matches!(rest[2].as_str(), "status" | "finalize")
}

/// One request, its body read.
#[derive(Debug, Clone)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Path without query.
    pub path: String,
    /// Parameters.
    pub query: Query,
    /// `Accept`.
    pub accept: String,
    /// `Content-Type`, without parameters.
    pub content_type: String,
    /// `User-Agent`.
    pub user_agent: String,
    /// `If-None-Match`.
    pub if_none_match: String,
    /// The body.
    pub body: Bytes,
    /// Who asks.
    pub identity: Identity,
    /// The resource, if the path names one.
    pub target: Option<Target>,
}

impl Request {
    /// The verb that authorization sees.
    pub fn verb(&self) -> &'static str {
        let named = self.target.as_ref().is_some_and(|t| !t.name.is_empty());
        let Some(target) = &self.target else {
            return match self.method {
                Method::POST => "post",
                Method::PUT => "put",
                Method::PATCH => "patch",
                Method::DELETE => "delete",
                Method::HEAD => "head",
                _ => "get",
            };
        };
        // `watch=` of one object says nothing: the list is watched, by name.
        let watching = target.legacy_watch || !named && self.query.flag("watch");
        match self.method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if named => "delete",
            Method::DELETE => "deletecollection",
            _ if watching && target.sub.is_empty() => "watch",
            _ if named => "get",
            _ => "list",
        }
    }

    /// The field manager: the parameter, or the first word of the user agent.
    pub fn manager(&self) -> String {
        if let Some(manager) = self.query.get("fieldManager") {
            return manager.to_owned();
        }
        let agent = self.user_agent.split('/').next().unwrap_or_default();
        let printable: String = agent.chars().filter(|c| !c.is_control()).take(MANAGER_MAX_CHARS).collect();
        if printable.is_empty() { "unknown".to_owned() } else { printable }
    }
}

/// Longest field manager.
const MANAGER_MAX_CHARS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn t(path: &str) -> (String, String, String, String, String, String) {
        let t = Target::parse(path).unwrap();
        (t.group, t.version, t.namespace, t.plural, t.name, t.sub)
    }

    fn s(parts: [&str; 6]) -> (String, String, String, String, String, String) {
        let [a, b, c, d, e, f] = parts.map(str::to_owned);
        (a, b, c, d, e, f)
    }

    #[test]
    fn paths() {
        assert_eq!(t("/api/v1/pods"), s(["", "v1", "", "pods", "", ""]));
        assert_eq!(t("/api/v1/namespaces/a/pods/b/log"), s(["", "v1", "a", "pods", "b", "log"]));
        assert_eq!(t("/api/v1/namespaces/a"), s(["", "v1", "a", "namespaces", "a", ""]));
        assert_eq!(t("/api/v1/namespaces/a/finalize"), s(["", "v1", "a", "namespaces", "a", "finalize"]));
        assert_eq!(t("/apis/apps/v1/namespaces/a/deployments"), s(["apps", "v1", "a", "deployments", "", ""]));
        assert!(Target::parse("/api/v1").is_none());
        assert!(Target::parse("/version").is_none());
    }
}

//! What managed routes ask of requests, in words of GRPCRoutes.

use super::matches::{self, NOTHING};
use crate::{Matches, Pattern};
use serde_json::{Value, json};

/// Conditions of one match, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conditions {
    service: Option<String>,
    method: Option<String>,
    headers: Vec<Value>,
}

/// Alternatives.
///
/// # Errors
/// One sentence: what the API cannot express.
pub fn alternatives(matches: &Matches) -> Result<Vec<Conditions>, String> {
    let is_upstream = matches!(matches, Matches::Headers(_));
    let mut alternatives = Vec::new();
    for block in matches::blocks(matches) {
        match &block.method {
            None => {}
            Some(Pattern::Exact(method)) if method == "POST" => {}
            Some(_) => return Err("Gateway API cannot match gRPC by HTTP method: it is always POST".into()),
        }
        if !block.query_params.is_empty() {
            return Err("Gateway API cannot match gRPC by query: there is none".into());
        }
        let (service, method) = match &block.path {
            None => (None, None),
            Some(path) => called(path)?,
        };
        let headers = matches::headers(&block, is_upstream)?;
        alternatives.push(Conditions { service, method, headers });
    }
    let is_everything = alternatives.contains(&Conditions::default());
    if alternatives.is_empty() || is_everything { Err(NOTHING.into()) } else { Ok(alternatives) }
}

/// `/service/method`, or `/service/` for all its methods.
fn called(path: &Pattern) -> Result<(Option<String>, Option<String>), String> {
    let (text, is_whole) = match path {
        Pattern::Exact(path) => (path, true),
        Pattern::Prefix(path) => (path, false),
        Pattern::Regex(_) => return Err("Gateway API cannot match paths of gRPC by regular expression".into()),
    };
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c));
    match text.strip_prefix('/').and_then(|path| path.split_once('/')) {
        Some((service, method)) if is_whole && is_name(service) && is_name(method) => {
            Ok((Some(service.into()), Some(method.into())))
        }
        Some((service, "")) if !is_whole && is_name(service) => Ok((Some(service.into()), None)),
        _ => Err("Gateway API can match paths of gRPC only as exact: /service/method or prefix: /service/".into()),
    }
}

/// The match for those requests of `source` that fit; `None` when none do.
///
/// # Errors
/// When no single match means both.
pub fn both(source: &Value, wanted: &Conditions) -> Result<Option<Value>, String> {
    let mut both = if source.is_object() { source.clone() } else { json!({}) };
    if wanted.service.is_some() {
        let mut called = if source["method"].is_object() { source["method"].clone() } else { json!({}) };
        if called["type"].as_str().is_some_and(|kind| kind != "Exact") {
            return Err(
                "matches methods by regular expression, which cannot be combined with the path of the route".into()
            );
        }
        for (field, wanted) in [("service", &wanted.service), ("method", &wanted.method)] {
            match (called[field].as_str().filter(|text| !text.is_empty()), wanted) {
                (_, None) => {}
                (Some(there), Some(wanted)) if there != wanted => return Ok(None),
                (_, Some(wanted)) => called[field] = wanted.as_str().into(),
            }
        }
        called["type"] = "Exact".into();
        both["method"] = called;
    }
    match matches::add(&mut both, "headers", &wanted.headers, str::eq_ignore_ascii_case)? {
        false => Ok(None),
        true if both == *source => {
            Err("asks for all that the route does, so the one cannot come before the other".into())
        }
        true => Ok(Some(both)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    fn path(path: Pattern) -> Block {
        Block { path: Some(path), ..Block::default() }
    }

    fn on(source: Value, block: Block) -> Result<Option<Value>, String> {
        let alternatives = alternatives(&Matches::AnyOf(vec![block])).expect("it can be expressed");
        both(&source, &alternatives[0])
    }

    #[test]
    fn paths_are_services_and_methods() {
        let exact = || path(Pattern::Exact("/pkg.Shop/Buy".into()));
        let buy = json!({ "method": { "type": "Exact", "service": "pkg.Shop", "method": "Buy" } });
        let shop = json!({ "method": { "type": "Exact", "service": "pkg.Shop" } });
        assert_eq!(on(json!({}), exact()), Ok(Some(buy.clone())));
        assert_eq!(on(shop.clone(), exact()), Ok(Some(buy)));
        assert_eq!(on(json!({}), path(Pattern::Prefix("/pkg.Shop/".into()))), Ok(Some(shop)));
        assert_eq!(on(json!({ "method": { "service": "pkg.Other" } }), exact()), Ok(None));
        let regex = json!({ "method": { "type": "RegularExpression", "service": "pkg.*" } });
        assert!(on(regex, exact()).is_err_and(|error| error.starts_with("matches methods by regular expression")));
    }

    #[test]
    fn what_grpc_has_not_is_refused() {
        let refused = |block: Block| alternatives(&Matches::AnyOf(vec![block])).expect_err("refused");
        let post = Block { method: Some(Pattern::Exact("POST".into())), ..path(Pattern::Exact("/a/b".into())) };
        assert!(alternatives(&Matches::AnyOf(vec![post])).is_ok());
        let get = Block { method: Some(Pattern::Exact("GET".into())), ..Block::default() };
        assert_eq!(refused(get), "Gateway API cannot match gRPC by HTTP method: it is always POST");
        let query = Block { query_params: vec![("a".into(), Pattern::Exact("1".into()))], ..Block::default() };
        assert_eq!(refused(query), "Gateway API cannot match gRPC by query: there is none");
        let regex = "Gateway API cannot match paths of gRPC by regular expression";
        assert_eq!(refused(path(Pattern::Regex("/a.*".into()))), regex);
        for other in [
            Pattern::Prefix("/a".into()),
            Pattern::Exact("/a".into()),
            Pattern::Exact("/a/".into()),
            Pattern::Exact("/a/b/c".into()),
        ] {
            assert!(refused(path(other)).starts_with("Gateway API can match paths of gRPC only as exact:"));
        }
    }
}

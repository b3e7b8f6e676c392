//! Lists and watches.

use crate::errors::{ApiError, Result};
use crate::meta;
use crate::negotiate::Format;
use crate::options;
use crate::reply::{Content, Reply};
use crate::request::Request;
use crate::resource::Resource;
use crate::selector::{FieldSelector, Filter, LabelSelector};
use crate::state::State;
use crate::store::Stored;
use crate::view;
use crate::watch::{WatchBody, WatchOptions};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const CONTINUE_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You \
    can start a new list without the continue parameter, or use the continue token in this response to retrieve the \
    remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were \
    created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

fn filter(request: &Request, resource: &Resource, namespace: &str, name: &str) -> Result<Filter> {
    let labels = request.query.get("labelSelector").unwrap_or_default();
    let labels = LabelSelector::parse(labels).map_err(ApiError::bad_request)?;
    let mut fields = request.query.get("fieldSelector").unwrap_or_default().to_owned();
    if !name.is_empty() {
        let comma = if fields.is_empty() { "" } else { "," };
        fields = format!("metadata.name={name}{comma}{fields}");
    }
    let fields = FieldSelector::parse(&fields, resource).map_err(ApiError::bad_request)?;
    let prefix = (!namespace.is_empty()).then(|| format!("{namespace}/"));
    Ok(Filter { prefix, labels, fields })
}

/// The version asked for; the error is the parser's sentence.
fn version(request: &Request) -> std::result::Result<Option<u64>, String> {
    let Some(text) = request.query.get("resourceVersion") else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let field = format!("resourceVersion: Invalid value: {text:?}");
        format!("{field}: strconv.ParseUint: parsing {text:?}: invalid syntax")
    })
}

/// Checks `?resourceVersion=` of the read of one object, which always gives the present.
///
/// # Errors
/// 500 when it is no version.
pub fn check_version(request: &Request) -> Result<()> {
    version(request).map(drop).map_err(|e| ApiError::new(500, "", e))
}

struct Token {
    rv: u64,
    start: String,
}

fn encode(token: &Token) -> String {
    URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "rv": token.rv, "start": token.start}).to_string())
}

fn decode(text: &str) -> Result<Token> {
    let parsed = URL_SAFE_NO_PAD.decode(text).ok().and_then(|b| serde_json::from_slice::<Value>(&b).ok());
    let token =
        parsed.as_ref().and_then(|v| Some(Token { rv: v["rv"].as_u64()?, start: v["start"].as_str()?.to_owned() }));
    token.ok_or_else(|| {
        ApiError::bad_request("invalid continue token: continue key is not valid: invalid character in the token")
    })
}

/// Answers a list.
///
/// # Errors
/// 400 for malformed parameters, 410 for versions that are forgotten, 504 for versions to come.
pub fn list(state: &mut State, request: &Request, resource: &Arc<Resource>, namespace: &str) -> Result<Reply> {
    options::check_list(request)?;
    let filter = filter(request, resource, namespace, "")?;
    let limit = request.query.number("limit")?.filter(|l| *l > 0).map(|l| l as usize);
    let wanted = version(request).map_err(|e| ApiError::bad_request(format!("invalid resource version: {e}")))?;
    // What comes from the real server's cache comes in one piece.
    let limit = limit.filter(|_| wanted != Some(0));
    let matching = request.query.get("resourceVersionMatch");
    let current = state.stores.rv();
    if let Some(rv) = wanted.filter(|rv| *rv > current) {
        return Err(ApiError::future_version(rv, current));
    }
    if request.query.get("continue").is_some() && wanted.is_some_and(|rv| rv > 0) {
        return Err(ApiError::bad_request("specifying resource version is not allowed when using continue"));
    }
    let token = request.query.get("continue").map(decode).transpose()?;
    let exact = match (&token, matching, wanted) {
        (Some(t), ..) => Some(t.rv),
        (None, Some("Exact"), Some(rv)) => Some(rv),
        _ => None,
    };
    let store = resource.store_key();
    let scope = (!namespace.is_empty()).then_some(namespace);
    let all: Vec<Arc<Stored>> = match exact {
        Some(rv) if rv < current => state.stores.snapshot(&store, scope, rv).map_err(|oldest| {
            ApiError::expired(if token.is_some() {
                CONTINUE_EXPIRED.to_owned()
            } else {
                format!("The resourceVersion for the provided list is too old: {rv} ({oldest})")
            })
        })?,
        _ => state.stores.range(&store, scope).cloned().collect(),
    };
    let start = token.map(|t| t.start);
    let mut items: Vec<Arc<Stored>> = all
        .into_iter()
        .filter(|o| start.as_deref().is_none_or(|s| *o.key > *s) && (!filter.is_narrow() || filter.matches(o)))
        .collect();
    let rv = exact.unwrap_or(current);
    let (mut next, mut remaining) = (String::new(), None);
    if let Some(limit) = limit
        && items.len() > limit
    {
        remaining = (!filter.is_narrow()).then(|| items.len() - limit);
        items.truncate(limit);
        let start = items.last().map(|o| o.key.to_string()).unwrap_or_default();
        next = encode(&Token { rv, start });
    }
    let content = Content::List { items, resource: resource.clone(), rv, next, remaining };
    Ok(Reply { code: 200, content, warnings: Vec::new() })
}

/// Answers a watch of a collection, or of one object by `name`.
///
/// # Errors
/// 400 for malformed parameters.
pub fn watch(
    state: &mut State,
    request: &Request,
    resource: &Arc<Resource>,
    namespace: &str,
    name: &str,
    format: Format,
) -> Result<Reply> {
    options::check_watch(request)?;
    let filter = filter(request, resource, namespace, name)?;
    let wanted = version(request).map_err(|e| ApiError::new(500, "", e))?;
    let bookmarks = request.query.flag("allowWatchBookmarks");
    let initial_events = request.query.get("sendInitialEvents").map(|v| v == "true");
    let rv = state.stores.rv();
    let store = resource.store_key();
    let log = state.stores.log(&store);
    let timeout = match request.query.number("timeoutSeconds")? {
        Some(s) if s > 0 => Duration::from_secs(s as u64),
        _ => {
            let least = state.config.watch_timeout;
            least + Duration::from_millis(state.rng.below(least.as_millis() as u64))
        }
    };
    let synthetic = initial_events.unwrap_or(matches!(wanted, None | Some(0)));
    let mut options = WatchOptions {
        filter,
        render: view::watch_render(state, request, resource, format),
        initial: Vec::new(),
        initial_bookmark: initial_events == Some(true) && bookmarks,
        bookmarks: bookmarks.then_some(state.config.bookmark_interval),
        timeout,
        api_version: resource.api_version(),
        kind: resource.kind.clone(),
    };
    let body = if let Some(future) = wanted.filter(|w| *w > rv) {
        // Kept open until then by the real server; nothing can be said before.
        let error = ApiError::future_version(future, rv);
        WatchBody::failed(log, &error, options)
    } else {
        let from = if synthetic { rv } else { wanted.filter(|w| *w > 0).unwrap_or(rv) };
        match log.cursor_after(from) {
            Err(oldest) => {
                let error = ApiError::expired(format!("too old resource version: {from} ({oldest})"));
                WatchBody::failed(log, &error, options)
            }
            Ok(cursor) => {
                if synthetic {
                    let scope = (!namespace.is_empty()).then_some(namespace);
                    let objects = state.stores.range(&store, scope);
                    options.initial = objects.filter(|o| options.filter.matches(o)).cloned().collect();
                }
                WatchBody::new(log, cursor, state.stores.committed(), rv, options)
            }
        }
    };
    Ok(Reply { code: 200, content: Content::Watch(Box::new(body)), warnings: Vec::new() })
}

/// One object, or 404.
///
/// # Errors
/// 404.
pub fn get(state: &State, resource: &Resource, namespace: &str, name: &str) -> Result<Arc<Stored>> {
    let key = meta::store_key(namespace, name);
    let found = state.stores.get(&resource.store_key(), &key).cloned();
    found.ok_or_else(|| ApiError::not_found(&resource.group, &resource.plural, name))
}

//! The server as a `tower::Service`.

use crate::body::Body;
use crate::errors::{ApiError, Result};
use crate::negotiate::negotiate;
use crate::query::Query;
use crate::reply::{Content, Reply};
use crate::request::{Request, Target};
use crate::route::route;
use crate::server::Server;
use crate::store::to_json;
use crate::view;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, header};
use http_body_util::{BodyExt, Limited};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Largest request body; the real server's limit.
const MAX_BODY_BYTES: usize = 3 * 1024 * 1024;

/// Answers HTTP requests. Cloning is cheap.
///
/// A request takes effect in one step after its body has been read: a future that is dropped has either done all
/// of its work or none.
#[derive(Debug, Clone)]
pub struct Service {
    server: Server,
    trusted: bool,
}

impl Service {
    /// `trusted` requests without a token are the administrator's, others anonymous.
    pub(crate) fn new(server: Server, trusted: bool) -> Self {
        Service { server, trusted }
    }

    async fn answer<B>(self, request: http::Request<B>) -> Response<Body>
    where
        B: http_body::Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let bytes = match Limited::new(body, MAX_BODY_BYTES).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(e) if e.is::<http_body_util::LengthLimitError>() => {
                let message = format!("Request entity too large: limit is {MAX_BODY_BYTES}");
                return failure(&ApiError::new(413, "RequestEntityTooLarge", message));
            }
            Err(e) => return failure(&ApiError::bad_request(format!("cannot read the body: {e}"))),
        };
        self.respond(&parts, bytes).unwrap_or_else(|e| failure(&e))
    }

    fn respond(&self, parts: &http::request::Parts, body: Bytes) -> Result<Response<Body>> {
        let identity = self.server.with_state(|s| s.authenticate(&parts.headers, self.trusted))?;
        let text = |name: header::HeaderName| {
            parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
        };
        let content_type = text(header::CONTENT_TYPE);
        let request = Request {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            accept: text(header::ACCEPT),
            content_type: content_type.split(';').next().unwrap_or_default().trim().to_owned(),
            user_agent: text(header::USER_AGENT),
            if_none_match: text(header::IF_NONE_MATCH),
            body,
            identity,
            target: Target::parse(parts.uri.path()),
        };
        // OpenAPI and logs have content types of their own; everything else must be acceptable.
        let lenient = request.path.starts_with("/openapi") || request.path.ends_with("/log");
        let format = match negotiate(&request.accept, request.verb() == "watch") {
            Ok(format) => format,
            Err(_) if lenient => negotiate("", false)?,
            Err(e) => return Err(e),
        };
        let (reply, now) = self.server.with_state(|s| (route(s, &request, format), s.now()));
        Ok(finish(reply?, &request, format, now))
    }
}

fn failure(error: &ApiError) -> Response<Body> {
    let mut response = Response::new(Body::Full(Some(to_json(&error.to_status()))));
    *response.status_mut() =
        http::StatusCode::from_u16(error.code()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = error.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn warn(headers: &mut HeaderMap, warnings: &[String]) {
    for warning in warnings {
        let escaped = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{escaped}\"")) {
            headers.append(header::WARNING, value);
        }
    }
}

fn finish(reply: Reply, request: &Request, format: crate::negotiate::Format, now: jiff::Timestamp) -> Response<Body> {
    let code = reply.code;
    let etag = match &reply.content {
        Content::Bytes { etag, .. } => etag.clone(),
        _ => None,
    };
    let (content_type, body) = match reply.content {
        Content::Watch(watch) => ("application/json", Body::Watch(watch)),
        _ => {
            let page = view::print(&reply, request, format, now);
            (page.content_type, Body::Full(Some(page.bytes)))
        }
    };
    let mut response = Response::new(body);
    if let Some(etag) = etag {
        let fresh = request.if_none_match == etag;
        if let Ok(value) = HeaderValue::from_str(&etag) {
            response.headers_mut().insert(header::ETAG, value);
        }
        if fresh {
            *response.body_mut() = Body::Full(None);
            *response.status_mut() = http::StatusCode::NOT_MODIFIED;
            return response;
        }
    }
    let headers = response.headers_mut();
    if !content_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    warn(headers, &reply.warnings);
    if format.aggregated {
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    }
    if matches!(response.body(), Body::Watch(_)) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    }
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::OK);
    response
}

impl<B> tower::Service<http::Request<B>> for Service
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let service = self.clone();
        let bodiless = request.method() == Method::HEAD;
        Box::pin(async move {
            let mut response = service.answer(request).await;
            if bodiless {
                *response.body_mut() = Body::Full(None);
            }
            Ok(response)
        })
    }
}

//! One HTTP request through a [`kube::Client`], with the server's refusals told apart from lost answers.

use super::PatchKind;
use crate::RequestError;
use crate::error::Status;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A request body and its media type. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Body {
    bytes: Bytes,
    content_type: &'static str,
}

impl Body {
    /// `object` as JSON.
    pub fn json(object: &impl Serialize) -> Result<Self, RequestError> {
        Self::encode(object, "application/json")
    }

    /// `patch` in the media type of its kind.
    pub fn patch(kind: PatchKind, patch: &Value) -> Result<Self, RequestError> {
        let content_type = match kind {
            PatchKind::Merge => "application/merge-patch+json",
            PatchKind::Json => "application/json-patch+json",
            PatchKind::Strategic => "application/strategic-merge-patch+json",
        };
        Self::encode(patch, content_type)
    }

    /// `object` for server-side apply. JSON is YAML.
    pub fn apply(object: &impl Serialize) -> Result<Self, RequestError> {
        Self::encode(object, "application/apply-patch+yaml")
    }

    fn encode(object: &impl Serialize, content_type: &'static str) -> Result<Self, RequestError> {
        match serde_json::to_vec(object) {
            Ok(bytes) => Ok(Body { bytes: bytes.into(), content_type }),
            Err(e) => Err(RequestError::Malformed { request: "a request body".into(), problem: e.to_string() }),
        }
    }
}

/// A request that has no answer after this long is given up. API servers give up after 60 s themselves.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(75);

const JSON: &str = "application/json";

/// A list without spec and status. Servers that cannot do that answer with the whole objects.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// Logs are text, their refusals JSON.
const ANYTHING: &str = "application/json, */*";

/// What the log of single requests is called, for those who want to see them.
const REQUESTS: &str = "rollouts_kube::requests";

/// Sends a request and decodes the answer, within [`REQUEST_TIMEOUT`].
pub async fn send<T: DeserializeOwned>(
    client: &kube::Client,
    method: Method,
    url: &str,
    body: Option<Body>,
) -> Result<T, RequestError> {
    send_and_decode(client, method, url, body, JSON).await
}

/// Reads a list of objects of which the caller needs no more than their metadata.
pub(super) async fn get_metadata<T: DeserializeOwned>(client: &kube::Client, url: &str) -> Result<T, RequestError> {
    send_and_decode(client, Method::GET, url, None, METADATA).await
}

async fn send_and_decode<T: DeserializeOwned>(
    client: &kube::Client,
    method: Method,
    url: &str,
    body: Option<Body>,
    accept: &'static str,
) -> Result<T, RequestError> {
    let name = format!("{method} {url}");
    let bytes = send_for_bytes(client, method, url, body, accept).await?;
    serde_json::from_slice(&bytes).map_err(|e| RequestError::Malformed { request: name, problem: e.to_string() })
}

/// Sends a request and returns the text that it is answered with, within [`REQUEST_TIMEOUT`]. What is no UTF-8 is replaced.
pub(super) async fn send_for_text(client: &kube::Client, method: Method, url: &str) -> Result<String, RequestError> {
    let bytes = send_for_bytes(client, method, url, None, ANYTHING).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn send_for_bytes(
    client: &kube::Client,
    method: Method,
    url: &str,
    body: Option<Body>,
    accept: &'static str,
) -> Result<Bytes, RequestError> {
    let call = async {
        let body = send_accepting(client, method, url, body, accept).await?;
        Ok(body.collect().await.map_err(|e| RequestError::lost(&e))?.to_bytes())
    };
    let late = || Err(RequestError::Lost(format!("no answer within {} s", REQUEST_TIMEOUT.as_secs())));
    timeout(REQUEST_TIMEOUT, call).await.unwrap_or_else(|_| late())
}

/// Sends a request and returns the body of a successful answer unread, for streams and pages.
pub async fn send_for_body(
    client: &kube::Client,
    method: Method,
    url: &str,
    body: Option<Body>,
) -> Result<kube::client::Body, RequestError> {
    send_accepting(client, method, url, body, JSON).await
}

/// The same, with a media type for the answer.
async fn send_accepting(
    client: &kube::Client,
    method: Method,
    url: &str,
    body: Option<Body>,
    accept: &'static str,
) -> Result<kube::client::Body, RequestError> {
    let name = format!("{method} {url}");
    let mut request = Request::builder().method(method).uri(url).header(ACCEPT, accept);
    if let Some(body) = &body {
        request = request.header(CONTENT_TYPE, body.content_type);
    }
    let bytes = body.map(|b| b.bytes).unwrap_or_default();
    let request = request
        .body(kube::client::Body::from(bytes))
        .map_err(|e| RequestError::Malformed { request: name.clone(), problem: e.to_string() })?;
    let started = Instant::now();
    let response = client.send(request).await.map_err(|e| RequestError::lost(&e))?;
    let code = response.status();
    tracing::trace!(target: REQUESTS, "{name} {code} in {} milliseconds", started.elapsed().as_millis());
    if code.is_success() {
        return Ok(response.into_body());
    }
    let retry_after = retry_after(response.headers());
    let bytes = response.into_body().collect().await.map_err(|e| RequestError::lost(&e))?.to_bytes();
    let mut status: Status = serde_json::from_slice(&bytes).unwrap_or_default();
    status.code = code.as_u16();
    status.retry_after = retry_after;
    if status.message.is_empty() {
        // A proxy, or a server that is no API server, answered.
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim();
        status.message = match (code, text) {
            // An API server that does not serve the kind, in the words of Go clients.
            (StatusCode::NOT_FOUND, "404 page not found") => "the server could not find the requested resource".into(),
            (code, "") => code.to_string(),
            (code, text) => format!("{code}: {text}"),
        };
    }
    Err(RequestError::Refused(status))
}

/// The header in its form of whole seconds; API servers never send the form of a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

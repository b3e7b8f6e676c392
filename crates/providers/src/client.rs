//! Requests over real sockets.

use crate::http::{BODY_MAX, Http, HttpError, Problem, Request, Response};
use futures::future::BoxFuture;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Method, Url, redirect};
use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What reaching a server may take: Go allows 30 seconds for the connection and 10 for TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(40);

/// Sends requests over the network: through the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY`, …), with
/// the certificates that the system trusts, over connections that are kept open for the next request.
#[derive(Debug, Default)]
pub struct NetworkHttp {
    clients: Mutex<BTreeMap<Kind, Client>>,
}

/// What is fixed when a client is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    insecure: bool,
    redirects: u8,
    /// Goes to this machine, and so past any proxy, as with Go's client.
    here: bool,
}

impl NetworkHttp {
    /// Without any connection yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn client(&self, request: &Request) -> Result<Client, Problem> {
        let kind = Kind { insecure: request.insecure, redirects: request.redirects, here: is_here(&request.url) };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&kind) {
            return Ok(client.clone());
        }
        // An error means that there is one already.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let follow = match request.redirects {
            0 => redirect::Policy::none(),
            n => redirect::Policy::limited(usize::from(n)),
        };
        let builder = if kind.here { Client::builder().no_proxy() } else { Client::builder() };
        let client = builder
            .user_agent("argo-rollouts")
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(follow)
            .tls_danger_accept_invalid_certs(request.insecure)
            .build()
            .map_err(|e| Problem::Other(innermost(&e).to_string()))?;
        clients.insert(kind, client.clone());
        Ok(client)
    }
}

impl Http for NetworkHttp {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        Box::pin(async move {
            let sent = async {
                let client = self.client(&request)?;
                let response = client.execute(prepared(&request)?).await;
                receive(response.map_err(|e| problem(&e, &request))?, &request).await
            };
            sent.await.map_err(|problem| request.failed(problem))
        })
    }
}

/// Whether the host of `url` is this machine.
fn is_here(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The request as reqwest takes it.
fn prepared(request: &Request) -> Result<reqwest::Request, Problem> {
    let invalid = |what: &str, text: &str| Problem::Other(format!("net/http: invalid {what} {text:?}"));
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| invalid("method", &request.method))?;
    let url = Url::parse(&request.url).map_err(|e| Problem::Other(e.to_string()))?;
    let mut made = reqwest::Request::new(method, url);
    *made.timeout_mut() = Some(request.timeout);
    for (name, value) in &request.headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("header field name", name))?;
        let value = HeaderValue::from_str(value).map_err(|_| invalid("header field value for", name))?;
        made.headers_mut().insert(key, value);
    }
    *made.body_mut() = request.body.clone().map(reqwest::Body::from);
    Ok(made)
}

async fn receive(mut response: reqwest::Response, request: &Request) -> Result<Response, Problem> {
    let status = response.status().as_u16();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| problem(&e, request))? {
        if body.len() + chunk.len() > BODY_MAX {
            return Err(Problem::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body })
}

/// What went wrong, in Go's words where they are known.
fn problem(error: &reqwest::Error, request: &Request) -> Problem {
    let host = crate::url::Url::parse(&request.url).map_or("", |url| url.host());
    if error.is_timeout() && error.is_connect() {
        return Problem::Other(format!("dial tcp {host}: i/o timeout"));
    }
    if error.is_timeout() {
        return Problem::Timeout;
    }
    if error.is_redirect() {
        return Problem::Other(format!("stopped after {} redirects", request.redirects));
    }
    let cause = innermost(error);
    let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    let said = match kind {
        Some(io::ErrorKind::ConnectionRefused) => "connect: connection refused".to_owned(),
        Some(io::ErrorKind::ConnectionReset) => "read: connection reset by peer".to_owned(),
        Some(io::ErrorKind::UnexpectedEof) => "EOF".to_owned(),
        _ => cause.to_string(),
    };
    Problem::Other(if error.is_connect() { format!("dial tcp {host}: {said}") } else { said })
}

/// What lies at the bottom of an error: the layers above only say who stumbled over it.
fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn this_machine_is_reached_without_a_proxy() {
        for here in ["http://localhost:9090/x", "http://127.0.0.2", "http://[::1]:80", "https://u:p@localhost"] {
            assert!(is_here(here), "{here}");
        }
        for there in ["http://localhost.example", "http://10.0.0.1", "http://[::2]", "x"] {
            assert!(!is_here(there), "{there}");
        }
    }
}

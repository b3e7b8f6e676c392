//! What is measured: a server that answers queries as Prometheus does, and knows when each was due.

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// The answer to every query.
const ANSWER: &str =
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1700000000,"1"]}]}}"#;

/// What a query of a run looks like: its name stands behind this.
pub const QUERY: &str = "up{run=\"";

/// The server.
#[derive(Clone)]
pub struct Source {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    connections: u64,
    requests: u64,
    /// When each run is to measure next.
    due: BTreeMap<String, Timestamp>,
    late: Vec<Duration>,
}

/// What was seen in some time.
#[derive(Default)]
pub struct Counted {
    /// Connections that were opened.
    pub connections: u64,
    pub requests: u64,
    /// How much later than it was due each request came, sorted.
    pub late: Vec<Duration>,
}

impl Source {
    /// Serves on a port of this machine until the process ends.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let source = Source { address: listener.local_addr()?, seen: Arc::default() };
        let serving = source.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.seen().connections += 1;
                let source = serving.clone();
                let answer = service_fn(move |request| answer(source.clone(), request));
                // Whoever breaks a connection off opens another one, which is counted.
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
        Ok(source)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next measurement of `run` is due at `at`.
    pub fn expect(&self, run: String, at: Timestamp) {
        self.seen().due.insert(run, at);
    }

    /// What was counted since the last call.
    pub fn take(&self) -> Counted {
        let mut seen = self.seen();
        let mut late = std::mem::take(&mut seen.late);
        late.sort();
        let (connections, requests) = (std::mem::take(&mut seen.connections), std::mem::take(&mut seen.requests));
        Counted { connections, requests, late }
    }

    fn asked(&self, run: &str) {
        let now = rollouts_kube::system_clock().now();
        let mut seen = self.seen();
        seen.requests += 1;
        if let Some(due) = seen.due.remove(run) {
            let late = Duration::try_from(now.duration_since(due)).unwrap_or_default();
            seen.late.push(late);
        }
    }
}

impl Counted {
    /// How late that part of the requests came at most, in thousandths.
    pub fn late_at(&self, thousandths: usize) -> Duration {
        let last = self.late.len().saturating_sub(1);
        self.late.get(last * thousandths / 1000).copied().unwrap_or_default()
    }
}

async fn answer(source: Source, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let form = rollouts_providers::url::query_unescape(&String::from_utf8_lossy(&body));
    let run = form.split_once(QUERY).and_then(|(_, rest)| rest.split('"').next());
    source.asked(run.unwrap_or_default());
    let mut response = Response::new(Full::from(ANSWER));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

//! What is measured: a server that answers queries as Prometheus does, or has a real one answer them, and knows when each
//! was due.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rollouts_providers::Http as _;
use rollouts_providers::client::NetworkHttp;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// The answer to every query.
const ANSWER: &str =
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1700000000,"1"]}]}}"#;

/// What a query of a run looks like: its name stands behind this. A Prometheus that watches itself alone says 1.
pub const QUERY: &str = "up{job!=\"";

/// How long a real one may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The server.
#[derive(Clone)]
pub struct Source {
    pub address: SocketAddr,
    behind: Option<Behind>,
    seen: Arc<Mutex<Seen>>,
}

/// Who answers in truth.
#[derive(Clone)]
struct Behind {
    address: SocketAddr,
    http: Arc<NetworkHttp>,
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
    /// Serves on a port of this machine until the process ends; `prometheus` is a real one that is to answer.
    pub async fn start(prometheus: Option<SocketAddr>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let behind = prometheus.map(|address| Behind { address, http: Arc::new(NetworkHttp::new()) });
        let source = Source { address: listener.local_addr()?, behind, seen: Arc::default() };
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

impl Behind {
    /// What it answers to a query; if it does not, how that went is the body.
    async fn ask(&self, path: &str, form: Bytes) -> (u16, Vec<u8>) {
        let url = format!("http://{}{path}", self.address);
        let kind = ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        let request = rollouts_providers::Request::new("POST", url, ANSWER_WITHIN);
        let request = rollouts_providers::Request { headers: vec![kind], body: Some(form.into()), ..request };
        match self.http.send(request).await {
            Ok(answer) => (answer.status, answer.body),
            Err(error) => (502, error.to_string().into_bytes()),
        }
    }
}

async fn answer(source: Source, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let form = rollouts_providers::url::query_unescape(&String::from_utf8_lossy(&body));
    let run = form.split_once(QUERY).and_then(|(_, rest)| rest.split('"').next());
    source.asked(run.unwrap_or_default());
    let (status, body) = match &source.behind {
        Some(behind) => behind.ask(&path, body).await,
        None => (200, ANSWER.into()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

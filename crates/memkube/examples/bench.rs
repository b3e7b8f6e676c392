//! Writes a second with many open watches, and the time of a large list, on one thread. Run with `--release`.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use rollouts_api::Clock;
use rollouts_memkube::{Config, Server};
use serde_json::json;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower::ServiceExt as _;

const WATCHES: usize = 100;
const WRITES: usize = 10_000;
const ROUNDS: usize = 5;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

async fn call(server: &Server, method: Method, path: &str, body: Vec<u8>) -> Outcome<Bytes> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.body(Full::new(Bytes::from(body)))?;
    let response = server.service().oneshot(request).await?;
    let status = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    if status.is_success() { Ok(bytes) } else { Err(String::from_utf8_lossy(&bytes).into_owned().into()) }
}

fn pod(i: usize) -> Vec<u8> {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("pod-{i:05}"), "labels": {"app": "web", "hash": "6b7c9d8f5"}},
        "spec": {"containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}]},
    })
    .to_string()
    .into_bytes()
}

async fn watch(server: Server, opened: Arc<Semaphore>) -> Outcome<usize> {
    let request = Request::builder().uri("/api/v1/pods?watch=true&resourceVersion=0").body(Full::new(Bytes::new()))?;
    let mut body = server.service().oneshot(request).await?.into_body();
    opened.add_permits(1);
    let mut seen = 0;
    while seen < WRITES {
        match body.frame().await {
            Some(frame) => seen += usize::from(frame?.is_data()),
            None => return Err("a watch ended early".into()),
        }
    }
    Ok(seen)
}

async fn round() -> Outcome<(Duration, Duration, Duration)> {
    #[expect(clippy::disallowed_methods, reason = "an edge: the machine's clock enters here")]
    let server = Server::new(Config::new(Clock::new(jiff::Timestamp::now)));
    let opened = Arc::new(Semaphore::new(0));
    let watches: Vec<_> = (0..WATCHES).map(|_| tokio::spawn(watch(server.clone(), opened.clone()))).collect();
    opened.acquire_many(WATCHES as u32).await?.forget();
    let start = Instant::now();
    for i in 0..WRITES {
        call(&server, Method::POST, "/api/v1/namespaces/default/pods?fieldManager=bench", pod(i)).await?;
        // Let the watches send what is new: nothing is saved up.
        tokio::task::yield_now().await;
    }
    let written = start.elapsed();
    for w in watches {
        w.await??;
    }
    let delivered = start.elapsed();
    let start = Instant::now();
    call(&server, Method::GET, "/api/v1/pods", Vec::new()).await?;
    Ok((written, delivered, start.elapsed()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(round().await?);
    }
    let median = |pick: fn(&(Duration, Duration, Duration)) -> Duration| {
        let mut all: Vec<Duration> = rounds.iter().map(pick).collect();
        all.sort();
        all[ROUNDS / 2]
    };
    let rate = |d: Duration| WRITES as f64 / d.as_secs_f64();
    #[expect(clippy::print_stdout, reason = "the benchmark reports to a person")]
    {
        println!("writes/s with {WATCHES} watches:               {:.0}", rate(median(|r| r.0)));
        println!("writes/s until every watch has every event: {:.0}", rate(median(|r| r.1)));
        println!("list of {WRITES} pods:                       {:?}", median(|r| r.2));
    }
    Ok(())
}

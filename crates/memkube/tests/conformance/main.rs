//! memkube gives the answers that a real kube-apiserver gave.

mod harness;

use bytes::Bytes;
use harness::run::{Answer, Server, play};
use harness::{cases, compare, golden, step};
use http::Request;
use http_body_util::{BodyExt, Full};
use rollouts_api::Clock;
use rollouts_memkube::Config;
use tokio::time::Instant;
use tower::ServiceExt as _;

struct Memkube(rollouts_memkube::Server);

impl Memkube {
    fn new() -> Self {
        let start = Instant::now();
        let epoch: jiff::Timestamp = "2026-01-02T00:00:00Z".parse().expect("a time");
        let clock = Clock::new(move || {
            epoch + jiff::SignedDuration::try_from(start.elapsed()).expect("a test lasts less than an age")
        });
        Memkube(rollouts_memkube::Server::new(Config::new(clock)))
    }
}

impl Server for Memkube {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        let response = self.0.service().oneshot(request.map(Full::new)).await.expect("the service never fails");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("bodies never fail").to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

/// Complaints about one file.
async fn check(file: &str) -> Vec<String> {
    let steps = step::parse(&golden::case(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let recorded = golden::read(file);
    let titles: Vec<_> = recorded.iter().filter_map(|r| r["step"].as_str()).collect();
    let wanted: Vec<_> = steps.iter().map(step::Step::title).collect();
    if titles != wanted {
        return vec![format!("{file}: the recording has other steps; record it again")];
    }
    let answers = play(&Memkube::new(), file, &steps).await;
    let mut complaints = Vec::new();
    let mut comparison = compare::Comparison::default();
    for (i, (step, (want, have))) in steps.iter().zip(recorded.iter().zip(&answers)).enumerate() {
        let (left, stale) = compare::judge(comparison.differences(want, have), &step.differs);
        let place = format!("{file} {} {}", i + 1, step.title());
        complaints.extend(left.iter().map(|d| format!("{place}\n    {d}")));
        complaints.extend(stale.iter().map(|p| format!("{place}\n    {p} is no difference any more")));
    }
    complaints
}

#[tokio::test(start_paused = true)]
async fn the_corpus_is_answered_as_by_a_real_server() {
    let only = std::env::var("CONFORMANCE_CASE").unwrap_or_default();
    let mut complaints = Vec::new();
    for file in cases().iter().filter(|c| c.contains(&only)) {
        complaints.extend(check(file).await);
    }
    assert!(complaints.is_empty(), "{} differences\n{}", complaints.len(), complaints.join("\n"));
}

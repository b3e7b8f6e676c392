//! The corpus of `crates/memkube/tests/conformance`, sent to a real kube-apiserver: it still answers as recorded, and so
//! memkube, which is compared with the recording, answers as it does.
//!
//! `RECORD=1` in the environment replaces the recordings by what the server says now.

#[expect(dead_code, reason = "where memkube differs is judged beside memkube")]
#[path = "../../memkube/tests/conformance/harness/mod.rs"]
mod harness;

use bytes::Bytes;
use harness::run::{Answer, Server, play};
use harness::{cases, compare, golden, step};
use http::Request;
use http_body_util::BodyExt as _;
use rollouts_cluster::{Cluster, Options, binaries_for_tests};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

struct Real(kube::Client);

impl Real {
    /// A client that sends what it is told, once.
    async fn new(kubeconfig: &Path) -> Self {
        let kubeconfig = kube::config::Kubeconfig::read_from(kubeconfig).expect("the cluster wrote it");
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await;
        let mut config = config.expect("the cluster wrote a good one");
        config.default_retry = false;
        Real(kube::Client::try_from(config).expect("the cluster wrote a good one"))
    }
}

impl Server for Real {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        let response = self.0.send(request.map(kube::client::Body::from)).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

#[tokio::test]
async fn a_real_server_answers_as_recorded() {
    let Some(binaries) = binaries_for_tests() else { return };
    // Controllers would write between the requests.
    let options = Options { controllers: false, ..Options::default() };
    let cluster = Cluster::start(&binaries, &options).await.expect("an API server");
    let real = Real::new(&cluster.kubeconfig()).await;
    let record = std::env::var_os("RECORD").is_some();
    let mut complaints = Vec::new();
    for file in cases() {
        let steps = step::parse(&golden::case(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let answers = play(&real, &file, &steps).await;
        if record {
            let text: String = answers.iter().map(|a| format!("{a}\n")).collect();
            std::fs::write(golden::path(&file), text).expect("the source tree can be written");
            continue;
        }
        let recorded = golden::read(&file);
        if recorded.len() != answers.len() {
            complaints.push(format!("{file}: the recording has other steps; record it again"));
            continue;
        }
        complaints.extend(differences(&file, &steps, &recorded, &answers));
    }
    cluster.stop();
    assert!(complaints.is_empty(), "{} differences\n{}", complaints.len(), complaints.join("\n"));
}

fn differences(file: &str, steps: &[step::Step], recorded: &[Value], answers: &[Value]) -> Vec<String> {
    let mut comparison = compare::Comparison::default();
    let mut complaints = Vec::new();
    for (i, (step, (want, have))) in steps.iter().zip(recorded.iter().zip(answers)).enumerate() {
        let (left, _) = compare::judge(comparison.differences(want, have), &BTreeMap::new());
        complaints.extend(left.iter().map(|d| format!("{file} {} {}\n    {d}", i + 1, step.title())));
    }
    complaints
}

//! What commands ask the API server for: no more than they need, however large a namespace is.

use crate::support::cluster::{Cluster, replica_set, rollout};
use crate::support::{Output, World, run_in};
use http::Request;
use rollouts_cli::Connector;
use rollouts_kube::{ConnectError, ConnectOptions, from_service};
use rollouts_memkube::Service;
use serde_json::json;
use std::sync::Arc;
use std::sync::Mutex;
use tower::{Service as _, service_fn};

/// An API server that remembers what it was asked for, behind the namespace.
struct Asked {
    cluster: Cluster,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Connector for Asked {
    fn connect(&self, _: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
        let service: Service = self.cluster.server.service();
        let requests = Arc::clone(&self.requests);
        let spy = service_fn(move |request: Request<kube::client::Body>| {
            let uri = request.uri().to_string();
            let behind = uri.rsplit_once("/default/").map_or(uri.as_str(), |(_, behind)| behind);
            requests.lock().expect("nobody panics").push(behind.to_owned());
            let mut service = service.clone();
            async move { service.call(request).await }
        });
        Ok((from_service(spy), "default".into()))
    }
}

impl Asked {
    fn start() -> Asked {
        Asked { cluster: Cluster::start(), requests: Arc::default() }
    }

    /// Runs a command line, and gives what it printed and asked for.
    async fn run(&self, line: &str) -> (String, Vec<String>) {
        let Output { code, stdout, stderr } = run_in(World::of(self, self.cluster.clock.clone()), line).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{line}");
        (stdout, std::mem::take(&mut *self.requests.lock().expect("nobody panics")))
    }
}

#[tokio::test(start_paused = true)]
async fn get_reads_no_more_than_it_needs() {
    let asked = Asked::start();
    let web = asked.cluster.create(rollout("web"));
    let other = asked.cluster.create(rollout("other"));
    asked.cluster.create(replica_set(&web, 1, "reg.example/web:1"));
    asked.cluster.create(replica_set(&other, 1, "reg.example/other:1"));
    let selected = "?labelSelector=app%3Dweb&limit=500";
    let of_selector = [
        "rollouts/web",
        &format!("replicasets{selected}"),
        &format!("pods{selected}"),
        "experiments?limit=500",
        "analysisruns?limit=500",
    ];
    let (tree, requests) = asked.run("get rollout web --no-color").await;
    assert_eq!(requests, of_selector);
    assert!(tree.contains("⧉ web-1 "), "{tree}");

    // Pods of Experiments have labels of their own.
    let owner = json!([{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": web["metadata"]["uid"]}]);
    let experiment = asked.cluster.create(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment",
        "metadata": {"name": "ab", "namespace": "default", "ownerReferences": owner},
    }));
    let mut of_experiment = replica_set(&other, 1, "reg.example/ab:1");
    of_experiment["metadata"]["name"] = json!("ab-one");
    of_experiment["metadata"]["ownerReferences"][0]["uid"] = experiment["metadata"]["uid"].clone();
    asked.cluster.create(of_experiment);
    let (tree, requests) = asked.run("get rollout web --no-color").await;
    let everything = ["replicasets?limit=500", "pods?limit=500", "experiments?limit=500", "analysisruns?limit=500"];
    assert_eq!(requests, [&of_selector[..], &everything[..]].concat());
    assert!(tree.contains("Σ ab ") && tree.contains("⧉ ab-one "), "{tree}");
    let (followed, _) = asked.run("get rollout web -w --no-color --timeout-seconds 1").await;
    assert!(followed.contains("⧉ ab-one "), "{followed}");
}

#[tokio::test(start_paused = true)]
async fn long_lists_are_read_in_pages() {
    let asked = Asked::start();
    for i in 0..501 {
        asked.cluster.create(rollout(&format!("web-{i:03}")));
    }
    let (table, requests) = asked.run("list rollouts").await;
    assert_eq!(table.lines().count(), 502);
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert!(requests.iter().all(|r| r.starts_with("rollouts?limit=500")), "{requests:?}");
}

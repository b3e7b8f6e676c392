//! An API server in this process, with the custom resources.

use super::{Output, World, run_in};
use futures::FutureExt;
use rollouts_api::Clock;
use rollouts_cli::Connector;
use rollouts_kube::rest::PatchKind;
use rollouts_kube::{ConnectError, ConnectOptions, Resource, Rest, from_service, tokio_clock};
use rollouts_memkube::{Config, Server};
use serde_json::{Value, json};
use std::time::Duration;

/// An API server, and clients of it.
pub struct Cluster {
    pub server: Server,
    pub clock: Clock,
}

impl Connector for Cluster {
    fn connect(&self, options: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
        let namespace = options.namespace.clone().unwrap_or_else(|| "default".into());
        Ok((from_service(self.server.service()), namespace))
    }
}

impl Cluster {
    /// Begins on the first of January 2026.
    pub fn start() -> Cluster {
        let clock = tokio_clock("2026-01-01T00:00:00Z".parse().expect("a time"));
        let server = Server::new(Config::new(clock.clone()));
        let cluster = Cluster { server, clock };
        for (kind, plural, status) in [
            ("Rollout", "rollouts", true),
            ("Experiment", "experiments", false),
            ("AnalysisRun", "analysisruns", false),
            ("AnalysisTemplate", "analysistemplates", false),
            ("ClusterAnalysisTemplate", "clusteranalysistemplates", false),
        ] {
            cluster.create(crd(kind, plural, status));
        }
        cluster
    }

    pub fn create(&self, object: Value) -> Value {
        self.server.create(object).expect("the object is accepted")
    }

    /// Reads an object of the default namespace.
    pub fn get(&self, resource: &Resource, name: &str) -> Value {
        self.server.get(&resource.group, &resource.plural, "default", name).expect("the object exists")
    }

    pub fn rest(&self) -> Rest {
        Rest::new(from_service(self.server.service()))
    }

    /// Merges into an object of the default namespace, or into its subresource.
    pub async fn merge(&self, resource: &Resource, name: &str, subresource: Option<&str>, body: Value) {
        let merged = self.rest().patch::<Value>(resource, "default", name, subresource, PatchKind::Merge, &body).await;
        merged.expect("the patch is accepted");
    }

    /// Runs a command line that is expected to succeed without a word on standard error.
    pub async fn ok(&self, line: &str) -> String {
        let Output { code, stdout, stderr } = self.run(line).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{line}");
        stdout
    }

    /// Runs a command line that is asked to stop after `time`.
    pub async fn run_for(&self, line: &str, time: Duration) -> Output {
        let stop = tokio::time::sleep(time).boxed();
        run_in(World { stop, ..World::of(self, self.clock.clone()) }, line).await
    }

    /// Runs a command line where there are files.
    pub async fn run_with(&self, files: &[(&str, &str)], line: &str) -> Output {
        run_in(World { files, ..World::of(self, self.clock.clone()) }, line).await
    }

    pub async fn run(&self, line: &str) -> Output {
        run_in(World::of(self, self.clock.clone()), line).await
    }
}

fn crd(kind: &str, plural: &str, status: bool) -> Value {
    let mut version = json!({
        "name": "v1alpha1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
    });
    if status {
        version["subresources"] = json!({"status": {}});
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.argoproj.io")},
        "spec": {
            "group": "argoproj.io", "scope": if kind.starts_with("Cluster") { "Cluster" } else { "Namespaced" },
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": kind.to_lowercase()},
            "versions": [version],
        },
    })
}

/// A Rollout with one container, a canary with three steps.
pub fn rollout(name: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": "reg.example/web:1"}]},
            },
            "strategy": {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}, {"pause": {}}]}},
        },
    })
}

/// A ReplicaSet of a Rollout.
pub fn replica_set(owner: &Value, revision: i64, image: &str) -> Value {
    let name = owner["metadata"]["name"].as_str().expect("a name");
    let mut template = owner["spec"]["template"].clone();
    template["metadata"]["labels"]["rollouts-pod-template-hash"] = json!(revision.to_string());
    template["spec"]["containers"][0]["image"] = json!(image);
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{name}-{revision}"), "namespace": "default",
            "labels": template["metadata"]["labels"],
            "annotations": {"rollout.argoproj.io/revision": revision.to_string()},
            "ownerReferences": [{
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": name,
                "uid": owner["metadata"]["uid"], "controller": true,
            }],
        },
        "spec": {"replicas": 0, "selector": {"matchLabels": template["metadata"]["labels"]}, "template": template},
    })
}

//! The user: creates Rollouts, updates them, and waits until all are Healthy.

use crate::serve::LOAD;
use anyhow::{Context, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use rollouts_api::{Rollout, names};
use rollouts_kube::cache::Change;
use rollouts_kube::client::{ConnectOptions, connect};
use rollouts_kube::rest::PatchKind;
use rollouts_kube::{Cache, Resource, Rest, resource};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Where everything is.
pub const NAMESPACE: &str = "bench";
/// Requests of the load at once.
const CONCURRENCY: usize = 16;
/// How long all Rollouts may take to be Healthy.
const PATIENCE: Duration = Duration::from_secs(3600);

pub struct Load {
    rest: Rest,
    rollouts: usize,
    /// Rollouts that are Healthy, by the revision they are at.
    healthy: watch::Receiver<[BTreeSet<String>; 2]>,
    _stop: DropGuard,
}

impl Load {
    pub async fn new(kubeconfig: &Path, rollouts: usize) -> Result<Self> {
        let options =
            ConnectOptions { kubeconfig: Some(kubeconfig.into()), user_agent: Some(LOAD.into()), ..Default::default() };
        let (client, _) = connect(&options)?;
        let rest = Rest::new(client.clone());
        let stop = CancellationToken::new();
        let (tell, healthy) = watch::channel([BTreeSet::new(), BTreeSet::new()]);
        let cache: Cache<Rollout> = Cache::builder(client, resource::ROLLOUTS)
            .namespace(Some(NAMESPACE))
            .on_change(move |change: &Change<Rollout>| {
                if let Change::Added(ro) | Change::Updated { new: ro, .. } = change
                    && let Some(revision) = healthy_at(ro)
                {
                    tell.send_if_modified(|all| {
                        all.get_mut(revision - 1).is_some_and(|set| set.insert(ro.metadata.name.clone()))
                    });
                }
            })
            .start(&stop);
        let load = Load { rest, rollouts, healthy, _stop: stop.drop_guard() };
        load.create_namespace().await?;
        cache.synced().await;
        Ok(load)
    }

    async fn create_namespace(&self) -> Result<()> {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        let _: Value = self.rest.create(&resource::NAMESPACES, "", &namespace).await.context("the namespace")?;
        // Pods are refused before the namespace has its service account; memkube has it at once.
        let accounts = Resource::fixed("", "v1", "ServiceAccount", "serviceaccounts", true);
        while self.rest.get_opt::<Value>(&accounts, NAMESPACE, "default").await?.is_none() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Creates all Rollouts and waits until they are Healthy.
    pub async fn create(&mut self) -> Result<()> {
        let requests = (0..self.rollouts).map(|i| {
            let rest = self.rest.clone();
            async move { rest.create::<Value>(&resource::ROLLOUTS, NAMESPACE, &rollout(i)).await.map(drop) }
        });
        stream::iter(requests).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
        self.all_healthy_at(1).await
    }

    /// Changes the image of all Rollouts and waits until they are Healthy.
    pub async fn update(&mut self) -> Result<()> {
        let requests = (0..self.rollouts).map(|i| {
            let rest = self.rest.clone();
            let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:2"}]);
            async move {
                let (r, name) = (&resource::ROLLOUTS, name(i));
                rest.patch::<Value>(r, NAMESPACE, &name, None, PatchKind::Json, &patch).await.map(drop)
            }
        });
        stream::iter(requests).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
        self.all_healthy_at(2).await
    }

    async fn all_healthy_at(&mut self, revision: usize) -> Result<()> {
        let all = self.rollouts;
        let done = timeout(PATIENCE, self.healthy.wait_for(|sets| sets[revision - 1].len() == all)).await;
        done.context("not all Rollouts became Healthy")?.context("the watch ended")?;
        Ok(())
    }
}

/// The revision at which a Rollout is Healthy.
fn healthy_at(ro: &Rollout) -> Option<usize> {
    let status = &ro.status;
    let observed = status.observed_generation == ro.metadata.generation.to_string();
    if !observed || status.phase != "Healthy" || status.stable_rs != status.current_pod_hash {
        return None;
    }
    ro.metadata.annotation(names::REVISION)?.parse().ok()
}

fn name(i: usize) -> String {
    format!("web-{i:05}")
}

/// A canary of one pod with two steps.
fn rollout(i: usize) -> Value {
    let name = name(i);
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"canary": {"steps": [{"setWeight": 50}, {"pause": {"duration": "1s"}}]}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{
                    "name": "web", "image": "web:1", "ports": [{"containerPort": 8080}],
                    "resources": {"requests": {"cpu": "5m", "memory": "32Mi"}},
                }]},
            },
        },
    })
}

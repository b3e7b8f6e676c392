//! Waiting for parts of a cluster.

use super::error::StartError;
use crate::binaries::last_lines;
use crate::process::Process;
use http::{Method, Request};
use rollouts_kube::rest::{Body, Query, send};
use rollouts_kube::{RequestError, Resource, resource};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// How long each part may take to come up. It is a few seconds unless the machine is busy with something else.
pub(super) const READY_SECONDS_MAX: u64 = 180;
/// How often we look.
const LOOK: Duration = Duration::from_millis(50);
/// How much of a program's log is shown when it ends early.
const LOG_LINES_MAX: usize = 15;

/// ServiceAccounts.
const SERVICE_ACCOUNTS: Resource = Resource::fixed("", "v1", "ServiceAccount", "serviceaccounts", true);
/// Nodes.
const NODES: Resource = Resource::fixed("", "v1", "Node", "nodes", false);

/// Waits until `look` finds no fault, or a program ends.
pub(super) async fn until(
    what: &'static str,
    processes: &mut [Process],
    look: impl AsyncFn() -> Result<(), String>,
) -> Result<(), StartError> {
    let end = Instant::now() + Duration::from_secs(READY_SECONDS_MAX);
    loop {
        let Err(last) = look().await else { return Ok(()) };
        check(processes)?;
        if Instant::now() >= end {
            return Err(StartError::Late { what, last });
        }
        tokio::time::sleep(LOOK).await;
    }
}

pub(super) fn check(processes: &mut [Process]) -> Result<(), StartError> {
    for process in processes {
        if let Some(status) = process.ended().map_err(|e| StartError::io(&format!("watch {}", process.name()), e))? {
            let log = last_lines(&process.log(), LOG_LINES_MAX);
            return Err(StartError::Ended { program: process.name(), status: status.to_string(), log });
        }
    }
    Ok(())
}

pub(super) async fn is_ready(client: &kube::Client) -> Result<(), String> {
    let request = Request::get("/readyz").body(kube::client::Body::empty()).map_err(|e| e.to_string())?;
    let answer = client.send(request).await.map_err(|e| e.to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("/readyz answers {}", answer.status())) }
}

/// kube-controller-manager gives every namespace one; without it no pod is admitted.
pub(super) async fn has_account(client: &kube::Client, namespace: &str) -> Result<(), String> {
    let path = SERVICE_ACCOUNTS.object(namespace, "default", None);
    let answer: Result<Value, _> = send(client, Method::GET, &path, None).await;
    answer.map(|_| ()).map_err(|e| e.to_string())
}

/// New nodes are tainted until kube-controller-manager has seen that they are ready.
pub(super) async fn has_nodes(client: &kube::Client, count: usize) -> Result<(), String> {
    let list: Value =
        send(client, Method::GET, &NODES.collection(None), None).await.map_err(|e: RequestError| e.to_string())?;
    let untainted = |node: &&Value| node["spec"]["taints"].is_null();
    let usable = list["items"].as_array().into_iter().flatten().filter(untainted).count();
    if usable >= count { Ok(()) } else { Err(format!("{usable} of {count} nodes are usable")) }
}

pub(super) async fn are_served(client: &kube::Client) -> Result<(), String> {
    for resource in [
        resource::ROLLOUTS,
        resource::ANALYSIS_RUNS,
        resource::ANALYSIS_TEMPLATES,
        resource::CLUSTER_ANALYSIS_TEMPLATES,
        resource::EXPERIMENTS,
    ] {
        let answer: Result<Value, RequestError> = send(client, Method::GET, &resource.collection(None), None).await;
        answer.map_err(|e| format!("{resource}: {e}"))?;
    }
    Ok(())
}

/// With [`super::Options::owner_permissions`] it takes the API server some seconds to know new kinds as owners.
pub(super) async fn can_own(client: &kube::Client) -> Result<(), String> {
    for owner in [resource::ROLLOUTS, resource::ANALYSIS_RUNS, resource::EXPERIMENTS] {
        let reference = json!({
            "apiVersion": owner.api_version(), "kind": owner.kind, "name": "owner", "uid": "owner",
            "blockOwnerDeletion": true,
        });
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "owned", "ownerReferences": [reference] },
        });
        let url = Query::default().with("dryRun", "All").on(&resource::CONFIG_MAPS.collection(Some("default")));
        let body = Some(Body::json(&object).map_err(|e| e.to_string())?);
        let answer: Result<Value, RequestError> = send(client, Method::POST, &url, body).await;
        answer.map_err(|e| e.to_string())?;
    }
    Ok(())
}

//! The Node objects.

use crate::machinery::{Backoff, Context, Hub, is_exists};
use crate::options::Options;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::time::Duration;

/// Names of the nodes that this actor plays.
pub(super) fn names(options: &Options) -> impl Iterator<Item = String> + use<> {
    (1..=options.nodes).map(|n| format!("node-{n}"))
}

/// The node's address.
pub(super) fn address(node: &str) -> String {
    let number = node.rsplit('-').next().and_then(|n| n.parse::<u32>().ok()).unwrap_or_default();
    format!("10.0.{}.{}", number / 250, number % 250 + 1)
}

pub(super) fn start(hub: &mut Hub) {
    let ctx = hub.ctx.clone();
    hub.spawn(async move {
        for name in names(&ctx.options) {
            let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(10));
            while let Err(error) = register(&ctx, &name).await {
                tracing::debug!(node = name, %error, "cannot register");
                tokio::time::sleep(backoff.next()).await;
            }
        }
        // The set of tasks must not end while the others run.
        std::future::pending().await
    });
}

async fn register(ctx: &Context, name: &str) -> kube::Result<()> {
    let api: Api<Node> = Api::all(ctx.client.clone());
    let node: Node = serde_json::from_value(node(name)).map_err(kube::Error::SerdeError)?;
    match api.create(&PostParams::default(), &node).await {
        Ok(_) => {}
        Err(e) if is_exists(&e) => {}
        Err(e) => return Err(e),
    }
    let live = api.get(name).await?;
    if live.status.and_then(|s| s.conditions).is_none_or(|c| c.is_empty()) {
        let patch = json!({"status": status(ctx, name)});
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
    }
    Ok(())
}

fn node(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
        }},
        "spec": {"podCIDR": format!("10.244.{}.0/24", name.rsplit('-').next().unwrap_or("0"))},
    })
}

fn status(ctx: &Context, name: &str) -> Value {
    let now = ctx.time();
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({"type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now})
    };
    let capacity = json!({"cpu": "16", "memory": "64Gi", "ephemeral-storage": "100Gi",
        "pods": ctx.options.pods_per_node.to_string()});
    json!({
        "capacity": capacity,
        "allocatable": capacity,
        "addresses": [{"type": "InternalIP", "address": address(name)}, {"type": "Hostname", "address": name}],
        "conditions": [
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        ],
        "nodeInfo": {
            "architecture": "amd64", "operatingSystem": "linux", "osImage": "simulated", "kernelVersion": "simulated",
            "kubeletVersion": "v1.34.0", "kubeProxyVersion": "", "containerRuntimeVersion": "simulated://1.0",
            "machineID": name, "systemUUID": name, "bootID": name,
        },
    })
}

//! The primary cluster of an Istio mesh (traffic.md §2.1).

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rollouts_kube::client::connect_with_kubeconfig;
use rollouts_kube::rest::Query;
use rollouts_kube::{ConnectOptions, Rest, resource};
use serde_json::Value;
use std::time::Duration;

/// Label of the Secret that says where the primary cluster is.
const LABEL: &str = "istio.argoproj.io/primary-cluster=true";
/// How long the Secrets may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// A client of the primary cluster, if a Secret names one: its first entry is a kubeconfig, under the cluster's name. It is
/// looked for in `namespace`, or everywhere. Without one, or with one that is of no use, Istio's objects are looked for in
/// the controller's own cluster, as upstream does; here the log says why.
pub async fn primary(client: &kube::Client, namespace: Option<&str>, options: &ConnectOptions) -> Option<kube::Client> {
    let found = tokio::time::timeout(DEADLINE, find(client, namespace, options)).await;
    match found.unwrap_or_else(|_| Err(anyhow!("the API server did not answer in time"))) {
        Ok(Some((cluster, client))) => {
            tracing::info!(cluster, "Objects of Istio are read from and written to its primary cluster");
            Some(client)
        }
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(
                "Istio's primary cluster cannot be used, and the own cluster is used in its place: {error:#}"
            );
            None
        }
    }
}

async fn find(
    client: &kube::Client,
    namespace: Option<&str>,
    options: &ConnectOptions,
) -> Result<Option<(String, kube::Client)>> {
    let query = Query::default().labels(LABEL);
    let secrets = Rest::new(client.clone()).list::<Value>(&resource::SECRETS, namespace, &query).await;
    if let Err(error) = &secrets
        && error.status().is_some_and(|status| status.code == 403)
    {
        tracing::info!("Secrets cannot be listed, so a primary cluster of Istio is not looked for: {error}");
        return Ok(None);
    }
    let secrets = secrets.with_context(|| format!("cannot look for Secrets with the label {LABEL}"))?;
    let Some(secret) = secrets.items.first() else { return Ok(None) };
    let name = || format!("Secret {}/{}", text(&secret["metadata"]["namespace"]), text(&secret["metadata"]["name"]));
    let data = secret["data"].as_object().and_then(|data| data.iter().next());
    let (cluster, kubeconfig) = data.with_context(|| format!("{} has no data", name()))?;
    let entry = || format!("{}, data[{cluster:?}]", name());
    let bytes = BASE64_STANDARD.decode(text(kubeconfig)).with_context(entry)?;
    let kubeconfig = String::from_utf8(bytes).with_context(entry)?;
    let (client, _) = connect_with_kubeconfig(&kubeconfig, options).with_context(entry)?;
    Ok(Some((cluster.clone(), client)))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

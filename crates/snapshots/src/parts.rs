//! Objects that nobody holds: they are asked for when a decision needs them.

use rollouts_api::{Rollout, names, validation};
use rollouts_core::{Pod, ReplicaSet};
use rollouts_kube::rest::Query;
use rollouts_kube::{RequestError, Rest, resource};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The part of Endpoints that decisions read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Endpoints {
    subsets: Option<Vec<Subset>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subset {
    addresses: Option<Vec<Address>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Address {
    target_ref: Target,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    name: String,
}

/// The ready pods that the Services of a routed Rollout lead to, asked for while it matters. Without the right to read them
/// nothing is known, and they are believed to follow at once.
///
/// # Errors
/// Of a request that may work the next time.
pub async fn endpoints(
    ro: &Rollout,
    services: BTreeSet<String>,
    rest: &Rest,
) -> Result<BTreeMap<String, BTreeSet<String>>, RequestError> {
    let mut found = BTreeMap::new();
    let named = validation::service_names(ro);
    for service in services {
        let endpoints = match rest.get_opt::<Endpoints>(&resource::ENDPOINTS, &ro.metadata.namespace, &service).await {
            // The host of a mesh may be none of the cluster's Services.
            Ok(None) if !named.contains(&service.as_str()) => continue,
            Ok(endpoints) => endpoints.unwrap_or_default(),
            Err(error) if error.is_forbidden() => continue,
            Err(error) => return Err(error),
        };
        let addresses = endpoints.subsets.into_iter().flatten().flat_map(|subset| subset.addresses.unwrap_or_default());
        found.insert(service, addresses.map(|address| address.target_ref.name).collect());
    }
    Ok(found)
}

/// The pods of the ReplicaSets. Asked for when a decision needs them: a cache of all pods of a cluster would cost more
/// than everything else together.
///
/// # Errors
/// Of a request that may work the next time.
pub async fn pods(namespace: &str, sets: &[Arc<ReplicaSet>], rest: &Rest) -> Result<Vec<Arc<Pod>>, RequestError> {
    if sets.is_empty() {
        // "in ()" would ask for pods with an empty hash.
        return Ok(Vec::new());
    }
    let hashes: Vec<&str> = sets.iter().map(|s| s.hash()).collect();
    let query = Query::default().labels(format!("{} in ({})", names::POD_TEMPLATE_HASH, hashes.join(",")));
    let page = rest.list::<Pod>(&resource::PODS, Some(namespace), &query).await?;
    let ours = |p: &Pod| p.metadata.controller().is_some_and(|c| sets.iter().any(|s| s.metadata.uid == c.uid));
    Ok(page.items.into_iter().filter(ours).map(Arc::new).collect())
}

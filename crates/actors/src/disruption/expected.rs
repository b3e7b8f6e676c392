//! How many pods the owners of some pods want.

use super::Actor;
use crate::machinery::{Key, controller_of, discover, is_not_found, request};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why the number cannot be known.
pub(super) struct Unknown(pub String);

impl Actor {
    /// The sum of the sizes of all controllers of these pods: the Deployment above a ReplicaSet, a ReplicaSet by
    /// itself or below anything else, or whatever has a scale subresource.
    pub(super) async fn expected(&self, pods: &[Arc<Pod>]) -> kube::Result<Result<i32, Unknown>> {
        let mut sizes: BTreeMap<String, i32> = BTreeMap::new();
        for pod in pods {
            let Some(owner) = controller_of(&pod.metadata) else {
                return Ok(Err(Unknown(format!("found no controller ref for pod {:?}", pod.name_any()))));
            };
            let namespace = pod.namespace().unwrap_or_default();
            if sizes.contains_key(&owner.uid) {
                continue;
            }
            match self.size(&namespace, owner).await? {
                Some((uid, size)) => sizes.insert(uid, size),
                None => return Ok(Err(Unknown(format!("found no controllers for pod {:?}", pod.name_any())))),
            };
        }
        Ok(Ok(sizes.values().sum()))
    }

    /// Uid and size of the owner that counts.
    async fn size(&self, namespace: &str, owner: &OwnerReference) -> kube::Result<Option<(String, i32)>> {
        if owner.kind == "ReplicaSet" && owner.api_version.starts_with("apps/") {
            let Some(rs) = self.sets.get(&Key::new(namespace, &owner.name)) else { return Ok(None) };
            let above = controller_of(&rs.metadata).filter(|o| o.kind == "Deployment");
            let deployment = above.and_then(|o| self.deployments.get(&Key::new(namespace, &o.name)));
            return Ok(Some(match deployment {
                Some(d) => (d.uid().unwrap_or_default(), d.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1)),
                None => (owner.uid.clone(), rs.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1)),
            }));
        }
        let group = owner.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let served = discover(&self.ctx.client).await?;
        let Some(resource) = served.iter().find(|r| r.kind == owner.kind && r.group == group) else { return Ok(None) };
        let path = format!("{}/{}/scale", resource.path_in(namespace), owner.name);
        match request::get::<Value>(&self.ctx.client, &path).await {
            Ok(scale) => {
                let size = scale["spec"]["replicas"].as_i64().and_then(|n| i32::try_from(n).ok());
                Ok(Some((owner.uid.clone(), size.unwrap_or_default())))
            }
            Err(e) if is_not_found(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }
}

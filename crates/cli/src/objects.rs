//! Objects as the API server holds them.

use crate::pruned;
use rollouts_api::ObjectMeta;
use rollouts_kube::cache::Cached;
use rollouts_kube::resource::{EXPERIMENTS, ROLLOUTS};
use rollouts_kube::{RequestError, Resource, Rest};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// An object in a cache.
pub(crate) struct Object {
    meta: ObjectMeta,
    pub(crate) value: Value,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = pruned::without(pruned::HISTORY, d)?;
        let meta = ObjectMeta::deserialize(&value["metadata"]).map_err(D::Error::custom)?;
        Ok(Object { meta, value })
    }
}

impl Cached for Object {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}

/// Reads a Rollout or an Experiment to be looked at. One that does not exist is named in the singular, as by those who
/// look into a cache.
pub(crate) async fn look_at(
    rest: &Rest,
    resource: &Resource,
    namespace: &str,
    name: &str,
) -> crate::failure::Result<Value> {
    rest.get(resource, namespace, name).await.map_err(|error| {
        let of_the_object = format!("{resource} {name:?} not found");
        match error {
            RequestError::Refused(status) if status.message == of_the_object => not_found(resource, name).into(),
            other => other.into(),
        }
    })
}

/// `rollout.argoproj.io "x" not found`.
pub(crate) fn not_found(resource: &Resource, name: &str) -> String {
    debug_assert!(*resource == ROLLOUTS || *resource == EXPERIMENTS);
    format!("{}.{} {name:?} not found", resource.kind.to_lowercase(), resource.group)
}

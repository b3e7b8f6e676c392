//! Writing to Rollouts.

use crate::context::Session;
use crate::failure::Result;
use rollouts_kube::resource::ROLLOUTS;
use rollouts_kube::rest::PatchKind;
use rollouts_kube::{RequestError, Resource};
use serde::de::IgnoredAny;
use serde_json::Value;

impl Session {
    /// Merges `body` into an object.
    pub(crate) async fn merge(&self, resource: &Resource, name: &str, body: &Value) -> Result {
        Ok(self.send(resource, name, None, PatchKind::Merge, body).await?)
    }

    /// Applies a JSON patch to an object.
    pub(crate) async fn json_patch(&self, resource: &Resource, name: &str, body: &Value) -> Result<(), RequestError> {
        self.send(resource, name, None, PatchKind::Json, body).await
    }

    /// Merges `status` into the status of a Rollout. Where Rollouts have no status subresource, or the Rollout does
    /// not exist, `whole` is merged into the Rollout itself instead; says whether that happened.
    pub(crate) async fn merge_status(&self, name: &str, status: &Value, whole: &Value) -> Result<bool> {
        match self.send(&ROLLOUTS, name, Some("status"), PatchKind::Merge, status).await {
            Ok(()) => Ok(false),
            Err(e) if e.is_not_found() => {
                self.merge(&ROLLOUTS, name, whole).await?;
                Ok(true)
            }
            Err(e) => Err(e.into()),
        }
    }

    async fn send(
        &self,
        resource: &Resource,
        name: &str,
        subresource: Option<&str>,
        kind: PatchKind,
        body: &Value,
    ) -> Result<(), RequestError> {
        let _: IgnoredAny = self.rest.patch(resource, &self.namespace, name, subresource, kind, body).await?;
        Ok(())
    }
}

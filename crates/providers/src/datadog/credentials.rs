//! Who to be at Datadog.

use crate::context::Context;
use crate::keys::Keys;
use crate::reading::{Failure, Result};
use rollouts_api::analysis::SecretRef;

/// Server of those who name none.
const ADDRESS: &str = "https://api.datadoghq.com";
/// Secret in the controller's namespace of metrics that name none.
const SECRET: &str = "datadog";

/// Keys, and the server that knows them.
pub(super) struct Credentials {
    pub api_key: String,
    pub app_key: String,
    /// URL of the server.
    pub address: String,
}

impl Credentials {
    /// Those of the metric's Secret; without one, those of the environment if they are complete, or else of the
    /// controller's Secret.
    pub async fn find(context: &Context<'_>, secret: &SecretRef) -> Result<Self> {
        if secret.name.is_empty() && secret.namespaced {
            return Err(Failure::new("secret name is required for namespaced credentials"));
        }
        if !secret.name.is_empty() {
            let own = &context.run.metadata.namespace;
            let namespace = if secret.namespaced { own } else { &context.tools.namespace };
            let keys = Keys::read(context, namespace, &secret.name).await?;
            return Self::of(&keys).ok_or_else(none);
        }
        if let Some(credentials) = Self::of_environment(context) {
            return Ok(credentials);
        }
        let keys = Keys::of_controller(context, SECRET).await.map_err(|_| none())?;
        Self::of(&keys).ok_or_else(none)
    }

    fn of(keys: &Keys) -> Option<Self> {
        let address = keys.get("address").unwrap_or_else(|| ADDRESS.to_owned());
        Some(Credentials { api_key: keys.get("api-key")?, app_key: keys.get("app-key")?, address })
    }

    fn of_environment(context: &Context<'_>) -> Option<Self> {
        let variable = |name| context.variable(name).map(str::to_owned);
        Some(Credentials {
            api_key: variable("DD_API_KEY")?,
            app_key: variable("DD_APP_KEY")?,
            address: variable("DD_ADDRESS")?,
        })
    }
}

fn none() -> Failure {
    Failure::new("failed to find the credentials for datadog metrics provider")
}

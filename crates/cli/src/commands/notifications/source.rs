//! Where the settings are: in the cluster, or in files.

use super::settings::Settings;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::manifest;
use rollouts_kube::Resource;
use rollouts_kube::resource::{CONFIG_MAPS, ROLLOUTS, SECRETS};
use serde_json::Value;

const CONFIG_MAP: &str = "argo-rollouts-notification-configmap";
const SECRET: &str = "argo-rollouts-notification-secret";
/// Stands for a Secret without entries.
const EMPTY: &str = ":empty";

/// Reads the settings that the flags name. There must be a Secret, too: it comes first, and whoever lacks both hears of it.
pub(super) async fn settings(context: &Context<'_>) -> Result<Settings, String> {
    let secret = context.matches.text("secret");
    if secret != EMPTY {
        object(context, secret, &SECRETS, SECRET).await?;
    }
    let path = context.matches.text("config-map").to_owned();
    let config_map = object(context, &path, &CONFIG_MAPS, CONFIG_MAP).await?;
    Settings::read(&config_map)
}

/// The object of a file, or of the cluster when no file is named.
async fn object(context: &Context<'_>, path: &str, resource: &Resource, name: &str) -> Result<Value, String> {
    if path.is_empty() {
        return live(context, resource, name).await;
    }
    let mut documents = manifest::documents(&context.read_file(path)?)?.into_iter();
    let is_meant = |d: &Value| {
        d["kind"] == *resource.kind && d["metadata"]["name"] == name && d["apiVersion"] == resource.api_version()
    };
    documents
        .find(is_meant)
        .ok_or_else(|| format!("file '{path}' does not have '{}/{}/{name}'", resource.group, resource.kind))
}

/// The Rollout to try something out on: in a file, if there is such a file, or of the cluster.
pub(super) async fn rollout(context: &Context<'_>, resource: &str) -> Result<Value, String> {
    match context.read_file_opt(resource)? {
        Some(text) => {
            manifest::documents(&text)?.into_iter().next().ok_or_else(|| format!("file '{resource}' is empty"))
        }
        None => live(context, &ROLLOUTS, resource).await,
    }
}

async fn live(context: &Context<'_>, resource: &Resource, name: &str) -> Result<Value, String> {
    let words = |failure| match failure {
        Failure::Said(message) => message,
        Failure::Silent => String::new(),
    };
    let session = context.connect().map_err(words)?;
    session.rest.get(resource, &session.namespace, name).await.map_err(|e| words(e.into()))
}

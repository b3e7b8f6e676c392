//! What the kubeconfig has to choose from.

use crate::client::{ConnectError, ConnectOptions};

/// Names in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KubeconfigEntries {
    /// Of contexts.
    pub contexts: Vec<String>,
    /// Of clusters.
    pub clusters: Vec<String>,
    /// Of users.
    pub users: Vec<String>,
}

/// Reads the kubeconfig files that [`connect`](crate::connect) would read. Of `options` only the file counts. Without any
/// file there are no entries.
///
/// # Errors
/// When a file cannot be read.
pub fn kubeconfig_entries(options: &ConnectOptions) -> Result<KubeconfigEntries, ConnectError> {
    let kubeconfig = super::read(options)?.kubeconfig.unwrap_or_default();
    Ok(KubeconfigEntries {
        contexts: kubeconfig.contexts.into_iter().map(|entry| entry.name).collect(),
        clusters: kubeconfig.clusters.into_iter().map(|entry| entry.name).collect(),
        users: kubeconfig.auth_infos.into_iter().map(|entry| entry.name).collect(),
    })
}

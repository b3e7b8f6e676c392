//! Secrets: read by name, the moment a measurement needs them, and kept nowhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use rollouts_api::analysis::SecretKeyRef;
use rollouts_core::analysis::args::Secrets;
use rollouts_kube::backoff::Backoff;
use rollouts_kube::{Rest, resource};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// Data of a Secret by key, decoded.
pub type SecretData = BTreeMap<String, Vec<u8>>;

/// What reads Secrets.
pub trait ReadSecrets: Send + Sync + fmt::Debug {
    /// The data of one Secret.
    fn read<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Result<SecretData, SecretError>>;
}

/// Why a Secret cannot be read, in the words of the API server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is none of that name, or we may not read it: asking again will not help.
    #[error("{0}")]
    Final(String),
    /// The server did not answer, or not now.
    #[error("{0}")]
    Passing(String),
}

impl SecretError {
    /// There is no Secret of that name.
    pub fn not_found(name: &str) -> Self {
        SecretError::Final(format!("secrets \"{name}\" not found"))
    }
}

/// Reads Secrets from an API server.
#[derive(Clone)]
pub struct ClusterSecrets(Rest);

impl ClusterSecrets {
    /// Through that client.
    pub fn new(rest: Rest) -> Self {
        ClusterSecrets(rest)
    }
}

impl fmt::Debug for ClusterSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterSecrets")
    }
}

/// The part of a Secret that is read.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    data: Option<BTreeMap<String, Option<String>>>,
}

impl ReadSecrets for ClusterSecrets {
    fn read<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Result<SecretData, SecretError>> {
        Box::pin(async move {
            let stored: Stored = self.0.get(&resource::SECRETS, namespace, name).await.map_err(|e| match e {
                e if e.is_transient() => SecretError::Passing(e.to_string()),
                e => SecretError::Final(e.to_string()),
            })?;
            let data = stored.data.unwrap_or_default().into_iter();
            data.map(|(key, value)| match STANDARD.decode(value.unwrap_or_default()) {
                Ok(bytes) => Ok((key, bytes)),
                // The decoder's words would show what it stumbled over.
                Err(_) => Err(SecretError::Final(format!("key '{key}' in secret '{name}' is not base64"))),
            })
            .collect()
        })
    }
}

/// What the arguments of a run refer to, as far as it is there, and the first reason why something is not.
///
/// A failure that passes is waited for: it says nothing about the metric, and must not end a run. That whoever waits can
/// give up by dropping this is how a run's end ends it.
pub(crate) async fn values(
    reader: &dyn ReadSecrets,
    namespace: &str,
    needed: &BTreeSet<&SecretKeyRef>,
) -> (Secrets, Option<String>) {
    let mut read: BTreeMap<&str, SecretData> = BTreeMap::new();
    let (mut found, mut missing) = (Secrets::new(), None);
    for reference in needed {
        if !read.contains_key(reference.name.as_str()) {
            match patiently(reader, namespace, &reference.name).await {
                Ok(data) => read.insert(&reference.name, data),
                Err(e) => {
                    missing.get_or_insert(e);
                    continue;
                }
            };
        }
        match read.get(reference.name.as_str()).and_then(|data| data.get(&reference.key)) {
            Some(value) => {
                found.insert((*reference).clone(), String::from_utf8_lossy(value).into_owned());
            }
            None => {
                let SecretKeyRef { name, key } = reference;
                missing.get_or_insert_with(|| format!("key '{key}' does not exist in secret '{name}'"));
            }
        }
    }
    (found, missing)
}

/// The data of a Secret; what fails in passing is read again until there is an answer.
pub(crate) async fn patiently(reader: &dyn ReadSecrets, namespace: &str, name: &str) -> Result<SecretData, String> {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
    loop {
        match reader.read(namespace, name).await {
            Ok(data) => return Ok(data),
            Err(SecretError::Final(e)) => return Err(e),
            Err(SecretError::Passing(e)) => {
                let wait = backoff.failed();
                tracing::warn!(namespace, secret = name, "cannot read a secret, trying again in {wait:?}: {e}");
                tokio::time::sleep(wait).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::convert::Infallible;

    /// A cluster that answers every request so.
    fn cluster(code: u16, body: Value) -> ClusterSecrets {
        let service = tower::service_fn(move |request: ::http::Request<kube::client::Body>| {
            let body = body.to_string();
            async move {
                assert_eq!(request.uri().path(), "/api/v1/namespaces/ns/secrets/keys");
                let mut response = ::http::Response::new(body);
                *response.status_mut() = ::http::StatusCode::from_u16(code).expect("a status");
                Ok::<_, Infallible>(response)
            }
        });
        ClusterSecrets::new(Rest::new(rollouts_kube::from_service(service)))
    }

    fn refusal(code: u16, reason: &str, message: &str) -> Value {
        json!({"kind": "Status", "code": code, "reason": reason, "message": message})
    }

    #[tokio::test]
    async fn secrets_of_a_cluster() {
        let data = json!({"data": {"token": "c2VzYW1l", "empty": null}});
        let read = cluster(200, data).read("ns", "keys").await.expect("a secret");
        assert_eq!(read["token"], b"sesame");
        assert_eq!(read["empty"], b"");
        assert_eq!(cluster(200, json!({})).read("ns", "keys").await, Ok(SecretData::new()));
        let table = [
            (cluster(404, refusal(404, "NotFound", "secrets \"keys\" not found")), SecretError::not_found("keys")),
            (cluster(403, refusal(403, "Forbidden", "no")), SecretError::Final("no".to_owned())),
            (cluster(500, refusal(500, "InternalError", "etc")), SecretError::Passing("etc".to_owned())),
            (
                cluster(200, json!({"data": {"k": "?"}})),
                SecretError::Final("key 'k' in secret 'keys' is not base64".to_owned()),
            ),
        ];
        for (cluster, want) in table {
            assert_eq!(cluster.read("ns", "keys").await, Err(want));
        }
    }
}

//! Plain requests on resources, decoded straight into the caller's types.
//!
//! kube's `Api` decodes into its own object types and loses the `Retry-After` header; this is the part of it that
//! the product needs, on any [`Resource`], over any [`kube::Client`].

mod http_call;
mod merge;
mod query;

use http_call::send_for_text;
pub use http_call::{Body, REQUEST_TIMEOUT, send, send_for_body};
pub use query::Query;

use crate::{RequestError, Resource};
use http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How often a request is repeated when the server says after which time to come back. It did not carry the request
/// out then, so that any request may be repeated.
pub const REPEATS_MAX: u32 = 10;

/// Requests on the objects of an API server.
///
/// A request that the server puts off with `Retry-After` (because it is overloaded, say) is repeated after that time,
/// at most [`REPEATS_MAX`] times, as Kubernetes' own client does. Any other failure is the caller's to judge.
#[derive(Clone)]
pub struct Rest {
    client: kube::Client,
}

/// How a patch is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// RFC 7386.
    Merge,
    /// RFC 6902.
    Json,
    /// Kubernetes' own, for built-in kinds.
    Strategic,
}

/// What happens to the dependents of a deleted object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// The garbage collector removes them afterwards.
    Background,
    /// They go first.
    Foreground,
    /// They stay.
    Orphan,
}

/// Options of [`Rest::delete`].
#[derive(Debug, Clone, Default)]
pub struct Delete {
    /// What happens to dependents; the server's default when absent.
    pub propagation: Option<Propagation>,
    /// Delete only the object with this uid.
    pub uid: Option<String>,
    /// Delete only this version of the object.
    pub resource_version: Option<String>,
    /// Seconds until pods are killed.
    pub grace_period_seconds: Option<i64>,
}

/// One page of a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Page<T> {
    /// Version and continuation.
    #[serde(default)]
    pub metadata: PageMeta,
    /// The objects.
    #[serde(default = "Vec::new")]
    pub items: Vec<T>,
}

/// `metav1.ListMeta`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PageMeta {
    /// The version of the collection that was read; a watch continues from it.
    pub resource_version: String,
    /// Token for the next page; empty on the last one.
    #[serde(rename = "continue")]
    pub next: String,
}

/// An object of which only the name matters.
#[derive(Deserialize)]
struct Named {
    metadata: Name,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

impl Rest {
    /// Requests through `client`.
    pub fn new(client: kube::Client) -> Self {
        Rest { client }
    }

    /// The client underneath.
    pub fn client(&self) -> &kube::Client {
        &self.client
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &str,
        body: Option<Body>,
    ) -> Result<T, RequestError> {
        let mut repeats = 0;
        loop {
            let error = match send(&self.client, method.clone(), url, body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(wait) = error.retry_after().filter(|_| error.is_transient() && repeats < REPEATS_MAX) else {
                return Err(error);
            };
            repeats += 1;
            tracing::debug!(%method, url, "put off by the API server for {wait:?}: {error}");
            tokio::time::sleep(wait).await;
        }
    }

    /// Reads one object.
    pub async fn get<T: DeserializeOwned>(&self, r: &Resource, namespace: &str, name: &str) -> Result<T, RequestError> {
        self.send(Method::GET, &r.object(namespace, name, None), None).await
    }

    /// Reads one object, `None` if it does not exist.
    pub async fn get_opt<T: DeserializeOwned>(
        &self,
        r: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<T>, RequestError> {
        match self.get(r, namespace, name).await {
            Ok(object) => Ok(Some(object)),
            Err(e) if e.is_not_found() => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Reads all objects of a namespace, or of all namespaces, that match the query. One request, not paged unless
    /// the query says so: for collections known to be small.
    pub async fn list<T: DeserializeOwned>(
        &self,
        r: &Resource,
        namespace: Option<&str>,
        query: &Query,
    ) -> Result<Page<T>, RequestError> {
        self.send(Method::GET, &query.on(&r.collection(namespace)), None).await
    }

    /// Reads a subresource that is text, such as the log of a pod.
    pub async fn text(
        &self,
        r: &Resource,
        namespace: &str,
        name: &str,
        subresource: &str,
        query: &Query,
    ) -> Result<String, RequestError> {
        let url = query.on(&r.object(namespace, name, Some(subresource)));
        send_for_text(&self.client, Method::GET, &url).await
    }

    /// Names of all objects of a namespace, or of all namespaces, as the server orders them. Of the objects hardly more
    /// than that is sent.
    pub async fn names(&self, r: &Resource, namespace: Option<&str>) -> Result<Vec<String>, RequestError> {
        let page: Page<Named> = http_call::get_metadata(&self.client, &r.collection(namespace)).await?;
        Ok(page.items.into_iter().map(|object| object.metadata.name).collect())
    }

    /// Creates `object` and returns what the server made of it.
    pub async fn create<T: DeserializeOwned>(
        &self,
        r: &Resource,
        namespace: &str,
        object: &impl Serialize,
    ) -> Result<T, RequestError> {
        let body = Body::json(object)?;
        self.send(Method::POST, &r.collection(Some(namespace)), Some(body)).await
    }

    /// Replaces an object, or its subresource. With a resourceVersion in `object` the server checks that nothing
    /// changed in between ([`RequestError::is_conflict`]).
    pub async fn replace<T: DeserializeOwned>(
        &self,
        r: &Resource,
        namespace: &str,
        name: &str,
        subresource: Option<&str>,
        object: &impl Serialize,
    ) -> Result<T, RequestError> {
        let body = Body::json(object)?;
        self.send(Method::PUT, &r.object(namespace, name, subresource), Some(body)).await
    }

    /// Patches an object, or its subresource.
    pub async fn patch<T: DeserializeOwned>(
        &self,
        r: &Resource,
        namespace: &str,
        name: &str,
        subresource: Option<&str>,
        kind: PatchKind,
        patch: &Value,
    ) -> Result<T, RequestError> {
        let body = Body::patch(kind, patch)?;
        self.send(Method::PATCH, &r.object(namespace, name, subresource), Some(body)).await
    }

    /// Server-side apply of `object` as `manager`; `force` takes fields over from other managers.
    pub async fn apply<T: DeserializeOwned>(
        &self,
        r: &Resource,
        namespace: &str,
        name: &str,
        manager: &str,
        force: bool,
        object: &impl Serialize,
    ) -> Result<T, RequestError> {
        let mut query = Query::default().with("fieldManager", manager);
        if force {
            query = query.with("force", "true");
        }
        let body = Body::apply(object)?;
        self.send(Method::PATCH, &query.on(&r.object(namespace, name, None)), Some(body)).await
    }

    /// Deletes an object. What the server answers (the object, or a status) is of no use to anybody here.
    pub async fn delete(
        &self,
        r: &Resource,
        namespace: &str,
        name: &str,
        options: &Delete,
    ) -> Result<(), RequestError> {
        let body = Body::json(&options.to_json())?;
        let path = r.object(namespace, name, None);
        let _: serde::de::IgnoredAny = self.send(Method::DELETE, &path, Some(body)).await?;
        Ok(())
    }
}

impl Delete {
    fn to_json(&self) -> Value {
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        if let Some(propagation) = self.propagation {
            options["propagationPolicy"] = json!(format!("{propagation:?}"));
        }
        if let Some(uid) = &self.uid {
            options["preconditions"]["uid"] = json!(uid);
        }
        if let Some(resource_version) = &self.resource_version {
            options["preconditions"]["resourceVersion"] = json!(resource_version);
        }
        if let Some(seconds) = self.grace_period_seconds {
            options["gracePeriodSeconds"] = json!(seconds);
        }
        options
    }
}

#[cfg(test)]
mod tests;

//! Requests on kinds known only by their path.

use http::Request;
use kube::Client;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) async fn get<T: DeserializeOwned>(client: &Client, path: &str) -> kube::Result<T> {
    client.request(build("GET", path, "application/json", None)?).await
}

/// The answer is the object or a status.
pub(crate) async fn delete(client: &Client, path: &str, options: &Value) -> kube::Result<Value> {
    client.request(build("DELETE", path, "application/json", Some(options))?).await
}

pub(crate) async fn merge_patch<T: DeserializeOwned>(client: &Client, path: &str, patch: &Value) -> kube::Result<T> {
    client.request(build("PATCH", path, "application/merge-patch+json", Some(patch))?).await
}

pub(crate) async fn put<T: DeserializeOwned>(client: &Client, path: &str, body: &Value) -> kube::Result<T> {
    client.request(build("PUT", path, "application/json", Some(body))?).await
}

fn build(method: &str, path: &str, kind: &str, body: Option<&Value>) -> kube::Result<Request<Vec<u8>>> {
    let body = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
    let request = Request::builder().method(method).uri(path).header(http::header::CONTENT_TYPE, kind);
    request.body(body).map_err(kube::Error::HttpError)
}

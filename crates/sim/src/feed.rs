//! One collection, followed from outside of any cache: every change, in order, none twice.

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt;
use rollouts_kube::rest::{Page, Query, send, send_for_body};
use rollouts_kube::{RequestError, Resource};
use serde::Deserialize;
use serde_json::Value;
use std::collections::VecDeque;

/// How long a watch shall last: to its end, so that it need not be continued from a version that is forgotten.
const WATCH_SECONDS: &str = "1000000";

/// A change of one object.
#[derive(Debug, Clone, Deserialize)]
pub struct Change {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The object after the change; when it was deleted, as it was last.
    pub object: Value,
}

impl Change {
    /// Whether the object is gone.
    pub fn is_deletion(&self) -> bool {
        self.kind == "DELETED"
    }

    /// The version of the object, which orders changes across all collections; 0 if it is not a number.
    pub fn version(&self) -> u64 {
        self.object["metadata"]["resourceVersion"].as_str().and_then(|v| v.parse().ok()).unwrap_or_default()
    }
}

/// The changes of a collection, beginning with what it held at the start.
pub struct Feed {
    client: kube::Client,
    path: String,
    version: String,
    watch: Option<kube::client::Body>,
    buffer: Vec<u8>,
    ready: VecDeque<Change>,
}

impl Feed {
    /// Lists the collection; `namespace` `None` means all of them.
    ///
    /// # Errors
    /// What the API server answered.
    pub async fn open(
        client: kube::Client,
        resource: &Resource,
        namespace: Option<&str>,
    ) -> Result<Feed, RequestError> {
        let path = resource.collection(namespace);
        let page: Page<Value> = send(&client, Method::GET, &path, None).await?;
        let ready = page.items.into_iter().map(|object| Change { kind: "ADDED".into(), object }).collect();
        let version = page.metadata.resource_version;
        let mut feed = Feed { client, path, version, watch: None, buffer: Vec::new(), ready };
        feed.watch = Some(feed.connect().await?);
        Ok(feed)
    }

    async fn connect(&mut self) -> Result<kube::client::Body, RequestError> {
        let query = Query::default()
            .with("watch", "true")
            .with("timeoutSeconds", WATCH_SECONDS)
            .with("resourceVersion", self.version.as_str());
        send_for_body(&self.client, Method::GET, &query.on(&self.path), None).await
    }

    /// The next change. May be dropped while it waits.
    ///
    /// # Errors
    /// When the watch cannot be continued from where it ended.
    pub async fn next(&mut self) -> Result<Change, RequestError> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Ok(change);
            }
            let frame = match &mut self.watch {
                Some(watch) => watch.frame().await,
                None => {
                    self.watch = Some(self.connect().await?);
                    continue;
                }
            };
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.take(&data)?;
                    }
                }
                // The server ends a watch now and then.
                Some(Err(_)) | None => {
                    self.buffer.clear();
                    self.watch = None;
                }
            }
        }
    }

    fn take(&mut self, data: &Bytes) -> Result<(), RequestError> {
        self.buffer.extend_from_slice(data);
        while let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let change: Change = serde_json::from_slice(&line)
                .map_err(|e| RequestError::Malformed { request: self.path.clone(), problem: e.to_string() })?;
            if change.kind == "ERROR" {
                return Err(RequestError::Lost(format!("the watch of {} ended: {}", self.path, change.object)));
            }
            if let Some(version) = change.object["metadata"]["resourceVersion"].as_str() {
                version.clone_into(&mut self.version);
            }
            if change.kind != "BOOKMARK" {
                self.ready.push_back(change);
            }
        }
        Ok(())
    }
}

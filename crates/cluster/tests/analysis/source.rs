//! Where controllers measure.

use futures::FutureExt;
use futures::future::BoxFuture;
use rollouts_providers::{Http, HttpError, Request, Response};
use rollouts_sim::metrics_source::{ADDRESS, MetricsSource};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What a long text consists of: four bytes in three characters, of which one has two in JSON.
const SCRIPT: &str = "ü\"𝔘";

/// The source of the recorded scenarios, which counts its requests and also answers `/long/N`: a text of N bytes or a
/// little less, in letters of more than one byte.
#[derive(Debug, Clone, Default)]
pub struct Source {
    recorded: MetricsSource,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Source {
    /// How often that path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().get(path).copied().unwrap_or_default()
    }
}

/// The URL of a path there.
pub fn url(path: &str) -> String {
    format!("http://{ADDRESS}{path}")
}

impl Http for Source {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let path = request.url.strip_prefix(&url("")).unwrap_or_default().to_owned();
        let bytes = path.strip_prefix("/long/").and_then(|bytes| bytes.parse::<usize>().ok());
        *self.asked.lock().unwrap().entry(path).or_default() += 1;
        match bytes {
            Some(bytes) => {
                let body = SCRIPT.repeat(bytes / SCRIPT.len()).into_bytes();
                futures::future::ready(Ok(Response { status: 200, headers: Vec::new(), body })).boxed()
            }
            None => self.recorded.send(request),
        }
    }
}

//! What people look at: the view of deformed objects, and the command line that prints them.

use super::world::{NAME, START};
use crate::scenario::plugin;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use kube::client::Body;
use rollouts_api::Clock;
use rollouts_view::{Objects, RolloutInfo};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// Commands that print.
const COMMANDS: &[&str] =
    &["get rollout web", "list rollouts", "list rollouts --all-namespaces", "status web --watch=false", "undo web"];

/// Prints objects.
pub struct Screen {
    runtime: tokio::runtime::Runtime,
    client: kube::Client,
    shown: Arc<Mutex<Value>>,
    now: Timestamp,
}

impl Screen {
    /// A screen of one's own; not to be used inside an async runtime.
    ///
    /// # Errors
    /// When the runtime cannot be built.
    pub fn new() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        let shown = Arc::new(Mutex::new(Value::Null));
        let objects = Arc::clone(&shown);
        let service = tower::service_fn(move |request: Request<Body>| {
            let objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
            let answer = answer(&objects, request.uri().path());
            async move { Ok::<_, std::convert::Infallible>(answer) }
        });
        let client = {
            let _guard = runtime.enter();
            kube::Client::new(service, "ns")
        };
        Ok(Screen { runtime, client, shown, now: START.parse().expect("a constant time") })
    }

    /// Makes the view.
    pub fn view(&self, objects: &Value) {
        let (sets, pods) = (values(&objects["sets"]), values(&objects["pods"]));
        let related = Objects { replica_sets: &sets, pods: &pods, ..Objects::default() };
        let info = RolloutInfo::of(&objects["rollout"], related, self.now);
        std::hint::black_box((info.images(), info.revisions().len(), rollouts_view::duration::human(info.age)));
    }

    /// Prints with the command line.
    ///
    /// # Errors
    /// A command that printed nothing at all.
    pub fn print(&self, objects: &Value) -> Result<(), String> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = objects.clone();
        let now = self.now;
        let clock = Clock::new(move || now);
        for command in COMMANDS {
            let words = plugin::words(command);
            let output = self.runtime.block_on(plugin::run(&words, &self.client, "ns", &clock));
            if output.stdout.is_empty() && output.stderr.is_empty() {
                return Err(format!("{command} says nothing"));
            }
        }
        Ok(())
    }
}

fn values(objects: &Value) -> Vec<&Value> {
    objects.as_object().into_iter().flatten().map(|(_, object)| object).collect()
}

/// What an API server with these objects alone answers to a GET.
fn answer(objects: &Value, path: &str) -> Response<Body> {
    let list = |items: Vec<&Value>| json!({ "metadata": { "resourceVersion": "1" }, "items": items });
    let name = path.rsplit('/').next().unwrap_or_default();
    let (status, body) = match name {
        NAME => (StatusCode::OK, objects["rollout"].clone()),
        "rollouts" => (StatusCode::OK, list(vec![&objects["rollout"]])),
        "replicasets" => (StatusCode::OK, list(values(&objects["sets"]))),
        "pods" => (StatusCode::OK, list(values(&objects["pods"]))),
        _ => (StatusCode::OK, list(Vec::new())),
    };
    let mut response = Response::new(Body::from(body.to_string().into_bytes()));
    *response.status_mut() = status;
    response
}

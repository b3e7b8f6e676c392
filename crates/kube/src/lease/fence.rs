//! A gate for writes: what passes it, passes while the lease is held.
//!
//! Whoever leads asks nobody before each write; the gate does. It opens when the lease is won and stays open until a
//! moment that each renewal moves on, so that a process which was stopped for a while (a suspended machine, a
//! debugger) writes nothing when it goes on, even before it has learnt what became of its lease.

use crate::signal::Signal;
use futures::future::Either;
use http::{Method, Request};
use kube::client::Body;
use thiserror::Error;
use tokio::time::{Instant, sleep_until};

/// Why a write did not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the leader lease is not held, so nothing is written")]
pub struct NotLeading;

/// The gate; clones share it. It starts closed.
#[derive(Clone)]
pub struct Fence {
    /// Until when writes pass.
    until: Signal<Option<Instant>>,
}

impl Default for Fence {
    fn default() -> Self {
        Self::new()
    }
}

impl Fence {
    /// A closed gate.
    pub fn new() -> Self {
        Fence { until: Signal::new(None) }
    }

    /// `client`, but for writes that come to the closed gate: those fail with [`NotLeading`] and are not sent. One
    /// that is under way when the gate closes is given up; whether it arrived is unknown then. Reads always pass.
    ///
    /// Must be called inside a tokio runtime.
    pub fn guard(&self, client: &kube::Client) -> kube::Client {
        let (fence, inner) = (self.clone(), client.clone());
        kube::Client::new(
            tower::service_fn(move |request: Request<Body>| {
                let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
                let (fence, inner) = (fence.clone(), inner.clone());
                let call = async move { inner.send(request).await.map_err(tower::BoxError::from) };
                match reads {
                    true => Either::Left(call),
                    false => Either::Right(async move {
                        tokio::select! {
                            biased;
                            () = fence.closed() => Err(NotLeading.into()),
                            answer = call => answer,
                        }
                    }),
                }
            }),
            client.default_namespace(),
        )
    }

    /// Whether writes pass now.
    pub fn is_open(&self) -> bool {
        self.until.look(|until| until.is_some_and(|until| Instant::now() < until))
    }

    /// Opens the gate, or keeps it open, until then.
    pub(super) fn open_until(&self, until: Instant) {
        self.set(Some(until));
    }

    /// Closes the gate.
    pub(super) fn close(&self) {
        self.set(None);
    }

    fn set(&self, until: Option<Instant>) {
        self.until.change(|present| std::mem::replace(present, until) != until);
    }

    /// Resolves once the gate is closed, at once if it is.
    async fn closed(&self) {
        // Timers may be late after the process stood still; the clock is not.
        while let Some(until) = self.until.look(|until| until.filter(|until| Instant::now() < *until)) {
            tokio::select! {
                biased;
                () = self.until.until(|present| *present != Some(until)) => {}
                () = sleep_until(until) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::SERVICES;
    use crate::rest::{PatchKind, Rest};
    use crate::testing::{Reply, Script};
    use serde_json::{Value, json};
    use std::time::Duration;
    use tokio::time::sleep;

    struct Setup {
        fence: Fence,
        script: Script,
        rest: Rest,
    }

    fn setup(replies: impl IntoIterator<Item = Reply>) -> Setup {
        let (fence, script) = (Fence::new(), Script::new(replies));
        let rest = Rest::new(fence.guard(&script.client()));
        Setup { fence, script, rest }
    }

    async fn write(rest: &Rest) -> Result<Value, String> {
        let patch = json!({});
        rest.patch(&SERVICES, "ns", "a", None, PatchKind::Merge, &patch).await.map_err(|e| e.to_string())
    }

    const REFUSED: &str = "the leader lease is not held, so nothing is written";

    #[tokio::test(start_paused = true)]
    async fn only_an_open_gate_lets_writes_pass() {
        let answers = (0..4).map(|_| Reply::json(&json!({})));
        let Setup { fence, script, rest } = setup(answers);
        assert_eq!(write(&rest).await, Err(REFUSED.into()));
        rest.get::<Value>(&SERVICES, "ns", "a").await.expect("reads pass");
        fence.open_until(Instant::now() + Duration::from_secs(10));
        write(&rest).await.expect("open");
        sleep(Duration::from_secs(9)).await;
        fence.open_until(Instant::now() + Duration::from_secs(10));
        sleep(Duration::from_secs(9)).await;
        write(&rest).await.expect("kept open");
        sleep(Duration::from_secs(1)).await;
        assert!(!fence.is_open());
        assert_eq!(write(&rest).await, Err(REFUSED.into()), "not kept open in time");
        fence.open_until(Instant::now() + Duration::from_secs(10));
        fence.close();
        assert_eq!(write(&rest).await, Err(REFUSED.into()));
        let object = "/api/v1/namespaces/ns/services/a";
        assert_eq!(script.lines(), ["GET", "PATCH", "PATCH"].map(|method| format!("{method} {object}")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_under_way_is_given_up() {
        let Setup { fence, script, rest } = setup([Reply::Silence]);
        fence.open_until(Instant::now() + Duration::from_secs(10));
        let start = Instant::now();
        assert_eq!(write(&rest).await, Err(REFUSED.into()));
        assert_eq!(start.elapsed().as_secs(), 10);
        assert_eq!(script.lines().len(), 1);
    }
}

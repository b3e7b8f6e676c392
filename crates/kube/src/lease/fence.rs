//! A gate for writes: what passes it, passes while the lease is held.
//!
//! Whoever leads asks nobody before each write; the gate does. It opens when the lease is won and stays open until a
//! moment that each renewal moves on, so that a process which was stopped for a while (a suspended machine, a
//! debugger) writes nothing when it goes on, even before it has learnt what became of its lease.
//!
//! The clock that timers run on stands still while a machine is suspended; the one on the wall does not, but may be set.
//! So both must agree that there is time left, and the gate closes when either says otherwise.

use crate::signal::Signal;
use futures::future::Either;
use http::{Method, Request};
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use rollouts_api::Clock;
use std::time::Duration;
use thiserror::Error;
use tokio::time::{Instant, sleep_until};

/// How far the clock on the wall may be set back, or lag behind, without closing the gate: clocks are corrected all the
/// time.
const CORRECTION_MAX: SignedDuration = SignedDuration::from_secs(1);

/// Why a write did not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the leader lease is not held, so nothing is written")]
pub struct NotLeading;

/// From one look at the clock on the wall to the next while a write is under way.
const LOOK: Duration = Duration::from_secs(1);

/// The gate; clones share it. It starts closed.
#[derive(Clone)]
pub struct Fence {
    clock: Clock,
    open: Signal<Option<Opening>>,
}

/// How long writes pass.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Opening {
    /// Until then, on the clock that timers run on.
    until: Instant,
    /// Since then, on the wall.
    since: Timestamp,
    /// And so long, on the wall.
    time: SignedDuration,
}

impl Opening {
    fn holds(&self, now: Timestamp) -> bool {
        let passed = now.duration_since(self.since);
        Instant::now() < self.until && -CORRECTION_MAX <= passed && passed < self.time
    }
}

impl Fence {
    /// A closed gate. `clock` is the one on the wall.
    pub fn new(clock: Clock) -> Self {
        Fence { clock, open: Signal::new(None) }
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
        self.opening().is_some()
    }

    /// Opens the gate, or keeps it open, for some time after a moment of the recent past, given on both clocks.
    pub(super) fn open_for(&self, time: Duration, started: Instant, since: Timestamp) {
        let on_the_wall = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        self.set(Some(Opening { until: started + time, since, time: on_the_wall }));
    }

    /// Closes the gate.
    pub(super) fn close(&self) {
        self.set(None);
    }

    fn set(&self, opening: Option<Opening>) {
        self.open.change(|present| std::mem::replace(present, opening) != opening);
    }

    fn opening(&self) -> Option<Opening> {
        let now = self.clock.now();
        self.open.look(|opening| opening.filter(|opening| opening.holds(now)))
    }

    /// Resolves once the gate is closed, at once if it is.
    async fn closed(&self) {
        // Timers may be late after the process stood still; the clocks are not.
        while let Some(opening) = self.opening() {
            tokio::select! {
                biased;
                () = self.open.until(|present| *present != Some(opening)) => {}
                () = sleep_until(opening.until.min(Instant::now() + LOOK)) => {}
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
    use crate::tokio_clock;
    use serde_json::{Value, json};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};
    use tokio::time::sleep;

    struct Setup {
        fence: Fence,
        script: Script,
        rest: Rest,
        /// How far the clock on the wall is ahead of the other, in seconds.
        ahead: Arc<AtomicI64>,
    }

    impl Setup {
        fn open(&self) {
            self.fence.open_for(Duration::from_secs(10), Instant::now(), self.fence.clock.now());
        }
    }

    fn setup(replies: impl IntoIterator<Item = Reply>) -> Setup {
        let ahead = Arc::new(AtomicI64::new(0));
        let (running, by) = (tokio_clock("2026-01-01T00:00:00Z".parse().expect("a time")), Arc::clone(&ahead));
        let clock = Clock::new(move || running.now() + SignedDuration::from_secs(by.load(Ordering::Relaxed)));
        let (fence, script) = (Fence::new(clock), Script::new(replies));
        let rest = Rest::new(fence.guard(&script.client()));
        Setup { fence, script, rest, ahead }
    }

    async fn write(rest: &Rest) -> Result<Value, String> {
        let patch = json!({});
        rest.patch(&SERVICES, "ns", "a", None, PatchKind::Merge, &patch).await.map_err(|e| e.to_string())
    }

    const REFUSED: &str = "the leader lease is not held, so nothing is written";

    #[tokio::test(start_paused = true)]
    async fn only_an_open_gate_lets_writes_pass() {
        let answers = (0..4).map(|_| Reply::json(&json!({})));
        let setup = setup(answers);
        let Setup { fence, script, rest, .. } = &setup;
        assert_eq!(write(rest).await, Err(REFUSED.into()));
        rest.get::<Value>(&SERVICES, "ns", "a").await.expect("reads pass");
        setup.open();
        write(rest).await.expect("open");
        sleep(Duration::from_secs(9)).await;
        setup.open();
        sleep(Duration::from_secs(9)).await;
        write(rest).await.expect("kept open");
        sleep(Duration::from_secs(1)).await;
        assert!(!fence.is_open());
        assert_eq!(write(rest).await, Err(REFUSED.into()), "not kept open in time");
        setup.open();
        fence.close();
        assert_eq!(write(rest).await, Err(REFUSED.into()));
        let object = "/api/v1/namespaces/ns/services/a";
        assert_eq!(script.lines(), ["GET", "PATCH", "PATCH"].map(|method| format!("{method} {object}")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_under_way_is_given_up() {
        let setup = setup([Reply::Silence]);
        let Setup { script, rest, .. } = &setup;
        setup.open();
        let start = Instant::now();
        assert_eq!(write(rest).await, Err(REFUSED.into()));
        assert_eq!(start.elapsed().as_secs(), 10);
        assert_eq!(script.lines().len(), 1);
    }

    /// The timers of a machine that was suspended know nothing of that time.
    #[tokio::test(start_paused = true)]
    async fn a_suspended_machine_wakes_up_to_a_closed_gate() {
        for (ahead, is_open) in [(0, true), (9, true), (10, false), (3600, false), (-1, true), (-5, false)] {
            let setup = setup((0..2).map(|_| Reply::json(&json!({}))));
            setup.open();
            setup.ahead.store(ahead, Ordering::Relaxed);
            assert_eq!(setup.fence.is_open(), is_open, "{ahead} s");
            assert_eq!(write(&setup.rest).await.is_ok(), is_open, "{ahead} s");
            setup.open();
            write(&setup.rest).await.expect("the next renewal opens it again");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_under_way_does_not_outlive_a_suspension() {
        let setup = setup([Reply::Silence]);
        setup.open();
        let start = Instant::now();
        let wakes = async {
            sleep(Duration::from_secs(3)).await;
            setup.ahead.store(3600, Ordering::Relaxed);
        };
        let (answer, ()) = tokio::join!(write(&setup.rest), wakes);
        assert_eq!((answer, start.elapsed() <= Duration::from_secs(4)), (Err(REFUSED.into()), true));
    }
}

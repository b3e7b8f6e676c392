//! Failures, told once: an API server that is down for a minute fails thousands of requests, of which one line in the
//! log says everything.
//!
//! Failures that pass by themselves (no answer, "not now", server trouble) are one outage, whoever meets them: the
//! first begins it, and it ends when everybody who met it has had success and nothing has failed for a while. Any
//! other failure belongs to whoever met it, and is told when its words change.

use crate::RequestError;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A trouble that goes on is mentioned again after this long.
pub const REMINDER: Duration = Duration::from_secs(15 * 60);

/// An outage is over when nothing has failed for this long.
pub const SETTLED: Duration = Duration::from_secs(15);

/// What is failing at the moment. Clones share it. Must be used inside a tokio runtime.
#[derive(Clone, Default)]
pub struct Troubles(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    outage: Option<Outage>,
    /// What was told last of those who fail for reasons of their own. One entry for each that fails.
    own: BTreeMap<String, String>,
}

/// The API server cannot be worked with.
struct Outage {
    since: Instant,
    last: Instant,
    told: Instant,
    failures: u64,
    /// Who waits for success.
    met_by: BTreeSet<String>,
    /// Whether somebody waits for its end already.
    is_settling: bool,
}

impl Troubles {
    /// No trouble so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// A request of `who` failed and will be tried again; `who` is what it was for, such as `rollout shop/web`.
    pub fn failed(&self, who: impl Display, error: &RequestError) {
        let who = who.to_string();
        if error.is_transient() { self.no_answer(who, error) } else { self.refused(who, &error.to_string()) }
    }

    /// What `who` asked for did not come in a form that makes sense.
    pub fn refused(&self, who: impl Display, problem: &str) {
        let who = who.to_string();
        let known = self.lock().own.insert(who.clone(), problem.to_owned());
        if known.as_deref() == Some(problem) {
            tracing::debug!(who, "failed again: {problem}");
        } else {
            tracing::warn!(who, "failed and will be tried again: {problem}");
        }
    }

    fn no_answer(&self, who: String, error: &RequestError) {
        let mut state = self.lock();
        let now = Instant::now();
        let Some(outage) = &mut state.outage else {
            tracing::warn!(who, "lost touch with the API server: {error}");
            let met_by = BTreeSet::from([who]);
            state.outage = Some(Outage { since: now, last: now, told: now, failures: 1, met_by, is_settling: false });
            return;
        };
        outage.failures += 1;
        outage.last = now;
        if now.duration_since(outage.told) >= REMINDER {
            outage.told = now;
            let (seconds, failures) = (outage.since.elapsed().as_secs(), outage.failures);
            tracing::warn!(who, seconds, failures, "still out of touch with the API server: {error}");
        } else {
            tracing::debug!(who, "no answer: {error}");
        }
        outage.met_by.insert(who);
    }

    /// A request of `who` had an answer.
    pub fn worked(&self, who: impl Display) {
        let mut state = self.lock();
        if state.outage.is_none() && state.own.is_empty() {
            return;
        }
        let who = who.to_string();
        if state.own.remove(&who).is_some() {
            tracing::info!(who, "works again");
        }
        let Some(outage) = &mut state.outage else { return };
        outage.met_by.remove(&who);
        if outage.met_by.is_empty() && !std::mem::replace(&mut outage.is_settling, true) {
            tokio::spawn(self.clone().settle());
        }
    }

    /// Waits until nothing fails any more, and tells so.
    async fn settle(self) {
        loop {
            let settled = {
                let mut state = self.lock();
                let Some(outage) = &mut state.outage else { return };
                if !outage.met_by.is_empty() {
                    // The next success begins to wait again.
                    outage.is_settling = false;
                    return;
                }
                let settled = outage.last + SETTLED;
                if settled <= Instant::now() {
                    let (seconds, failures) = ((outage.last - outage.since).as_secs(), outage.failures);
                    tracing::info!(seconds, failures, "back in touch with the API server");
                    state.outage = None;
                    return;
                }
                settled
            };
            sleep_until(settled).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing inside panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;
    use rollouts_testing::Lines;

    fn lost() -> RequestError {
        RequestError::Lost("connection refused".into())
    }

    fn forbidden(message: &str) -> RequestError {
        RequestError::Refused(Status { code: 403, message: message.into(), ..Default::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_when_it_begins_and_when_it_ends() {
        let lines = Lines::listen();
        let troubles = Troubles::new();
        for _ in 0..100 {
            troubles.failed("a", &lost());
            troubles.failed("b", &lost());
        }
        troubles.worked("c");
        troubles.worked("b");
        tokio::time::sleep(Duration::from_secs(61)).await;
        troubles.failed("a", &lost());
        for _ in 0..10 {
            troubles.worked("a");
            tokio::time::sleep(SETTLED / 3).await;
            troubles.failed("b", &lost());
            troubles.worked("b");
        }
        assert_eq!(lines.take(), ["WARN lost touch with the API server: connection refused who=a"]);
        tokio::time::sleep(2 * SETTLED).await;
        troubles.worked("a");
        assert_eq!(lines.take(), ["INFO back in touch with the API server seconds=111 failures=211"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_one_is_mentioned_again() {
        let lines = Lines::listen();
        let troubles = Troubles::new();
        for _ in 0..=REMINDER.as_secs() {
            troubles.failed("a", &lost());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(lines.take().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_told_when_its_words_change() {
        let lines = Lines::listen();
        let troubles = Troubles::new();
        ["no", "no", "never"].iter().for_each(|words| troubles.failed("a", &forbidden(words)));
        troubles.worked("b");
        troubles.worked("a");
        assert_eq!(
            lines.take(),
            [
                "WARN failed and will be tried again: no who=a",
                "WARN failed and will be tried again: never who=a",
                "INFO works again who=a",
            ]
        );
    }
}

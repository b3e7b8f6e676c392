//! Leader election: of several candidates, at most one works at a time.
//!
//! The Lease object is used as by Kubernetes' own client, so that candidates of either kind respect each other. A
//! holder's claim is judged by how long its record has not changed on *our* clock, not by the times written in it:
//! the clocks of machines need not agree. The lease is given back on a clean stop, so that the next candidate takes
//! over within its retry period instead of waiting for the lease to run out.
//!
//! What the work writes goes through a [`Fence`], which is closed before anybody else can hold the lease.

mod attempt;
mod fence;
mod record;
mod term;

pub use fence::{Fence, NotLeading};
pub use term::Term;

use crate::RequestError;
use attempt::{Attempt, Candidate};
use rollouts_api::Clock;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

/// How long the lease is given back for, at most, before the process ends regardless.
pub const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);

/// Who stands for election, for which lease, and how patiently.
#[derive(Debug, Clone)]
pub struct LeaseOptions {
    /// Namespace of the lease.
    pub namespace: String,
    /// Name of the lease.
    pub name: String,
    /// Name of this candidate; must be unique among all of them.
    pub identity: String,
    /// Others take over when the holder has not renewed for this long.
    pub duration: Duration,
    /// The holder gives up when it could not renew for this long; shorter than `duration`.
    pub renew_deadline: Duration,
    /// Time between attempts, both to acquire and to renew; shorter than `renew_deadline`.
    pub retry_period: Duration,
}

impl LeaseOptions {
    /// Options with the times that Kubernetes components use.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, identity: impl Into<String>) -> Self {
        LeaseOptions {
            namespace: namespace.into(),
            name: name.into(),
            identity: identity.into(),
            duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }
}

/// How an election ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was stopped; the lease, if it was held, was given back.
    Stopped,
    /// The lease was held and lost, to somebody else or to an API server that cannot be reached. Nothing was written
    /// since.
    Lost,
    /// The work ended by itself; the lease was given back.
    Finished,
}

/// Stands for election and has `work` done.
///
/// `work` starts as soon as it is known who holds the lease, and is told by its [`Term`] when it is its turn: until
/// then it may prepare, but must not act. It runs as a task of its own, so that it cannot keep the lease from being
/// renewed. When `stop` is cancelled it should end soon, and is waited for; when the lease is lost, `fence` closes and
/// the work is dropped where it stands.
///
/// `client` is used for the lease alone: requests of others should not delay it.
pub async fn lead<W, F>(
    client: kube::Client,
    clock: Clock,
    options: LeaseOptions,
    fence: &Fence,
    stop: CancellationToken,
    work: W,
) -> Ended
where
    W: FnOnce(Term) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut candidate = Candidate::new(client, clock, options, fence.clone());
    tracing::info!(lease = candidate.name(), "attempting to acquire leader lease");
    tokio::select! {
        biased;
        () = stop.cancelled() => {
            // The attempt may have succeeded, though its answer will never be read.
            fence.close();
            if candidate.may_be_ours() {
                candidate.release().await;
            }
            return Ended::Stopped;
        }
        _ = candidate.attempt_within(Instant::now() + candidate.options.renew_deadline) => {}
    }
    let leading = stop.child_token();
    // Should this future be dropped, neither the work nor its writes go on without a lease.
    let _stops_work = leading.clone().drop_guard();
    let _closes_fence = Closes(fence);
    let (begin, term) = Term::new(leading.clone());
    if candidate.is_held() {
        candidate.begin(&begin);
    }
    let mut work = tokio::spawn(work(term));
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => Ended::Stopped,
        _ = &mut work => Ended::Finished,
        () = candidate.serve(&begin) => Ended::Lost,
    };
    leading.cancel();
    match ended {
        Ended::Stopped => candidate.keep_until(work).await,
        Ended::Lost => {
            tracing::error!(lease = candidate.name(), "lost leader lease");
            // It can be dropped anywhere, as it can be killed anywhere.
            work.abort();
            drop(work.await);
        }
        Ended::Finished => {}
    }
    fence.close();
    if candidate.may_be_ours() {
        candidate.release().await;
    }
    ended
}

/// Closes the fence when dropped.
struct Closes<'a>(&'a Fence);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Candidate {
    fn name(&self) -> String {
        format!("{}/{}", self.options.namespace, self.options.name)
    }

    fn begin(&self, begin: &watch::Sender<bool>) {
        tracing::info!(lease = self.name(), "successfully acquired lease");
        begin.send_replace(true);
    }

    /// Tries once; failures are told once and the same as not getting it.
    async fn attempt_within(&mut self, deadline: Instant) {
        match self.attempt_until(deadline).await {
            Ok(Attempt::Ours) => {}
            Ok(Attempt::Theirs(holder)) => {
                tracing::debug!(lease = self.name(), holder, "lease is held by another");
            }
            Err(error) => self.troubles.failed(self.who(), &error),
        }
    }

    /// Tries once, and no longer than until then.
    async fn attempt_until(&mut self, deadline: Instant) -> Result<Attempt, RequestError> {
        let late = || Err(RequestError::Lost("no answer in time".into()));
        let answer = timeout_at(deadline, self.attempt()).await.unwrap_or_else(|_| late())?;
        self.troubles.worked(self.who());
        Ok(answer)
    }

    fn who(&self) -> String {
        format!("lease {}", self.name())
    }

    /// Acquires the lease unless it is held already, and holds it until it is lost.
    async fn serve(&mut self, begin: &watch::Sender<bool>) {
        if !self.is_held() {
            while !self.is_held() {
                sleep(self.options.retry_period).await;
                self.attempt_within(Instant::now() + self.options.renew_deadline).await;
            }
            self.begin(begin);
        }
        self.renew().await;
    }

    /// Waits for the work to stop. The lease must not be given back before, so it is renewed meanwhile. What a panic
    /// in the work means is its owner's business; it was reported by the panic hook.
    async fn keep_until(&mut self, mut work: JoinHandle<()>) {
        if !self.is_held() {
            drop(work.await);
            return;
        }
        tokio::select! {
            biased;
            _ = &mut work => {}
            () = self.renew() => {
                tracing::error!(lease = self.name(), "lost leader lease while stopping");
                work.abort();
                drop(work.await);
            }
        }
    }

    /// Renews the lease for as long as that works. Afterwards it is not held any more.
    async fn renew(&mut self) {
        while let Some(deadline) = self.held_until() {
            if Instant::now() + self.options.retry_period > deadline {
                // The next attempt would come too late.
                sleep_until(deadline).await;
                break;
            }
            sleep(self.options.retry_period).await;
            match self.attempt_until(deadline).await {
                Ok(Attempt::Ours) => {}
                // There is no use in waiting for the deadline: somebody else is at work.
                Ok(Attempt::Theirs(holder)) => {
                    tracing::error!(lease = self.name(), holder, "lease was taken by another");
                    break;
                }
                Err(error) => self.troubles.failed(self.who(), &error),
            }
        }
        self.lose();
    }

    /// Gives the lease back. If that fails it runs out by itself.
    async fn release(&mut self) {
        match timeout_at(Instant::now() + RELEASE_TIMEOUT, self.give_back()).await {
            Ok(Ok(())) => tracing::info!(lease = self.name(), "released leader lease"),
            Ok(Err(error)) => tracing::warn!(lease = self.name(), "failed to release lease: {error}"),
            Err(_) => tracing::warn!(lease = self.name(), "failed to release lease: no answer in time"),
        }
    }
}

#[cfg(test)]
mod tests;

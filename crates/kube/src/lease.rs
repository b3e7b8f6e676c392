//! Leader election: of several candidates, at most one works at a time.
//!
//! The Lease object is used as by Kubernetes' own client, so that candidates of either kind respect each other. A
//! holder's claim is judged by how long its record has not changed on *our* clock, not by the times written in it:
//! the clocks of machines need not agree. The lease is given back on a clean stop, so that the next candidate takes
//! over within its retry period instead of waiting for the lease to run out.

mod attempt;
mod record;

use attempt::{Attempt, Candidate};
use rollouts_api::Clock;
use std::time::Duration;
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
    /// The lease was held and lost to somebody else or to an API server that cannot be reached.
    Lost,
    /// The work ended by itself; the lease was given back.
    Finished,
}

/// Waits for the lease, does `work` while holding it, and gives it back.
///
/// `work` gets a token that is cancelled at once when the lease is lost or `stop` is cancelled; it should then end
/// soon, and is waited for. It runs as a task of its own, so that it cannot keep the lease from being renewed.
pub async fn lead<W, F>(
    client: kube::Client,
    clock: Clock,
    options: LeaseOptions,
    stop: CancellationToken,
    work: W,
) -> Ended
where
    W: FnOnce(CancellationToken) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let retry_period = options.retry_period;
    let mut candidate = Candidate::new(client, clock, options);
    tracing::info!(lease = candidate.name(), "attempting to acquire leader lease");
    while !candidate.attempt_within(Instant::now() + candidate.options.renew_deadline).await {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ended::Stopped,
            () = sleep(retry_period) => {}
        }
    }
    tracing::info!(lease = candidate.name(), "successfully acquired lease");
    let leading = stop.child_token();
    // Should this future be dropped, the work must not go on without a lease.
    let _stops_work = leading.clone().drop_guard();
    let mut work = tokio::spawn(work(leading.clone()));
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => Ended::Stopped,
        _ = &mut work => Ended::Finished,
        () = candidate.renew() => Ended::Lost,
    };
    leading.cancel();
    if ended == Ended::Lost {
        tracing::error!(lease = candidate.name(), "lost leader lease");
    }
    if ended != Ended::Finished {
        // The lease must not be given back before the work has stopped. What a panic in it means is its owner's
        // business; it was reported by the panic hook.
        keep_until(&mut candidate, ended, work).await;
    }
    if ended != Ended::Lost {
        candidate.release().await;
    }
    ended
}

/// Waits for the work to stop, renewing the lease meanwhile if it is still ours.
async fn keep_until(candidate: &mut Candidate, ended: Ended, work: tokio::task::JoinHandle<()>) {
    if ended == Ended::Lost {
        drop(work.await);
        return;
    }
    tokio::select! {
        biased;
        _ = work => {}
        () = candidate.renew() => tracing::error!(lease = candidate.name(), "lost leader lease while stopping"),
    }
}

impl Candidate {
    fn name(&self) -> String {
        format!("{}/{}", self.options.namespace, self.options.name)
    }

    /// Tries once; failures are logged and the same as not getting it.
    async fn attempt_within(&mut self, deadline: Instant) -> bool {
        match timeout_at(deadline, self.attempt()).await {
            Ok(Ok(Attempt::Ours)) => true,
            Ok(Ok(Attempt::Theirs(holder))) => {
                tracing::debug!(lease = self.name(), holder, "lease is held by another");
                false
            }
            Ok(Err(error)) => {
                tracing::warn!(lease = self.name(), "error retrieving or updating the lease: {error}");
                false
            }
            Err(_) => {
                tracing::warn!(lease = self.name(), "no answer about the lease in time");
                false
            }
        }
    }

    /// Renews the lease for as long as that works.
    async fn renew(&mut self) {
        let mut deadline = Instant::now() + self.options.renew_deadline;
        loop {
            sleep(self.options.retry_period).await;
            match timeout_at(deadline, self.attempt()).await {
                Ok(Ok(Attempt::Ours)) => deadline = Instant::now() + self.options.renew_deadline,
                // There is no use in waiting for the deadline: somebody else is at work.
                Ok(Ok(Attempt::Theirs(holder))) => {
                    tracing::error!(lease = self.name(), holder, "lease was taken by another");
                    return;
                }
                Ok(Err(error)) => {
                    tracing::warn!(lease = self.name(), "failed to renew lease: {error}");
                    if Instant::now() >= deadline {
                        return;
                    }
                }
                Err(_) => return,
            }
            if Instant::now() + self.options.retry_period > deadline {
                // The next attempt would come too late.
                return sleep_until(deadline).await;
            }
        }
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

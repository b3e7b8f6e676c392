//! One attempt to acquire, renew or give back the lease.

use super::record::{Lease, Spec, micro_time};
use super::{Fence, LeaseOptions};
use crate::resource::LEASES;
use crate::rest::Rest;
use crate::{RequestError, Troubles};
use jiff::Timestamp;
use rollouts_api::Clock;
use tokio::time::Instant;

/// What an attempt came to.
pub(super) enum Attempt {
    /// The lease is ours from now on.
    Ours,
    /// This candidate holds it.
    Theirs(String),
}

/// A candidate and what it has seen of the lease.
pub(super) struct Candidate {
    rest: Rest,
    clock: Clock,
    pub(super) options: LeaseOptions,
    /// The record as last seen, and since when it has looked so.
    seen: Option<(Spec, Instant)>,
    /// Until when the lease counts as ours. Reckoned from the beginning of the last attempt that got it, since others
    /// may reckon from any time after that.
    held_until: Option<Instant>,
    /// A claim was sent, and what became of it is unknown.
    is_claiming: bool,
    fence: Fence,
    /// What fails, told once: attempts come every few seconds.
    pub(super) troubles: Troubles,
}

impl Candidate {
    pub(super) fn new(client: kube::Client, clock: Clock, options: LeaseOptions, fence: Fence) -> Self {
        Candidate {
            rest: Rest::new(client),
            clock,
            options,
            seen: None,
            held_until: None,
            is_claiming: false,
            fence,
            troubles: Troubles::new(),
        }
    }

    /// Whether the lease is ours as far as we know.
    pub(super) fn is_held(&self) -> bool {
        self.held_until.is_some()
    }

    /// Whether the API server may have it as ours, whether or not we know.
    pub(super) fn may_be_ours(&self) -> bool {
        self.is_held() || self.is_claiming
    }

    /// Until when it is, unless it is renewed.
    pub(super) fn held_until(&self) -> Option<Instant> {
        self.held_until
    }

    /// It is ours no longer.
    pub(super) fn lose(&mut self) {
        self.held_until = None;
        self.is_claiming = false;
        self.fence.close();
    }

    /// Acquires the lease if it is free or has run out, renews it if it is ours.
    pub(super) async fn attempt(&mut self) -> Result<Attempt, RequestError> {
        let started = (Instant::now(), self.clock.now());
        let (namespace, name) = (self.options.namespace.clone(), self.options.name.clone());
        let Some(mut lease) = self.rest.get_opt::<Lease>(&LEASES, &namespace, &name).await? else {
            let lease = Lease::new(&namespace, &name, self.claim(None));
            self.is_claiming = true;
            let answer = self.rest.create::<Lease>(&LEASES, &namespace, &lease).await;
            self.is_claiming = matches!(&answer, Err(e) if e.status().is_none());
            return match answer {
                Ok(created) => Ok(self.take(created, started)),
                Err(e) if e.is_already_exists() => Ok(Attempt::Theirs("another candidate".into())),
                Err(e) => Err(e),
            };
        };
        let since = self.look(&lease.spec);
        let holder = lease.spec.holder();
        let ours = holder == self.options.identity;
        if !ours && !holder.is_empty() && since.elapsed() < lease.spec.duration() {
            return Ok(Attempt::Theirs(holder.to_owned()));
        }
        lease.spec = self.claim(Some(&lease.spec));
        self.is_claiming = true;
        let answer = self.rest.replace::<Lease>(&LEASES, &namespace, &name, None, &lease).await;
        self.is_claiming = matches!(&answer, Err(e) if e.status().is_none());
        match answer {
            Ok(updated) => Ok(self.take(updated, started)),
            // Somebody was faster. If it was ours, what they did shows at the next attempt.
            Err(e) if e.is_conflict() && !ours => Ok(Attempt::Theirs("another candidate".into())),
            Err(e) => Err(e),
        }
    }

    /// Marks the lease as nobody's, if it is still ours.
    pub(super) async fn give_back(&mut self) -> Result<(), RequestError> {
        let (namespace, name) = (self.options.namespace.clone(), self.options.name.clone());
        let Some(mut lease) = self.rest.get_opt::<Lease>(&LEASES, &namespace, &name).await? else { return Ok(()) };
        if lease.spec.holder() != self.options.identity {
            return Ok(());
        }
        let now = micro_time(self.clock.now());
        lease.spec.holder_identity = Some(String::new());
        // The API server wants it positive.
        lease.spec.lease_duration_seconds = Some(1);
        lease.spec.acquire_time = Some(now.clone());
        lease.spec.renew_time = Some(now);
        self.rest.replace::<Lease>(&LEASES, &namespace, &name, None, &lease).await.map(drop)
    }

    /// The record with our claim in it.
    fn claim(&self, before: Option<&Spec>) -> Spec {
        let now = micro_time(self.clock.now());
        let mut spec = before.cloned().unwrap_or_default();
        if spec.holder() != self.options.identity {
            let transitions = spec.lease_transitions.unwrap_or(0);
            spec.lease_transitions = Some(if before.is_some() { transitions + 1 } else { 0 });
            spec.acquire_time = Some(now.clone());
        }
        spec.holder_identity = Some(self.options.identity.clone());
        spec.lease_duration_seconds = Some(self.options.duration.as_secs().try_into().unwrap_or(i64::MAX));
        spec.renew_time = Some(now);
        spec
    }

    fn take(&mut self, lease: Lease, (started, on_the_wall): (Instant, Timestamp)) -> Attempt {
        self.look(&lease.spec);
        let time = self.options.renew_deadline;
        self.held_until = Some(started + time);
        self.fence.open_for(time, started, on_the_wall);
        Attempt::Ours
    }

    /// Notes the record and says since when it has looked as it does.
    fn look(&mut self, spec: &Spec) -> Instant {
        match &self.seen {
            Some((seen, since)) if seen == spec => *since,
            _ => {
                let now = Instant::now();
                self.seen = Some((spec.clone(), now));
                now
            }
        }
    }
}

//! Questions of plans to others than the API server, and answers for the next plans.
//!
//! A question that is asked is a task of its own: no worker waits for it. Its answer puts the Rollout into the queue, and
//! is kept for as long as plans ask; what is lost with the process is asked again by the next one.

mod targets;

use futures::FutureExt;
use rollouts_api::{Clock, ObjectMeta};
use rollouts_core::{Answered, Ask};
use rollouts_kube::{Key, Queue, Rest};
use rollouts_providers::Tools;
use rollouts_providers::elb::Elb;
use rollouts_traffic::{Answer, Inquiry};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Questions asked at once; others wait for their turn. Services limit how often they are asked, by account.
const AT_ONCE_MAX: usize = 10;

/// All that is out. Clones share it.
#[derive(Clone)]
pub(crate) struct Inquiries(Arc<Inner>);

struct Inner {
    elb: Elb,
    rest: Rest,
    clock: Clock,
    /// Of Rollouts: each answer puts its Rollout in.
    queue: Queue<Key>,
    permits: Semaphore,
    stop: CancellationToken,
    rollouts: Mutex<BTreeMap<Key, OfRollout>>,
}

/// What is out of one Rollout.
struct OfRollout {
    /// Another Rollout of that name is another one.
    uid: String,
    asked: BTreeMap<Inquiry, Out>,
}

/// One question.
#[derive(Default)]
struct Out {
    answered: Option<Answered>,
    /// The task that asks, while it does: cancelled when nobody waits for it any more.
    task: Option<DropGuard>,
}

impl Inquiries {
    /// Asks until `stop` is cancelled; `queue` is that of Rollouts.
    pub fn new(tools: Tools, rest: Rest, queue: Queue<Key>, stop: CancellationToken) -> Self {
        let (clock, elb, permits) = (tools.clock.clone(), Elb::new(tools), Semaphore::new(AT_ONCE_MAX));
        Inquiries(Arc::new(Inner { elb, rest, clock, queue, permits, stop, rollouts: Mutex::default() }))
    }

    /// What was answered to the questions of a Rollout.
    pub fn answers(&self, rollout: &ObjectMeta) -> BTreeMap<Inquiry, Answered> {
        let rollouts = self.0.lock();
        let of_rollout = rollouts.get(&Key::of(rollout)).filter(|of_rollout| of_rollout.uid == rollout.uid);
        let asked = of_rollout.into_iter().flat_map(|of_rollout| &of_rollout.asked);
        asked.filter_map(|(inquiry, out)| Some((inquiry.clone(), out.answered.clone()?))).collect()
    }

    /// Asks what a plan asks, and forgets what it does not.
    pub fn follow(&self, rollout: &ObjectMeta, asks: &[Ask]) {
        let key = Key::of(rollout);
        let mut rollouts = self.0.lock();
        if asks.is_empty() {
            rollouts.remove(&key);
            return;
        }
        let fresh = || OfRollout { uid: rollout.uid.clone(), asked: BTreeMap::new() };
        let of_rollout = rollouts.entry(key.clone()).or_insert_with(fresh);
        if of_rollout.uid != rollout.uid {
            *of_rollout = fresh();
        }
        of_rollout.asked.retain(|inquiry, _| asks.iter().any(|ask| ask.inquiry == *inquiry));
        for Ask { inquiry, anew } in asks {
            let out = of_rollout.asked.entry(inquiry.clone()).or_default();
            if out.task.is_none() && (*anew || out.answered.is_none()) {
                out.task = Some(self.begin(&key, inquiry));
            }
        }
    }

    /// The Rollout is gone.
    pub fn forget(&self, rollout: &Key) {
        self.0.lock().remove(rollout);
    }

    /// How many questions are out, or answered and not forgotten.
    pub fn len(&self) -> usize {
        self.0.lock().values().map(|of_rollout| of_rollout.asked.len()).sum()
    }

    fn begin(&self, key: &Key, inquiry: &Inquiry) -> DropGuard {
        let token = self.0.stop.child_token();
        let (inner, key, inquiry, until) = (Arc::clone(&self.0), key.clone(), inquiry.clone(), token.clone());
        tokio::spawn(async move {
            let answer = tokio::select! {
                biased;
                () = until.cancelled() => return,
                answer = inner.ask(&key, &inquiry) => answer,
            };
            inner.answered(&key, &inquiry, &until, answer);
        });
        token.drop_guard()
    }
}

impl Inner {
    async fn ask(&self, key: &Key, inquiry: &Inquiry) -> Answer {
        // It is never closed.
        let _permit = self.permits.acquire().await;
        let answer = AssertUnwindSafe(self.answer(key, inquiry)).catch_unwind().await;
        answer.unwrap_or_else(|_| {
            let problem = "given up: a mistake in the controller, which its log tells of".into();
            Answer::Failed { group: None, problem }
        })
    }

    async fn answer(&self, key: &Key, inquiry: &Inquiry) -> Answer {
        match inquiry {
            // Nobody needs to be asked.
            Inquiry::LoadBalancers { hosts, .. } if hosts.is_empty() => Answer::LoadBalancers(BTreeMap::new()),
            Inquiry::LoadBalancers { hosts, tag, .. } => match self.elb.load_balancers(hosts, tag).await {
                Ok(found) => Answer::LoadBalancers(found),
                Err(failure) => Answer::Failed { group: None, problem: failure.to_string() },
            },
            Inquiry::Targets { service, replica_set, binding_api_version, .. } => {
                let places = targets::Places { service, replica_set, binding_api_version };
                targets::look(&self.elb, &self.rest, &key.namespace, &places).await
            }
        }
    }

    fn answered(&self, key: &Key, inquiry: &Inquiry, token: &CancellationToken, answer: Answer) {
        if let Answer::Failed { problem, .. } = &answer {
            tracing::debug!(rollout = %key, "No answer: {problem}");
        }
        let mut rollouts = self.lock();
        let out = rollouts.get_mut(key).and_then(|of_rollout| of_rollout.asked.get_mut(inquiry));
        // Cancelled in this moment, and maybe asked again.
        if let Some(out) = out.filter(|_| !token.is_cancelled()) {
            *out = Out { answered: Some(Answered { answer, at: self.clock.now() }), task: None };
            drop(rollouts);
            self.queue.add(key.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, OfRollout>> {
        // Nothing inside panics.
        self.rollouts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The election of the controllers, judged at the server: whoever writes must hold the lease.
//!
//! The lease can also be taken by force, by somebody who overwrites it without waiting. The holder cannot know that
//! before it renews the next time; until then its writes are forgiven.

use crate::cluster::{Cluster, Identities, LEASE_NAMESPACE};
use crate::faults::Faults;
use rollouts_controller::Election;
use rollouts_kube::rest::PatchKind;
use rollouts_kube::{Rest, resource};
use rollouts_memkube::Server;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Who takes the lease by force.
const THIEF: &str = "thief";
/// How often the thief renews.
const RENEW: Duration = Duration::from_secs(2);

/// The office that the controllers stand for.
#[derive(Clone)]
pub struct Office(Arc<Shared>);

struct Shared {
    server: Server,
    rest: Rest,
    clock: rollouts_api::Clock,
    identities: Identities,
    lease: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The last theft: when, and from whom.
    theft: Option<(Instant, String)>,
    violations: Vec<String>,
    writes: u64,
}

impl Office {
    /// Judges every write of a controller from now on. After a theft the robbed is forgiven for `grace`.
    pub fn open(cluster: &Cluster, faults: &Faults, grace: Duration) -> Office {
        let lease = Election::new(cluster.client.clone(), LEASE_NAMESPACE, None, THIEF).lease.name;
        let office = Office(Arc::new(Shared {
            server: cluster.server.clone(),
            rest: Rest::new(cluster.client.clone()),
            clock: cluster.clock.clone(),
            identities: cluster.identities.clone(),
            lease,
            state: Mutex::default(),
        }));
        let judge = office.clone();
        faults.witness(Arc::new(move |who, request| judge.judge(who, request, grace)));
        office
    }

    fn holder(&self) -> String {
        let lease = self.0.server.get("coordination.k8s.io", "leases", LEASE_NAMESPACE, &self.0.lease);
        lease.unwrap_or_default()["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
    }

    fn judge(&self, who: &'static str, request: &str, grace: Duration) {
        let Some(identity) = self.0.identities.of(who) else { return };
        if request.contains("/leases") {
            return;
        }
        let holder = self.holder();
        let mut state = self.state();
        state.writes += 1;
        // Where nobody held it yet, somebody may have got it just before the thief.
        let is_robbed = |robbed: &String| robbed.is_empty() || *robbed == identity;
        let is_forgiven = matches!(&state.theft, Some((at, robbed)) if is_robbed(robbed) && at.elapsed() <= grace);
        if holder != identity && !is_forgiven {
            state.violations.push(format!("lease: {identity} writes while {holder:?} holds the lease: {request}"));
        }
    }

    /// Takes the lease by force, holds it for some time, and goes away without a word.
    pub async fn steal(&self, time: Duration) {
        self.state().theft = Some((Instant::now(), self.holder()));
        let end = Instant::now() + time;
        loop {
            let now = self.0.clock.now().to_string();
            let spec = json!({"holderIdentity": THIEF, "leaseDurationSeconds": 15, "renewTime": format!("{}.000000Z", &now[..19])});
            let body = json!({"spec": spec});
            let stolen: Result<Value, _> = self
                .0
                .rest
                .patch(&resource::LEASES, LEASE_NAMESPACE, &self.0.lease, None, PatchKind::Merge, &body)
                .await;
            // There may be none yet.
            if stolen.is_err() || Instant::now() + RENEW > end {
                return;
            }
            sleep(RENEW).await;
        }
    }

    /// What did not hold so far.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// How many writes were judged.
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Controllers that stand for election: who may write, and when.

use crate::connection::{Verdict, judged};
use crate::objects::{namespace, template, web};
use crate::world::{self, World, seconds};
use rollouts_controller::Election;
use rollouts_kube::resource::{LEASES, ROLLOUTS};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const NAMESPACE: &str = "argo-rollouts";
const LEASE: &str = "argo-rollouts-controller-lock";

/// A world with a lease to hold, and a Rollout to work on.
struct Contest {
    world: World,
    start: Instant,
    writes: Writes,
}

/// Second and author of every write, the lease and its answers apart.
type Writes = Arc<Mutex<Vec<(u64, &'static str)>>>;

struct Candidate {
    controller: world::Controller,
    /// While it is true, nothing is answered about the lease.
    cut_off: Arc<Mutex<bool>>,
}

impl Contest {
    fn start() -> Self {
        let world = World::start();
        world.server.create(namespace(NAMESPACE)).unwrap();
        Contest { world, start: Instant::now(), writes: Writes::default() }
    }

    fn candidate(&self, name: &'static str) -> Candidate {
        let (writes, start) = (Arc::clone(&self.writes), self.start);
        let client = judged(&self.world.server, move |request| {
            if request.method() != http::Method::GET {
                writes.lock().unwrap().push((start.elapsed().as_secs(), name));
            }
            Verdict::Pass
        });
        let cut_off = Arc::new(Mutex::new(false));
        let cut = Arc::clone(&cut_off);
        let lease_client = judged(&self.world.server, move |_| match *cut.lock().unwrap() {
            true => Verdict::Silence,
            false => Verdict::Pass,
        });
        let election = Election::new(lease_client, NAMESPACE, None, name);
        let controller = self.world.controller_through(client, |options| options.election = Some(election));
        Candidate { controller, cut_off }
    }

    async fn create(&self) {
        let steps = json!([{ "setWeight": 20 }, { "pause": { "duration": 1 } }]);
        self.world.create(&ROLLOUTS, web(json!({ "canary": { "steps": steps } }))).await;
    }

    /// Changes the Rollout, so that there is something to do.
    async fn update(&self, image: &str) {
        self.world.patch(&ROLLOUTS, "web", json!({ "spec": { "template": template("web", image) } })).await;
    }

    /// Who has written since the last call, and when first and last.
    fn authors(&self) -> Vec<(&'static str, u64, u64)> {
        let mut authors: Vec<(&'static str, u64, u64)> = Vec::new();
        for (second, name) in std::mem::take(&mut *self.writes.lock().unwrap()) {
            match authors.iter_mut().find(|(author, ..)| *author == name) {
                Some((.., last)) => *last = second,
                None => authors.push((name, second, second)),
            }
        }
        authors
    }

    async fn lease(&self) -> Value {
        self.world.rest.get(&LEASES, NAMESPACE, LEASE).await.unwrap()
    }

    async fn assert_healthy(&self) {
        let ro = self.world.rollout("web").await;
        assert_eq!(ro["status"]["observedGeneration"], ro["metadata"]["generation"].to_string());
        assert_eq!((&ro["status"]["phase"], &ro["status"]["updatedReplicas"]), (&json!("Healthy"), &json!(5)));
    }
}

#[tokio::test(start_paused = true)]
async fn one_works_the_other_stands_by_and_takes_over_at_once_after_a_clean_stop() {
    let contest = Contest::start();
    let first = contest.candidate("first");
    seconds(1).await;
    let second = contest.candidate("second");
    seconds(1).await;
    contest.create().await;
    seconds(60).await;
    contest.assert_healthy().await;
    assert!(matches!(contest.authors()[..], [("first", 2, _)]), "the other writes nothing");
    assert_eq!(contest.lease().await["spec"]["holderIdentity"], "first");

    // It is told to stop in the middle of an update.
    contest.update("shop/web:2").await;
    sleep(Duration::from_millis(500)).await;
    first.controller.stop();
    first.controller.task.await.unwrap();
    let stopped = contest.start.elapsed().as_secs();
    seconds(60).await;
    contest.assert_healthy().await;
    let authors = contest.authors();
    let [("first", _, last), ("second", begun, _)] = authors[..] else { panic!("{authors:?}") };
    assert!(last <= stopped && begun <= stopped + 2, "{authors:?}, stopped at {stopped}");
    assert_eq!(contest.lease().await["spec"]["holderIdentity"], "second");
    second.controller.stop();
    second.controller.task.await.unwrap();
    assert_eq!(contest.lease().await["spec"]["holderIdentity"], "");
}

#[tokio::test(start_paused = true)]
async fn a_stolen_lease_ends_all_writes() {
    let contest = Contest::start();
    let first = contest.candidate("first");
    contest.create().await;
    seconds(60).await;
    let mut lease = contest.lease().await;
    lease["spec"]["holderIdentity"] = json!("thief");
    let _: Value = contest.world.rest.replace(&LEASES, NAMESPACE, LEASE, None, &lease).await.unwrap();
    contest.authors();
    // The next renewal, within 2 s, finds out and ends it, with nobody having told it to.
    seconds(3).await;
    assert!(first.controller.task.is_finished());
    contest.update("shop/web:2").await;
    seconds(60).await;
    assert_eq!(contest.authors(), []);
    assert_eq!(contest.lease().await["spec"]["holderIdentity"], "thief", "it is not ours to give back");
}

#[tokio::test(start_paused = true)]
async fn who_cannot_renew_stops_before_the_next_one_starts() {
    let contest = Contest::start();
    let first = contest.candidate("first");
    seconds(1).await;
    let _second = contest.candidate("second");
    contest.create().await;
    seconds(59).await;
    contest.authors();
    *first.cut_off.lock().unwrap() = true;
    // Both would have something to do all the time.
    for i in 0..40 {
        contest.update(&format!("shop/web:{i}")).await;
        seconds(1).await;
    }
    let authors = contest.authors();
    let [("first", 60, last), ("second", begun, _)] = authors[..] else { panic!("{authors:?}") };
    assert!((66..=70).contains(&last) && (73..=77).contains(&begun), "{authors:?}");
    assert!(first.controller.task.is_finished());
    seconds(60).await;
    contest.assert_healthy().await;
    // Before that, it renews in peace.
    assert_eq!(contest.lease().await["spec"]["leaseTransitions"], 1);
}

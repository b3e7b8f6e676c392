//! Controllers that stand for election, against the embedded API server under paused time: who may write, and when.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use futures::FutureExt;
use rollouts_api::Clock;
use rollouts_controller::{Election, Options};
use rollouts_kube::client::from_service;
use rollouts_kube::{Rest, resource, tokio_clock};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

const NAMESPACE: &str = "argo-rollouts";
const LEASE: &str = "argo-rollouts-controller-lock";

struct World {
    server: rollouts_memkube::Server,
    clock: Clock,
    rest: Rest,
    start: Instant,
    writes: Writes,
}

/// Second and author of every write, the lease and its answers apart.
type Writes = Arc<Mutex<Vec<(u64, &'static str)>>>;

struct Controller {
    task: JoinHandle<()>,
    stop: CancellationToken,
    /// While it is true, nothing is answered about the lease.
    cut_off: Arc<Mutex<bool>>,
}

impl World {
    async fn new() -> Self {
        let clock = tokio_clock("2026-01-01T00:00:00Z".parse().unwrap());
        let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(clock.clone()));
        let client = from_service(server.service());
        let rest = Rest::new(client.clone());
        for crd in rollouts_api::crd::manifests() {
            let _: Value = rest.create(&resource::CUSTOM_RESOURCE_DEFINITIONS, "", &crd).await.unwrap();
        }
        server.create(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } })).unwrap();
        let actors = rollouts_actors::Options::new(clock.clone());
        tokio::spawn(rollouts_actors::run(client, actors, std::future::pending()));
        World { server, clock, rest, start: Instant::now(), writes: Writes::default() }
    }

    fn controller(&self, name: &'static str) -> Controller {
        let (stop, cut_off) = (CancellationToken::new(), Arc::new(Mutex::new(false)));
        let (server, writes, start) = (self.server.clone(), Arc::clone(&self.writes), self.start);
        let client = from_service(tower::service_fn(move |request: http::Request<kube::client::Body>| {
            if request.method() != http::Method::GET {
                writes.lock().unwrap().push((start.elapsed().as_secs(), name));
            }
            server.service().oneshot(request)
        }));
        let (server, cut) = (self.server.clone(), Arc::clone(&cut_off));
        let lease_client =
            from_service(tower::service_fn(move |request: http::Request<kube::client::Body>| {
                match *cut.lock().unwrap() {
                    true => std::future::pending().left_future(),
                    false => server.service().call(request).right_future(),
                }
            }));
        let mut options = Options::new(self.clock.clone());
        options.election = Some(Election::new(lease_client, NAMESPACE, None, name));
        let task = tokio::spawn(rollouts_controller::run(client, options, stop.clone()));
        Controller { task, stop, cut_off }
    }

    /// Changes the Rollout, so that there is something to do.
    async fn update(&self, image: &str) {
        let patch =
            json!({ "spec": { "template": { "spec": { "containers": [{ "name": "web", "image": image }] } } } });
        let kind = rollouts_kube::rest::PatchKind::Merge;
        let _: Value = self.rest.patch(&resource::ROLLOUTS, "default", "web", None, kind, &patch).await.unwrap();
    }

    async fn create(&self) {
        let rollout = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": { "name": "web", "namespace": "default" },
            "spec": {
                "replicas": 5,
                "selector": { "matchLabels": { "app": "web" } },
                "template": {
                    "metadata": { "labels": { "app": "web" } },
                    "spec": { "containers": [{ "name": "web", "image": "shop/web:1" }] },
                },
                "strategy": { "canary": { "steps": [{ "setWeight": 20 }, { "pause": { "duration": 1 } }] } },
            },
        });
        let _: Value = self.rest.create(&resource::ROLLOUTS, "default", &rollout).await.unwrap();
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
        self.rest.get(&resource::LEASES, NAMESPACE, LEASE).await.unwrap()
    }

    async fn assert_healthy(&self) {
        let ro: Value = self.rest.get(&resource::ROLLOUTS, "default", "web").await.unwrap();
        assert_eq!(ro["status"]["observedGeneration"], ro["metadata"]["generation"].to_string());
        assert_eq!((&ro["status"]["phase"], &ro["status"]["updatedReplicas"]), (&json!("Healthy"), &json!(5)));
    }
}

fn seconds(n: u64) -> tokio::time::Sleep {
    sleep(Duration::from_secs(n))
}

#[tokio::test(start_paused = true)]
async fn one_works_the_other_stands_by_and_takes_over_at_once_after_a_clean_stop() {
    let world = World::new().await;
    let first = world.controller("first");
    seconds(1).await;
    let second = world.controller("second");
    seconds(1).await;
    world.create().await;
    seconds(60).await;
    world.assert_healthy().await;
    assert!(matches!(world.authors()[..], [("first", 2, _)]), "the other writes nothing");
    assert_eq!(world.lease().await["spec"]["holderIdentity"], "first");

    // It is told to stop in the middle of an update.
    world.update("shop/web:2").await;
    sleep(Duration::from_millis(500)).await;
    first.stop.cancel();
    first.task.await.unwrap();
    let stopped = world.start.elapsed().as_secs();
    seconds(60).await;
    world.assert_healthy().await;
    let authors = world.authors();
    let [("first", _, last), ("second", begun, _)] = authors[..] else { panic!("{authors:?}") };
    assert!(last <= stopped && begun <= stopped + 2, "{authors:?}, stopped at {stopped}");
    assert_eq!(world.lease().await["spec"]["holderIdentity"], "second");
    second.stop.cancel();
    second.task.await.unwrap();
    assert_eq!(world.lease().await["spec"]["holderIdentity"], "");
}

#[tokio::test(start_paused = true)]
async fn a_stolen_lease_ends_all_writes() {
    let world = World::new().await;
    let controller = world.controller("first");
    world.create().await;
    seconds(60).await;
    let mut lease = world.lease().await;
    lease["spec"]["holderIdentity"] = json!("thief");
    let _: Value = world.rest.replace(&resource::LEASES, NAMESPACE, LEASE, None, &lease).await.unwrap();
    world.authors();
    // The next renewal, within 2 s, finds out and ends it, with nobody having told it to.
    seconds(3).await;
    assert!(controller.task.is_finished());
    world.update("shop/web:2").await;
    seconds(60).await;
    assert_eq!(world.authors(), []);
    assert_eq!(world.lease().await["spec"]["holderIdentity"], "thief", "it is not ours to give back");
}

#[tokio::test(start_paused = true)]
async fn who_cannot_renew_stops_before_the_next_one_starts() {
    let world = World::new().await;
    let first = world.controller("first");
    seconds(1).await;
    let _second = world.controller("second");
    world.create().await;
    seconds(59).await;
    world.authors();
    *first.cut_off.lock().unwrap() = true;
    // Both would have something to do all the time.
    for i in 0..40 {
        world.update(&format!("shop/web:{i}")).await;
        seconds(1).await;
    }
    let authors = world.authors();
    let [("first", 60, last), ("second", begun, _)] = authors[..] else { panic!("{authors:?}") };
    assert!((66..=70).contains(&last) && (73..=77).contains(&begun), "{authors:?}");
    assert!(first.task.is_finished());
    seconds(60).await;
    world.assert_healthy().await;
    // Before that, it renews in peace.
    assert_eq!(world.lease().await["spec"]["leaseTransitions"], 1);
}

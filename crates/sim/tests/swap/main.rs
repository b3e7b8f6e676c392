//! Another controller leaves in the middle of things, and ours goes on where it stopped.
//!
//! What the Go controller leaves behind is taken from the recorded scenarios, which ours plays as it did: a scenario is
//! played to one of its resting points, everything in the cluster is carried over into a fresh one, and a new controller
//! starts there. What becomes of it must be what would have become of it without the change, apart from nothing.

mod remains;
mod written;

use remains::{Hashes, Remains, view};
use rollouts_api::names;
use rollouts_kube::rest::PatchKind;
use rollouts_kube::{Rest, resource};
use rollouts_sim::cluster::Cluster;
use rollouts_sim::golden::Golden;
use rollouts_sim::scenario::{Scenario, Step, play_in};
use rollouts_sim::virtual_time;
use serde_json::{Value, json};
use std::time::Duration;

/// How long both are left alone: longer than any delay of the scenarios.
const ALONE: Duration = Duration::from_secs(180);
/// How long an update may take.
const UPDATE: Duration = Duration::from_secs(240);

/// A cluster, and the Rollout that matters in it.
struct Stage {
    cluster: Cluster,
    namespace: String,
    name: String,
}

impl Stage {
    /// Plays the first steps of a scenario.
    async fn play(scenario: &Scenario, steps: usize) -> Stage {
        let mut cluster = Cluster::new(0).expect("a cluster");
        cluster.start_actors(cluster.client.clone());
        cluster.start_controller(cluster.client.clone());
        let mut part = scenario.clone();
        part.steps.truncate(steps);
        play_in(&cluster, &part).await.expect("a scenario that can be played");
        let rollouts = cluster.server.list(names::GROUP, "rollouts", &scenario.name);
        let name = rollouts[0]["metadata"]["name"].as_str().expect("a name").to_owned();
        Stage { cluster, namespace: scenario.name.clone(), name }
    }

    /// The same objects in a fresh cluster, with a controller that has never seen them.
    async fn hand_over(&self, remains: &Remains) -> Stage {
        // Another seed: what is made here must not get the uids of what was made there.
        let mut cluster = Cluster::new(1).expect("a cluster");
        let elapsed = self.cluster.clock.now().duration_since(cluster.clock.now());
        tokio::time::sleep(elapsed.try_into().expect("time goes forward")).await;
        for object in remains.objects() {
            cluster.server.restore(object).expect("an object of a known kind");
        }
        cluster.start_actors(cluster.client.clone());
        cluster.start_controller(cluster.client.clone());
        Stage { cluster, namespace: self.namespace.clone(), name: self.name.clone() }
    }

    fn rollout(&self) -> Value {
        self.cluster.server.get(names::GROUP, "rollouts", &self.namespace, &self.name).expect("the Rollout")
    }

    async fn patch(&self, sub: Option<&str>, kind: PatchKind, body: Value) {
        let rest = Rest::new(self.cluster.client.clone());
        let answer: Result<Value, _> =
            rest.patch(&resource::ROLLOUTS, &self.namespace, &self.name, sub, kind, &body).await;
        answer.expect("a patch that is taken");
    }

    /// Another version, promoted without further steps.
    async fn update(&self) {
        let path = "/spec/template/spec/containers/0/image";
        let image = json!([{ "op": "replace", "path": path, "value": "example.test/next:1" }]);
        self.patch(None, PatchKind::Json, image).await;
        self.patch(None, PatchKind::Merge, json!({ "spec": { "paused": false } })).await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        if self.rollout()["status"]["stableRS"] != self.rollout()["status"]["currentPodHash"] {
            self.patch(Some("status"), PatchKind::Merge, json!({ "status": { "promoteFull": true } })).await;
        }
        tokio::time::sleep(UPDATE).await;
    }

    fn events(&self) -> Vec<String> {
        let events = self.cluster.server.list("", "events", &self.namespace);
        let ours = events.iter().filter(|e| e["involvedObject"]["kind"] == "Rollout");
        ours.map(|e| format!("{} {}", e["reason"].as_str().unwrap_or_default(), e["message"])).collect()
    }
}

/// Events of what a change of controllers must not do.
const UNWANTED: [&str; 4] = ["RolloutUpdated", "NewReplicaSetCreated", "SkipSteps", "RolloutNotCompleted"];

async fn take_over(scenario: &Scenario, steps: usize, hashes: Hashes) {
    let at = format!("{} after {steps} steps, {hashes:?}", scenario.name);
    let before = Stage::play(scenario, steps).await;
    let remains = Remains::of(&before.cluster.server, &scenario.name, hashes);
    let after = before.hand_over(&remains).await;
    tokio::time::sleep(ALONE).await;
    let same = |when: &str| {
        let (ours, theirs) = (view(&after.cluster.server, &scenario.name), remains.view(&before.cluster.server));
        assert_eq!(format!("{ours:#}"), format!("{theirs:#}"), "{at}: {when}");
    };
    same("left alone");
    let events = after.events();
    let unwanted: Vec<_> = events.iter().filter(|e| UNWANTED.iter().any(|u| e.starts_with(u))).collect();
    assert!(unwanted.is_empty(), "{at}: {unwanted:?}");
    if before.rollout()["status"]["message"].as_str().is_none_or(|m| !m.starts_with("InvalidSpec")) {
        tokio::join!(before.update(), after.update());
        same("after one more update");
        assert_eq!(after.rollout()["status"]["phase"], "Healthy", "{at}: {:#}", after.rollout()["status"]);
    }
    before.cluster.stop();
    after.cluster.stop();
}

/// Takes over at every resting point of a scenario with hashes that nobody here computes, and at the last with those that
/// everybody does.
fn everywhere(area: &str, name: &str) {
    let scenario = Golden::read(area, name).expect("a recorded scenario").scenario;
    let take_over = |steps, hashes| virtual_time::block_on(take_over(&scenario, steps, hashes)).expect("a runtime");
    for steps in 1..=scenario.steps.len() {
        // What follows a wait has settled at most.
        let rests = matches!(scenario.steps[steps - 1], Step::Settle(_) | Step::Wait(_));
        if rests && !matches!(scenario.steps.get(steps), Some(Step::Settle(_))) {
            take_over(steps, Hashes::Foreign);
        }
    }
    take_over(scenario.steps.len(), Hashes::Kept);
}

/// What other parts of the original, or older versions of it, left in a status.
#[test]
fn what_is_not_ours_stays() {
    let others = json!({
        "canary": {
            "stablePingPong": "ping",
            "stepPluginStatuses": [{
                "index": 0, "name": "org/step", "operation": "Run", "phase": "Successful", "executions": 2,
                "startedAt": "2025-12-31T00:00:00Z", "backoff": "1m0s", "status": { "own": [1, "two", null] },
            }],
        },
    });
    let scenario = Golden::read("canary", "canary-no-steps").expect("a recorded scenario").scenario;
    let run = async {
        let before = Stage::play(&scenario, 1).await;
        let mut remains = Remains::of(&before.cluster.server, &scenario.name, Hashes::Kept);
        remains.change_rollout(|ro| {
            for (key, value) in others.as_object().expect("an object") {
                ro["status"][key] = value.clone();
            }
            // A hash, as versions before 1.0 wrote it: a write is due, and it must lose nothing.
            ro["status"]["observedGeneration"] = "6c9f8d5b4".into();
            // Weights without a router mean nothing; the original forgets them, too.
            ro["status"]["canary"]["weights"] = json!({ "canary": { "weight": 0 }, "stable": { "weight": 100 } });
            // Nor does what a load balancer had, when none is asked.
            ro["status"]["alb"] = json!({ "loadBalancer": { "name": "lb", "arn": "a" }, "ingress": "i" });
            ro["status"]["albs"] = json!([{ "loadBalancer": { "name": "lb", "arn": "a", "fullName": "f" } }]);
        });
        let after = before.hand_over(&remains).await;
        tokio::time::sleep(ALONE).await;
        let status = after.rollout()["status"].take();
        for (key, value) in others.as_object().expect("an object") {
            assert_eq!(status[key], *value, "{key}");
        }
        assert_eq!((&status["alb"], &status["albs"]), (&json!(null), &json!(null)));
        assert_eq!((&status["observedGeneration"], &status["phase"]), (&json!("1"), &json!("Healthy")));
        assert_eq!(after.events().iter().filter(|e| UNWANTED.iter().any(|u| e.starts_with(u))).count(), 0);
    };
    virtual_time::block_on(run).expect("a runtime");
}

/// A controller that finds everything at rest writes nothing at all.
#[test]
fn rest_is_not_disturbed() {
    for (area, name) in [("canary", "canary-no-steps"), ("canary", "canary-walk"), ("bluegreen", "bg-manual-gate")] {
        let scenario = Golden::read(area, name).expect("a recorded scenario").scenario;
        let run = async {
            let before = Stage::play(&scenario, 2).await;
            tokio::time::sleep(ALONE).await;
            let remains = Remains::of(&before.cluster.server, name, Hashes::Foreign);
            let after = before.hand_over(&remains).await;
            let versions = |stage: &Stage| {
                let server = &stage.cluster.server;
                let kinds = [(names::GROUP, "rollouts"), ("apps", "replicasets"), ("", "services"), ("", "pods")];
                let objects = kinds.iter().flat_map(|(group, plural)| server.list(group, plural, name));
                objects.map(|o| o["metadata"]["resourceVersion"].clone()).collect::<Vec<_>>()
            };
            let found = versions(&after);
            tokio::time::sleep(ALONE).await;
            assert_eq!(found, versions(&after), "{name}");
        };
        virtual_time::block_on(run).expect("a runtime");
    }
}

macro_rules! scenarios {
    ($($test:ident $area:literal $name:literal;)*) => {
        $(#[test]
        fn $test() {
            everywhere($area, $name);
        })*
    };
}

scenarios! {
    paused_between_steps "canary" "canary-walk";
    aborted_and_retried "canary" "canary-abort-retry";
    anti_affinity "canary" "canary-anti-affinity";
    metadata_of_roles "canary" "canary-metadata";
    a_collision "canary" "canary-collision";
    no_steps "canary" "canary-no-steps";
    services_of_a_canary "canary" "canary-services";
    paused_by_hand "canary" "canary-spec-paused";
    a_second_update_in_the_first "canary" "canary-stacked";
    a_pending_scale_down "bluegreen" "bg-auto-straight";
    waiting_for_a_human "bluegreen" "bg-manual-gate";
    a_small_preview "bluegreen" "bg-preview-count";
    aborted_before_the_switch "bluegreen" "bg-abort-before";
    anti_affinity_of_a_blue_green "bluegreen" "bg-anti-affinity";
    metadata_of_a_blue_green "bluegreen" "bg-metadata";
    several_old_versions_kept "bluegreen" "bg-delay-limit";
}

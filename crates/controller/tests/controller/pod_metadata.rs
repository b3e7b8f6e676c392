//! The metadata of a role, on its way to many pods.

use crate::connection::{Judge, Verdict, judged};
use crate::objects::web;
use crate::world::{World, seconds};
use http::Method;
use rollouts_kube::resource;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// How long the API server takes for a write to a pod.
const WRITE: Duration = Duration::from_secs(1);

fn is_write_to_pod(method: &Method, path: &str) -> bool {
    method == Method::PATCH && path.starts_with("/api/v1/namespaces/default/pods/")
}

fn metadata(role: &str) -> Value {
    json!({ "canary": { "stableMetadata": { "labels": { "role": role } } } })
}

/// Five pods that carry the role `a`.
async fn five_pods(world: &World) {
    world.create(&resource::ROLLOUTS, web(metadata("a"))).await;
    seconds(60).await;
    assert_eq!(roles(world).await, ["a"; 5]);
}

async fn roles(world: &World) -> Vec<String> {
    let pods = world.list(&resource::PODS).await;
    pods.iter().map(|pod| pod["metadata"]["labels"]["role"].as_str().unwrap_or("none").to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn as_many_pods_are_written_at_once_as_the_flag_says() {
    for (at_once, second_by_second) in [(1, [1, 2, 3]), (2, [2, 4, 5]), (10, [5, 5, 5])] {
        let world = World::start();
        let slow = judged(&world.server, |request| match is_write_to_pod(request.method(), request.uri().path()) {
            true => Verdict::Delay(WRITE),
            false => Verdict::Pass,
        });
        world.controller_through(slow, |options| options.pod_writes = at_once);
        five_pods(&world).await;
        world.patch(&resource::ROLLOUTS, "web", json!({ "spec": { "strategy": metadata("b") } })).await;
        tokio::time::sleep(WRITE / 2).await;
        for written in second_by_second {
            tokio::time::sleep(WRITE).await;
            let roles = roles(&world).await;
            assert_eq!(roles.iter().filter(|role| *role == "b").count(), written, "{at_once} at once: {roles:?}");
        }
    }
}

/// The answer to the first two writes to each pod gets lost.
#[tokio::test(start_paused = true)]
async fn a_write_to_a_pod_is_tried_as_often_as_the_flag_says() {
    for (tries, writes) in [(1, 5), (3, 15)] {
        let (world, judge, seen) = (World::start(), Judge::default(), Mutex::new(BTreeMap::new()));
        world.controller_through(judged(&world.server, judge.judge()), |options| options.pod_write_tries = tries);
        five_pods(&world).await;
        let is_lost = move |method: &Method, path: &str| {
            let mut seen = seen.lock().unwrap();
            let count: &mut u32 = seen.entry(path.to_string()).or_default();
            *count += 1;
            is_write_to_pod(method, path) && *count <= 2
        };
        judge.rules(is_lost, Verdict::Lose);
        let before = judge.count(is_write_to_pod);
        world.patch(&resource::ROLLOUTS, "web", json!({ "spec": { "strategy": metadata("b") } })).await;
        seconds(60).await;
        assert_eq!(roles(&world).await, ["b"; 5]);
        assert_eq!(judge.count(is_write_to_pod) - before, writes, "{tries} tries");
    }
}

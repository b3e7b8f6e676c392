//! With the roles of the Go controller, which allow to update pods and Deployments but not to patch them, nor to read a
//! single pod: whoever changes nothing but the image has those.

use crate::connection::Verdict;
use crate::objects::{deployment, reference, referring, template};
use crate::world::{World, seconds};
use http::Method;
use rollouts_kube::resource::{DEPLOYMENTS, PODS, ROLLOUTS};
use serde_json::json;

fn is_granted(method: &Method, path: &str) -> bool {
    let of = |kind: &str| path.contains(&format!("/{kind}/"));
    match *method {
        Method::PATCH => !of("pods") && !of("deployments"),
        Method::GET => !of("pods"),
        _ => true,
    }
}

#[tokio::test(start_paused = true)]
async fn pods_and_deployments_are_updated() {
    let world = World::start();
    world.controller_judged(|request| match is_granted(request.method(), request.uri().path()) {
        true => Verdict::Pass,
        false => Verdict::FORBID,
    });
    world.create(&DEPLOYMENTS, deployment("web", "web", 2)).await;
    let mut rollout = referring("web", 2, reference("web", "onsuccess"));
    rollout["spec"]["strategy"]["canary"] = json!({
        "stableMetadata": { "labels": { "role": "stable" } },
        "canaryMetadata": { "labels": { "role": "canary" } },
    });
    world.create(&ROLLOUTS, rollout).await;
    seconds(120).await;
    assert_eq!(world.get(&DEPLOYMENTS, "web").await["spec"]["replicas"], 0);
    // Pods of the canary that became the stable version.
    world.patch(&DEPLOYMENTS, "web", json!({ "spec": { "template": template("web", "b") } })).await;
    seconds(120).await;
    let ro = world.rollout("web").await;
    assert_eq!(ro["status"]["phase"], "Healthy", "{:#}", ro["status"]);
    let mut pods = world.list(&PODS).await;
    pods.retain(|pod| pod["metadata"]["labels"]["role"] == "stable");
    assert_eq!(pods.len(), 2);
    assert!(pods.iter().all(|pod| pod["spec"]["containers"][0]["image"] == "b"));
}

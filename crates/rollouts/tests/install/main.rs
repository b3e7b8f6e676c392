//! The manifests and the binary on a real API server: the controller runs as a process of its own, with the token of
//! its ServiceAccount and no rights but those of `deploy/`.
//!
//! Without the programs of a control plane on the machine it says so and passes, except in CI.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod objects;
mod process;
mod world;

use serde_json::json;
use tokio::time::Instant;
use world::World;

/// One cluster for all, because it takes a while to start.
#[tokio::test]
async fn install_switch_and_take_over() {
    let Some(binaries) = rollouts_cluster::binaries_for_tests() else { return };
    let world = World::new(&binaries).await;
    switch_from_the_go_controller(&world).await;
    cluster_install(&world).await;
    namespace_install(&world).await;
}

/// Ours over what has the same names and labels: one Deployment, and nothing of the old one in it.
async fn switch_from_the_go_controller(world: &World) {
    world.create_namespace("argo-rollouts").await;
    world.apply_text("argo-rollouts", &objects::of_the_go_controller());
    world.apply_file("argo-rollouts", "install.yaml");
    let deployments = world.kubectl("get deployments -n argo-rollouts -o json");
    let deployments: serde_json::Value = serde_json::from_str(&deployments).unwrap();
    let [deployment] = &deployments["items"].as_array().unwrap()[..] else { panic!("{deployments:#}") };
    let pod = &deployment["spec"]["template"]["spec"];
    let [container] = &pod["containers"].as_array().unwrap()[..] else { panic!("{pod:#}") };
    assert!(container["image"].as_str().unwrap().starts_with("rollouts-controller:"), "{container:#}");
    assert_eq!(pod["volumes"], json!(null));
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/readyz");
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    let role = world.kubectl("get clusterrole argo-rollouts -o json");
    assert!(!role.contains("configmaps"), "rights that only the old one needed are gone: {role}");
    // Again, it changes nothing.
    assert!(!world.apply_file("argo-rollouts", "install.yaml").contains("conflict"));
    // A simulated node would say that it runs; the real process is started below.
    world.kubectl("scale deployment argo-rollouts -n argo-rollouts --replicas=0");
}

async fn cluster_install(world: &World) {
    world.create_namespace("shop").await;
    world.apply_text("shop", &objects::canary());
    world.apply_text("shop", &objects::blue_green());
    let config = world.service_account("argo-rollouts", "default");
    let mut first = world.controller("first", &config, "argo-rollouts", &[]);
    world.ready(&first).await;
    world.settled("shop", "web", "Healthy").await;
    world.settled("shop", "app", "Healthy").await;
    let mut second = world.controller("second", &config, "argo-rollouts", &[]);
    world.ready(&second).await;
    assert_eq!(second.log_lines("Started controller"), 0, "a standby is ready, too");

    world.set_image("shop", "rollout/web", "b").await;
    world.settled("shop", "web", "Paused").await;
    world.set_image("shop", "deployment/app", "b").await;
    world.settled("shop", "app", "Paused").await;

    // Killed in the middle of both.
    first.kill();
    world.resume("shop", "web").await;
    world.resume("shop", "app").await;
    world.settled("shop", "web", "Healthy").await;
    world.settled("shop", "app", "Healthy").await;
    assert_eq!(second.log_lines("Started controller"), 1);

    // Suspended for longer than the lease lasts, as a virtual machine may be: nothing is written on waking up.
    let mut heir = world.controller("heir", &config, "argo-rollouts", &[]);
    world.ready(&heir).await;
    second.signal("STOP");
    let (suspended, writes) = (Instant::now(), second.writes());
    assert!(!writes.is_empty(), "it has worked before");
    world.set_image("shop", "rollout/web", "c").await;
    world.settled("shop", "web", "Paused").await;
    let suspended = suspended.elapsed().as_millis();
    second.signal("CONT");
    assert_eq!(second.ended().await, Some(0));
    // What was under way when it was suspended got its answer on waking up, and took all that time.
    let begun_since = second.writes().split_off(writes.len()).into_iter().filter(|took| *took < suspended).count();
    assert_eq!(begun_since, 0, "{}", second.tail());
    assert_eq!(second.log_lines("OnStoppedLeading called, shutting down"), 1);
    world.resume("shop", "web").await;
    world.settled("shop", "web", "Healthy").await;

    // Told to stop: the next one need not wait until the lease, of two minutes, has run out.
    let long = [
        "--leader-election-lease-duration=1h",
        "--leader-election-renew-deadline=30m",
        "--leader-election-retry-period=1s",
    ];
    assert_eq!(heir.terminate().await, Some(0));
    let mut third = world.controller("third", &config, "argo-rollouts", &long);
    world.ready(&third).await;
    third.wait_for("Started controller").await;
    let mut fourth = world.controller("fourth", &config, "argo-rollouts", &long);
    world.ready(&fourth).await;
    assert_eq!(third.terminate().await, Some(0));
    fourth.wait_for("Started controller").await;

    world.restart("shop", "web").await;
    world.settled("shop", "web", "Healthy").await;
    let metrics = fourth.metrics().await;
    let info = r#"rollout_info{namespace="shop",name="web",strategy="canary",traffic_router="",phase="Completed"} 1"#;
    assert!(metrics.contains(info), "{metrics}");
    assert!(metrics.contains("process_resident_memory_bytes"), "{metrics}");
    world.kubectl("delete rollout web app -n shop");
    world.given_back("shop", "app").await;
    assert_eq!(fourth.terminate().await, Some(0));
    for controller in [&first, &second, &heir, &third, &fourth] {
        controller.assert_never_forbidden();
    }
}

async fn namespace_install(world: &World) {
    world.create_namespace("team").await;
    world.apply_file("team", "namespace-install.yaml");
    world.kubectl("scale deployment argo-rollouts -n team --replicas=0");
    world.kubectl("delete clusterrolebinding argo-rollouts");
    world.apply_text("team", &objects::canary());
    world.apply_text("team", &objects::blue_green());
    world.apply_text("shop", &objects::canary());
    let config = world.service_account("team", "team");
    let mut controller = world.controller("team", &config, "team", &["--namespaced"]);
    world.ready(&controller).await;
    world.settled("team", "web", "Healthy").await;
    world.settled("team", "app", "Healthy").await;
    world.set_image("team", "rollout/web", "b").await;
    world.settled("team", "web", "Paused").await;
    world.resume("team", "web").await;
    world.settled("team", "web", "Healthy").await;
    world.restart("team", "web").await;
    world.settled("team", "web", "Healthy").await;
    assert_eq!(world.rollout("shop", "web").await["status"], json!(null), "another namespace is none of its business");
    assert_eq!(controller.terminate().await, Some(0));
    controller.assert_never_forbidden();
}

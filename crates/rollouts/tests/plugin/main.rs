//! Every command of the plugin on a real API server with RBAC, through the real kubectl: `kubectl argo rollouts …`, by
//! users with the rights of `docs/permissions.md` and no others, beside the controller as a process.
//!
//! Without the programs of a control plane, or kubectl, on the machine it says so and passes, except in CI.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod objects;
mod rights;
mod world;

use serde_json::Value;
use std::time::Duration;
use world::{Output, World};

/// One cluster for all, because it takes a while to start.
#[tokio::test]
async fn guides_walk_on_a_real_cluster() {
    let Some(binaries) = rollouts_cluster::binaries_for_tests() else { return };
    let mut world = World::new(&binaries).await;
    world.user("viewer", &["To look"]);
    world.user("operator", &["To look", "To steer, besides"]);
    without_a_cluster(&world).await;
    getting_started(&world).await;
    who_may_not(&world).await;
    an_abort_and_back(&world).await;
    retry_and_promote_in_full(&world).await;
    undo_and_pause(&world).await;
    restart(&world).await;
    a_referenced_workload(&world).await;
    experiments_and_runs(&world).await;
    what_is_offered(&world);
}

const DEMO: &str = "rollouts-demo";

fn image(tag: &str) -> String {
    format!("set image {DEMO} {DEMO}=argoproj/rollouts-demo:{tag}")
}

fn updated() -> String {
    format!("rollout \"{DEMO}\" image updated\n")
}

/// What the guides begin with: is it installed?
async fn without_a_cluster(world: &World) {
    let version = world.ok("viewer", "version").await;
    assert!(version.starts_with("kubectl-argo-rollouts: v"), "{version}");
    let help = world.ok("viewer", "--help").await;
    let commands = ["abort", "completion", "create", "dashboard", "get", "lint", "list", "notifications", "pause"];
    let more = ["promote", "restart", "retry", "set", "status", "terminate", "undo", "version"];
    for command in commands.iter().chain(&more) {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
    }
    assert!(world.ok("viewer", "completion bash").await.contains("kubectl-argo-rollouts"));
    let bare = world.run("viewer", "get").await;
    assert_eq!((bare.code, bare.stdout.as_str()), (1, ""));
    assert!(bare.stderr.starts_with("Usage:\n"), "{}", bare.stderr);
}

/// A first release, a canary that waits, a promotion.
async fn getting_started(world: &World) {
    let file = world.write("rollout.yaml", &objects::getting_started());
    // No error; a warning that the guide's Rollout deserves.
    let linted = world.run("viewer", &format!("lint -f {file}")).await;
    assert!(linted.code == 0 && linted.stderr.contains("[no-readiness-probe]"), "{}", linted.stderr);
    let refused = world.run("viewer", &format!("create -f {file}")).await;
    assert!(refused.code == 1 && refused.stderr.contains("is forbidden"), "{}", refused.stderr);
    let created = world.ok("operator", &format!("create -f {file}")).await;
    assert_eq!(created, format!("rollout.argoproj.io/{DEMO} created\n"));
    assert!(world.ok("viewer", &format!("status {DEMO}")).await.ends_with("Healthy\n"));
    let list = world.ok("viewer", "list rollouts").await;
    assert!(list.contains(&format!("{DEMO}  Canary     Healthy       8/8   100         5/5")), "{list}");

    assert_eq!(world.ok("operator", &image("yellow")).await, updated());
    world.reaches(DEMO, "Paused - CanaryPauseStep").await;
    let tree = world.ok("viewer", &format!("get rollout {DEMO}")).await;
    for line in [
        "Status:          ॥ Paused\n",
        "Message:         CanaryPauseStep\n",
        "  Step:          1/8\n  SetWeight:     20\n  ActualWeight:  20\n",
        "argoproj/rollouts-demo:blue (stable)\n",
        "argoproj/rollouts-demo:yellow (canary)\n",
        "  Desired:       5\n  Current:       5\n  Updated:       1\n  Ready:         5\n  Available:     5\n",
    ] {
        assert!(tree.contains(line), "{line}{tree}");
    }
    assert_eq!(tree.matches("□ rollouts-demo-").count(), 5, "{tree}");

    assert_eq!(world.ok("operator", &format!("promote {DEMO}")).await, format!("rollout '{DEMO}' promoted\n"));
    // Followed to its end, into a pipe: text, and the command ends by itself.
    let status = world.ok("viewer", &format!("status {DEMO}")).await;
    assert!(status.contains("Progressing - ") && status.ends_with("Healthy\n"), "{status}");
    let followed = world.ok("viewer", &format!("get rollout {DEMO} -w --timeout-seconds 2")).await;
    assert!(followed.starts_with("Name:            rollouts-demo\n") && !followed.contains('\u{1b}'), "{followed}");
    assert_eq!(followed.matches("Status: ").count(), 1, "nothing happened but that time passed: {followed}");
}

/// Rights that are missing are told in the server's words.
async fn who_may_not(world: &World) {
    for line in [
        image("red"),
        format!("abort {DEMO}"),
        format!("pause {DEMO}"),
        format!("restart {DEMO}"),
        format!("retry rollout {DEMO}"),
        format!("undo {DEMO}"),
    ] {
        let Output { code, stdout, stderr } = world.run("viewer", &line).await;
        assert_eq!((code, stdout.as_str()), (1, ""), "{line}");
        assert!(
            stderr.starts_with("Error: ")
                && stderr.contains("is forbidden: User \"system:serviceaccount:demo:viewer\""),
            "{line}: {stderr}"
        );
    }
    for line in ["list rollouts -A", &format!("get rollout {DEMO} -n default"), "list experiments -n default"] {
        let Output { code, stderr, .. } = world.run("operator", line).await;
        assert!(code == 1 && stderr.contains("is forbidden"), "{line}: {stderr}");
    }
    let missing = world.run("viewer", "get rollout nosuch").await;
    assert_eq!((missing.code, missing.stderr.as_str()), (1, "Error: rollout.argoproj.io \"nosuch\" not found\n"));
}

/// After an abort a rollout is degraded until its old image is set again, and healthy at once then.
async fn an_abort_and_back(world: &World) {
    assert_eq!(world.ok("operator", &image("red")).await, updated());
    world.reaches(DEMO, "Paused - CanaryPauseStep").await;
    let sets = world.replica_sets();
    assert_eq!(world.ok("operator", &format!("abort {DEMO}")).await, format!("rollout '{DEMO}' aborted\n"));
    world.reaches(DEMO, "Degraded").await;
    let status = world.run("viewer", &format!("status {DEMO}")).await;
    let why = "RolloutAborted: Rollout aborted update to revision 3";
    assert_eq!((status.code, status.stdout), (1, format!("Degraded - {why}\n")));
    assert_eq!(status.stderr, format!("Error: The rollout is in a degraded state with message: {why}\n"));
    assert_eq!(world.ok("operator", &image("yellow")).await, updated());
    assert!(world.ok("viewer", &format!("status {DEMO} --timeout 60s")).await.ends_with("Healthy\n"));
    assert_eq!(world.replica_sets(), sets, "no new ReplicaSet");
}

async fn retry_and_promote_in_full(world: &World) {
    world.ok("operator", &image("red")).await;
    world.reaches(DEMO, "Paused - CanaryPauseStep").await;
    world.ok("operator", &format!("abort {DEMO}")).await;
    world.reaches(DEMO, "Degraded").await;
    assert_eq!(world.ok("operator", &format!("retry rollout {DEMO}")).await, format!("rollout '{DEMO}' retried\n"));
    world.reaches(DEMO, "Paused - CanaryPauseStep").await;
    assert_eq!(
        world.ok("operator", &format!("promote {DEMO} --full")).await,
        format!("rollout '{DEMO}' fully promoted\n")
    );
    assert!(world.ok("viewer", &format!("status {DEMO}")).await.ends_with("Healthy\n"));
}

async fn undo_and_pause(world: &World) {
    assert_eq!(world.ok("operator", &format!("undo {DEMO}")).await, format!("rollout '{DEMO}' undo\n"));
    world.reaches(DEMO, "Paused - CanaryPauseStep").await;
    let tree = world.ok("viewer", &format!("get ro {DEMO}")).await;
    assert!(tree.contains("argoproj/rollouts-demo:yellow (canary)\n"), "{tree}");
    let unknown = world.run("operator", &format!("undo {DEMO} --to-revision=99")).await;
    assert_eq!(
        (unknown.code, unknown.stderr.as_str()),
        (1, "Error: unable to find specified revision 99 in history\n")
    );
    world.ok("operator", &format!("promote {DEMO} --full")).await;
    assert!(world.ok("viewer", &format!("status {DEMO}")).await.ends_with("Healthy\n"));

    assert_eq!(world.ok("operator", &format!("pause {DEMO}")).await, format!("rollout '{DEMO}' paused\n"));
    world.reaches(DEMO, "Paused - manually paused").await;
    world.ok("operator", &format!("promote {DEMO}")).await;
    assert!(world.ok("viewer", &format!("status {DEMO}")).await.ends_with("Healthy\n"));
}

/// All pods that are older than the restart go, one by one.
async fn restart(world: &World) {
    let before = world.pods(DEMO);
    assert_eq!(world.ok("operator", &format!("restart {DEMO}")).await, format!("rollout '{DEMO}' restarts in 0s\n"));
    world
        .until("all pods are others", async || {
            let now = world.pods(DEMO);
            now.len() == 5 && now.iter().all(|pod| !before.contains(pod))
        })
        .await;
    assert!(world.ok("viewer", &format!("status {DEMO}")).await.ends_with("Healthy\n"));
}

async fn a_referenced_workload(world: &World) {
    world.apply(&objects::workload_ref());
    assert!(world.ok("viewer", "status byref").await.ends_with("Healthy\n"));
    let said = world.ok("operator", "set image byref main=argoproj/rollouts-demo:yellow").await;
    assert_eq!(said, "deployment \"base\" image updated\n");
    world.reaches("byref", "Paused - CanaryPauseStep").await;
    assert_eq!(world.ok("operator", "undo byref").await, "rollout 'byref' undo\n");
    assert!(world.ok("viewer", "status byref").await.ends_with("Healthy\n"));
}

async fn experiments_and_runs(world: &World) {
    world.apply(&objects::experiment());
    let file = world.write("template.yaml", &objects::analysis_template());
    assert_eq!(
        world.ok("operator", &format!("create -f {file}")).await,
        "analysistemplate.argoproj.io/later created\n"
    );
    let created = world.ok("operator", "create analysisrun --from later --name waits").await;
    assert_eq!(created, "analysisrun.argoproj.io/waits created\n");
    world
        .until("the experiment runs", async || {
            world.ok("viewer", "list experiments").await.contains("ab          Running")
        })
        .await;
    let tree = world.ok("viewer", "get experiment ab").await;
    assert!(tree.contains("Status:          ◌ Running\n") && tree.contains("□ ab-one-"), "{tree}");
    assert!(world.run("viewer", "terminate experiment ab").await.stderr.contains("is forbidden"));
    assert_eq!(world.ok("operator", "terminate experiment ab").await, "experiment 'ab' terminated\n");
    world
        .until("the experiment ends", async || world.ok("viewer", "get experiment ab").await.contains("✔ Successful"))
        .await;
    assert_eq!(world.ok("operator", "retry experiment ab").await, "experiment 'ab' retried\n");

    let phase = || world.admin("get analysisrun waits -o jsonpath={.status.phase}");
    world.until("the run runs", async || phase() == "Running").await;
    assert_eq!(world.ok("operator", "terminate analysisrun waits").await, "analysisRun 'waits' terminated\n");
    world.until("the run ends", async || phase() == "Successful").await;
}

/// Completion, as kubectl asks for it, with the rights of somebody who looks.
fn what_is_offered(world: &World) {
    for (line, expected) in [
        ("get rollout roll", "rollouts-demo\n:4\n"),
        ("get experiment ", "ab\n:4\n"),
        ("terminate analysisrun ", "waits\n:4\n"),
        ("set image rollouts-demo ", "rollouts-demo=\targoproj/rollouts-demo:yellow\n:6\n"),
        // Namespaces are not theirs to see.
        ("get rollout -n ", ":1\n"),
    ] {
        assert_eq!(world.complete("viewer", line), expected, "{line}");
    }
    let revisions = world.complete("viewer", "undo rollouts-demo --to-revision ");
    assert!(revisions.ends_with("1\targoproj/rollouts-demo:blue\n:36\n"), "{revisions}");
}

/// How long one state may take to come; generous, for machines that are busy building.
const STATE_TIMEOUT: Duration = Duration::from_secs(180);
/// How often it is looked for.
const STATE_INTERVAL: Duration = Duration::from_millis(300);

fn names(list: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(list).unwrap();
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

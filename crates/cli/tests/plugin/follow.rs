//! Commands that follow what changes.

use crate::support::cluster::{Cluster, rollout};
use crate::support::{Output, World, run_in};
use futures::FutureExt;
use rollouts_cli::{Size, Variables};
use rollouts_kube::resource::ROLLOUTS;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A Rollout whose status says what is given.
async fn with_status(cluster: &Cluster, phase: &str, message: &str) {
    let status = json!({"status": {"phase": phase, "message": message}});
    cluster.merge(&ROLLOUTS, "web", Some("status"), status).await;
}

async fn delete(cluster: &Cluster, name: &str) {
    cluster.rest().delete(&ROLLOUTS, "default", name, &Default::default()).await.expect("it is deleted");
}

#[tokio::test(start_paused = true)]
async fn status_ends_with_the_rollout() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    with_status(&cluster, "Progressing", "more replicas need to be updated").await;
    let (output, ()) = tokio::join!(cluster.run("status web"), async {
        sleep(Duration::from_secs(10)).await;
        with_status(&cluster, "Paused", "CanaryPauseStep").await;
        // A watch that is cut comes back.
        cluster.server.drop_watches();
        sleep(Duration::from_secs(3600)).await;
        cluster.merge(&ROLLOUTS, "web", None, json!({"metadata": {"labels": {"a": "b"}}})).await;
        with_status(&cluster, "Healthy", "").await;
    });
    let lines = "Progressing - more replicas need to be updated\nPaused - CanaryPauseStep\nHealthy\n";
    assert_eq!(output, Output { code: 0, stdout: lines.into(), stderr: String::new() });

    with_status(&cluster, "Degraded", "RolloutAborted: why").await;
    let problem = "Error: The rollout is in a degraded state with message: RolloutAborted: why\n";
    let degraded = |stdout: &str| Output { code: 1, stdout: stdout.into(), stderr: problem.into() };
    assert_eq!(cluster.run("status web").await, degraded("Degraded - RolloutAborted: why\n"));
    assert_eq!(cluster.run("status web --watch=false").await, degraded("Degraded\n"));
    with_status(&cluster, "Progressing", "").await;
    assert_eq!(cluster.ok("status web -w=false").await, "Progressing - \n");
}

#[tokio::test(start_paused = true)]
async fn status_gives_up_in_time() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    with_status(&cluster, "Paused", "CanaryPauseStep").await;
    let start = Instant::now();
    let output = cluster.run("status web --timeout 1500ms").await;
    assert_eq!(start.elapsed().as_millis(), 1500);
    assert_eq!((output.code, output.stdout.as_str()), (1, "Paused - CanaryPauseStep\n"));
    assert_eq!(output.stderr, "Error: Rollout status watch exceeded timeout\n");
}

#[tokio::test(start_paused = true)]
async fn get_draws_only_what_is_new() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    with_status(&cluster, "Progressing", "").await;
    sleep(Duration::from_secs(200)).await;
    let (output, ()) = tokio::join!(cluster.run("get rollout web -w --no-color --timeout-seconds 5"), async {
        sleep(Duration::from_secs(2)).await;
        // Many changes at once are one screen.
        for i in 0..20 {
            with_status(&cluster, "Progressing", &format!("step {i}")).await;
        }
    });
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    assert_eq!(output.stdout.matches("\u{1b}[2J").count(), 1, "the terminal is cleared once, for it would flicker");
    let plain = ["\u{1b}[2J", "\u{1b}[K", "\u{1b}[J", "\u{1b}[?25l", "\u{1b}[?25h"];
    let text = plain.iter().fold(output.stdout, |text, sequence| text.replace(sequence, ""));
    let screens: Vec<_> = text.split("\u{1b}[H").skip(1).collect();
    assert!(screens[0].starts_with("Name:            web\nNamespace:       default\nStatus:          ◌ Progressing\n"));
    let new: Vec<_> = screens.iter().filter(|s| s.contains("Message:         step ")).collect();
    assert!(!new.is_empty() && new.iter().all(|s| s.contains("step 0\n") || s.contains("step 19\n")), "{new:#?}");
    assert!(screens.windows(2).all(|pair| pair[0] != pair[1]), "the same screen is not drawn twice");
    assert!(screens.len() <= 8, "a screen a second at most when nothing but ages changes: {}", screens.len());
}

#[tokio::test(start_paused = true)]
async fn get_prints_a_block_for_each_change_where_nothing_can_be_drawn_over() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    with_status(&cluster, "Progressing", "").await;
    let terminal = |no_color: Option<&str>| Variables {
        home: None,
        term: Some("xterm".into()),
        no_color: no_color.map(str::to_owned),
    };
    for (is_tty, variables) in [(false, terminal(None)), (true, terminal(Some("1")))] {
        let world = World { is_tty, variables, ..World::of(&cluster, cluster.clock.clone()) };
        let (output, ()) = tokio::join!(run_in(world, "get rollout web -w --timeout-seconds 60"), async {
            sleep(Duration::from_secs(20)).await;
            with_status(&cluster, "Paused", "CanaryPauseStep").await;
            sleep(Duration::from_secs(20)).await;
            with_status(&cluster, "Progressing", "").await;
        });
        assert_eq!((output.code, output.stderr.as_str()), (0, ""));
        assert!(!output.stdout.contains('\u{1b}'), "{:?}", output.stdout);
        let statuses: Vec<_> = output.stdout.lines().filter_map(|l| l.strip_prefix("Status:          ")).collect();
        assert_eq!(statuses, ["◌ Progressing", "॥ Paused", "◌ Progressing"], "sixty seconds of age are no change");
        assert_eq!(output.stdout.matches("\n\nName: ").count(), 2, "{}", output.stdout);
    }
}

#[tokio::test(start_paused = true)]
async fn get_fits_the_terminal_and_leaves_it_as_it_was() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    let size = Some(Size { columns: 20, rows: 6 });
    let stop = sleep(Duration::from_secs(2)).boxed();
    let world = World { size, stop, ..World::of(&cluster, cluster.clock.clone()) };
    let output = run_in(world, "get rollout web -w").await;
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    for frame in output.stdout.split("\u{1b}[?25l").skip(1) {
        assert!(frame.matches('\n').count() <= 6 && frame.contains(" more lines"), "{frame:?}");
        assert!(frame.trim_end().ends_with("\u{1b}[?25h"), "the cursor is there again: {frame:?}");
    }
    assert!(output.stdout.ends_with('\n'), "the prompt has a line of its own");
}

#[tokio::test(start_paused = true)]
async fn get_ends_with_its_rollout() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    let (output, ()) = tokio::join!(cluster.run("get rollout web -w"), async {
        sleep(Duration::from_secs(3)).await;
        delete(&cluster, "web").await;
    });
    assert_eq!((output.code, output.stderr.as_str()), (1, "Error: rollout.argoproj.io \"web\" not found\n"));
}

#[tokio::test(start_paused = true)]
async fn list_prints_what_changes() {
    let cluster = Cluster::start();
    cluster.create(rollout("api"));
    cluster.create(rollout("web"));
    let (output, ()) = tokio::join!(cluster.run_for("list rollouts -w", Duration::from_secs(60)), async {
        sleep(Duration::from_secs(10)).await;
        with_status(&cluster, "Paused", "a").await;
        // Nothing of this is in a row.
        with_status(&cluster, "Paused", "b").await;
        sleep(Duration::from_secs(10)).await;
        cluster.server.compact(cluster.server.resource_version());
        cluster.server.drop_watches();
        delete(&cluster, "api").await;
    });
    let lines = "\
NAME        STRATEGY   STATUS        STEP  SET-WEIGHT  READY  DESIRED  UP-TO-DATE  AVAILABLE
api         Canary     Progressing   -     50          0/0    2        0           0        
web         Canary     Progressing   -     50          0/0    2        0           0        
web         Canary     Paused        -     50          0/0    2        0           0        
api         Canary     Deleted       -     50          0/0    2        0           0        
";
    assert_eq!(output, Output { code: 0, stdout: lines.into(), stderr: String::new() });
}

#[tokio::test(start_paused = true)]
async fn following_stops_when_asked() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    with_status(&cluster, "Paused", "CanaryPauseStep").await;
    let time = Duration::from_secs(2);
    assert_eq!(cluster.run_for("get rollout web -w", time).await.code, 0);
    let status = cluster.run_for("status web", time).await;
    assert_eq!((status.code, status.stderr.as_str()), (1, "Error: Rollout status watch exceeded timeout\n"));
}

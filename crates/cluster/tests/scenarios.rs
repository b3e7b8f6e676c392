//! The scenarios of `crates/sim/golden`, in real time on a real API server: a user sees there what was recorded, too.
//!
//! All of them are played at once, each in its own namespace, with one controller. `SCENARIOS=canary-,bg-metadata` in
//! the environment plays those whose names contain one of these words; `GOLDEN_OUT=DIR` writes our recordings there.

use futures::StreamExt;
use rollouts_cluster::{Cluster, Options, binaries_for_tests};
use rollouts_kube::system_clock;
use rollouts_sim::golden::Golden;
use rollouts_sim::scenario::play_on;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Scenarios played at once. Most of the time they wait.
const PLAYED_AT_ONCE: usize = 24;

#[tokio::test]
async fn scenarios_play_as_recorded() {
    let Some(binaries) = binaries_for_tests() else { return };
    let mut cluster = Cluster::start(&binaries, &Options::default()).await.expect("a cluster");
    cluster.install_crds().await.expect("custom resources");
    let chosen: Vec<Golden> = Golden::all().expect("recordings").into_iter().filter(|g| is_chosen(&g.name)).collect();
    for golden in &chosen {
        cluster.create_namespace(&golden.scenario.name).await.expect("a namespace");
    }
    let (client, clock, stop) = (cluster.client(), system_clock(), CancellationToken::new());
    let controller = rollouts_controller::Options::new(clock.clone());
    let controller = tokio::spawn(rollouts_controller::run(client.clone(), controller, stop.clone()));

    let plays = chosen.iter().map(|golden| {
        let (client, clock) = (&client, &clock);
        async move {
            let ours = play_on(client, clock, &golden.scenario).await.map_err(|e| format!("{}: {e}", golden.name))?;
            if let Some(dir) = std::env::var_os("GOLDEN_OUT") {
                let text = serde_json::to_string_pretty(&ours).expect("JSON");
                let file = Path::new(&dir).join(&golden.name).with_extension("json");
                std::fs::write(file, text).expect("a directory to write to");
            }
            golden.check(&ours)
        }
    });
    let results: Vec<Result<(), String>> =
        futures::stream::iter(plays).buffer_unordered(PLAYED_AT_ONCE).collect().await;
    let problems: Vec<String> = results.into_iter().filter_map(Result::err).collect();

    stop.cancel();
    controller.await.expect("a controller that ends");
    assert_eq!(cluster.broken(), None);
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), chosen.len(), problems.join("\n"));
}

fn is_chosen(name: &str) -> bool {
    let words = std::env::var("SCENARIOS").unwrap_or_default();
    words.split(',').any(|word| name.contains(word))
}

//! What needs no cluster.

use crate::support::{Nowhere, Output, World, run_in};
use rollouts_api::Clock;

async fn offline(line: &str) -> Output {
    run_in(World::of(&Nowhere, Clock::new(|| jiff::Timestamp::UNIX_EPOCH)), line).await
}

#[tokio::test]
async fn version_completion_and_no_cluster() {
    let version = offline("version").await.stdout;
    let labels: Vec<_> = version.lines().map(|line| line.split(':').next().unwrap_or("")).collect();
    let expected = [
        "kubectl-argo-rollouts",
        "  BuildDate",
        "  GitCommit",
        "  GitTreeState",
        "  GoVersion",
        "  Compiler",
        "  Platform",
    ];
    assert_eq!(labels, expected);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = offline(&format!("completion {shell}")).await.stdout;
        assert!(script.contains("__complete") && script.contains("kubectl-argo-rollouts"), "{shell}");
    }
    let output = offline("get rollout web").await;
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    assert!(output.stderr.starts_with("Error: no cluster is configured"), "{}", output.stderr);
}

/// Every command says what it is for, and shows how it is used.
#[tokio::test]
async fn every_command_has_help_with_examples() {
    let mut paths = vec![String::new()];
    let mut seen = 0;
    while let Some(path) = paths.pop() {
        let help = offline(format!("{path} --help").trim_start()).await.stdout;
        // Lint and completion have their examples in their text, or none yet.
        let has_none = ["lint", "completion"].contains(&path.as_str());
        assert!(has_none || help.contains("\nExamples:\n  # "), "{path}:\n{help}");
        seen += 1;
        let below = help.split_once("\nAvailable Commands:\n").map_or("", |(_, below)| below);
        for line in below.lines().take_while(|line| !line.is_empty()) {
            let name = line.split_whitespace().next().expect("a name");
            if name != "help" {
                paths.push(format!("{path} {name}").trim().to_owned());
            }
        }
    }
    assert!(seen > 30, "{seen}");
}

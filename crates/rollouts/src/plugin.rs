//! `kubectl argo rollouts`, run on the process's own streams.

/// Runs one command of the plugin and gives its exit code.
pub async fn run(args: Vec<String>) -> i32 {
    rollouts_cli::run_on_terminal(args).await
}

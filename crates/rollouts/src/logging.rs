//! Logs go to standard error.

use tracing_subscriber::EnvFilter;

/// What the playground logs: only what went wrong.
pub const QUIET: &str = "warn";

/// Starts logging at `level`, unless `RUST_LOG` says otherwise.
pub fn start(level: &str, json: bool) {
    let ours = |level: &str| {
        EnvFilter::new(format!("warn,rollouts={level},rollouts_controller={level},rollouts_kube={level}"))
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| ours(level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match json {
        true => builder.json().flatten_event(true).init(),
        false => builder.init(),
    }
}

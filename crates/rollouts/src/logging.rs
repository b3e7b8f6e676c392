//! Logs go to standard error.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// What the playground logs: only what went wrong.
pub const QUIET: &str = "warn";

/// Starts logging at `level`, unless `RUST_LOG` says otherwise. Colours only on a terminal, and never with `NO_COLOR`.
pub fn start(level: &str, json: bool) {
    // The client library logs every failed request; ours says once what was lost and when it is back.
    let ours = format!("warn,kube_client=off,rollouts={level},rollouts_controller={level},rollouts_kube={level}");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(ours));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(colours)
        // Nobody may be reading any more; that must not disturb the work.
        .log_internal_errors(false);
    match json {
        true => builder.json().flatten_event(true).init(),
        false => builder.init(),
    }
}

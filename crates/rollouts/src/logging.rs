//! Logs go to standard error, in the forms of the Go controller.

mod fields;
mod format;

use format::{Form, Format};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// What the playground logs: only what went wrong.
pub const QUIET: Level = Level("warn");

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(&'static str);

impl Level {
    /// A level by the name that the Go controller knows it by, whatever its case.
    pub fn parse(name: &str) -> Option<Self> {
        Some(Level(match name.to_lowercase().as_str() {
            // Nothing is logged at these: what ends the process is told when it ends.
            "panic" | "fatal" => "off",
            "error" => "error",
            "warn" | "warning" => "warn",
            "info" => "info",
            "debug" => "debug",
            "trace" => "trace",
            _ => return None,
        }))
    }
}

/// Starts logging, unless `RUST_LOG` says otherwise. `client_verbosity` is klog's: from 6 each request is logged.
/// Colours only on a terminal, and never with `NO_COLOR`.
pub fn start(Level(level): Level, json: bool, client_verbosity: i64) {
    let others = if matches!(level, "off" | "error") { level } else { "warn" };
    let requests = if client_verbosity >= 6 { "trace" } else { "off" };
    // The client library logs every failed request; ours says once what was lost and when it is back.
    let ours = format!("{others},kube_client=off,rollouts={level},rollouts_kube::requests={requests}");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(ours));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let form = match (json, colours) {
        (true, _) => Form::Json,
        (false, true) => Form::Colours,
        (false, false) => Form::Text,
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Nobody may be reading any more; that must not disturb the work.
        .log_internal_errors(false)
        .event_format(Format { form, clock: rollouts_kube::system_clock() })
        .init();
}

//! `kubectl argo rollouts`, run on the process's own streams.

use crate::logging;
use rollouts_cli::{BuildInfo, LogLevel, Logging};

/// What `version` prints. A release build sets the variables.
const BUILD: BuildInfo = BuildInfo {
    version: match option_env!("ROLLOUTS_VERSION") {
        Some(version) => version,
        None => concat!("v", env!("CARGO_PKG_VERSION"), "+unknown"),
    },
    date: match option_env!("ROLLOUTS_BUILD_DATE") {
        Some(date) => date,
        None => "1970-01-01T00:00:00Z",
    },
    commit: match option_env!("ROLLOUTS_GIT_COMMIT") {
        Some(commit) => commit,
        None => "",
    },
    tree_state: match option_env!("ROLLOUTS_GIT_TREE_STATE") {
        Some(state) => state,
        None => "",
    },
    compiler: concat!("rust", env!("CARGO_PKG_RUST_VERSION")),
};

/// Verbosity of the Kubernetes client from which it logs requests.
const VERBOSE: i64 = 6;

/// Runs one command of the plugin and gives its exit code.
pub async fn run(args: Vec<String>) -> i32 {
    rollouts_cli::run_on_terminal(&args, BUILD, &start_logging).await
}

fn start_logging(logging: Logging) {
    let level = match logging.level {
        _ if logging.client_verbosity >= VERBOSE => "debug",
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    logging::start(level, false);
}

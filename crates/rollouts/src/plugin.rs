//! `kubectl argo rollouts`, run on the process's own streams.

use crate::logging::{self, Level};
use rollouts_cli::{BuildInfo, LogLevel};

/// Runs one command of the plugin and gives its exit code.
pub async fn run(args: &[String]) -> i32 {
    let build = BuildInfo {
        version: concat!("v", env!("CARGO_PKG_VERSION")),
        date: option_env!("ROLLOUTS_BUILD_DATE").unwrap_or_default(),
        commit: option_env!("ROLLOUTS_GIT_COMMIT").unwrap_or_default(),
        tree_state: option_env!("ROLLOUTS_GIT_TREE_STATE").unwrap_or_default(),
        compiler: env!("CARGO_PKG_RUST_VERSION"),
    };
    rollouts_cli::run_on_terminal(args, build, &|asked| {
        let level = match asked.level {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        };
        let level = Level::parse(level).unwrap_or(logging::QUIET);
        logging::start(level, false, asked.client_verbosity);
    })
    .await
}

//! What a command may touch: everything is handed in.

use crate::screen::Size;
use futures::stream::BoxStream;
use rollouts_api::Clock;
use rollouts_kube::{ConnectError, ConnectOptions, KubeconfigEntries};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The world of one command.
pub struct Env<'a> {
    /// Results.
    pub stdout: &'a mut (dyn Write + Send),
    /// Errors, warnings, usage after misuse.
    pub stderr: &'a mut (dyn Write + Send),
    /// The present.
    pub clock: Clock,
    /// Whether standard output is a terminal.
    pub is_tty: bool,
    /// Size of that terminal at present, if it tells.
    pub size: &'a (dyn Fn() -> Option<Size> + Sync),
    /// An item each time that has changed.
    pub resized: BoxStream<'a, ()>,
    /// Environment variables.
    pub variables: Variables,
    /// Reads a file that a flag names, relative to the directory that the user is in; `-` is standard input.
    pub files: &'a (dyn Fn(&Path) -> io::Result<Vec<u8>> + Sync),
    /// Lists the files and directories in a directory, each with its path.
    pub folders: &'a (dyn Fn(&Path) -> io::Result<Vec<PathBuf>> + Sync),
    /// How API servers are reached.
    pub connect: &'a (dyn Connector + Sync),
    /// An item each time the user asks to stop (Ctrl-C, SIGTERM).
    pub shutdown: BoxStream<'a, ()>,
    /// Called once, before a command does anything, with what the logging flags say.
    pub logging: &'a (dyn Fn(Logging) + Sync),
    /// What `version` prints.
    pub build: BuildInfo,
}

/// Environment variables that change what is printed.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// `HOME`.
    pub home: Option<String>,
    /// `TERM`.
    pub term: Option<String>,
    /// `NO_COLOR`: any value but the empty one turns colours, and all other escape sequences, off.
    pub no_color: Option<String>,
}

/// How an API server is reached.
pub trait Connector {
    /// A client, and the namespace where none is given. Called inside the runtime.
    fn connect(&self, options: &ConnectOptions) -> Result<(kube::Client, String), ConnectError>;

    /// What there is to choose from.
    fn entries(&self, options: &ConnectOptions) -> Result<KubeconfigEntries, ConnectError> {
        rollouts_kube::kubeconfig_entries(options)
    }
}

/// By kubeconfig, or as a pod of the cluster.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kubeconfig;

impl Connector for Kubeconfig {
    fn connect(&self, options: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
        rollouts_kube::connect(options)
    }
}

/// What the logging flags say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logging {
    /// `--loglevel`.
    pub level: LogLevel,
    /// `--kloglevel`: verbosity of the Kubernetes client, 0 to 9.
    pub client_verbosity: i64,
}

/// A level by its logrus name; `fatal` and `panic` mean [`LogLevel::Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// `error`, `fatal`, `panic`.
    Error,
    /// `warn`, `warning`.
    Warn,
    /// `info`.
    Info,
    /// `debug`.
    Debug,
    /// `trace`.
    Trace,
}

impl LogLevel {
    /// Reads a name, in any case.
    pub fn parse(name: &str) -> Option<LogLevel> {
        Some(match name.to_ascii_lowercase().as_str() {
            "panic" | "fatal" | "error" => LogLevel::Error,
            "warn" | "warning" => LogLevel::Warn,
            "info" => LogLevel::Info,
            "debug" => LogLevel::Debug,
            "trace" => LogLevel::Trace,
            _ => return None,
        })
    }
}

/// Where this program comes from.
#[derive(Debug, Clone, Copy)]
pub struct BuildInfo {
    /// Version, such as `v1.10.0`.
    pub version: &'static str,
    /// When it was built, RFC 3339; may be empty.
    pub date: &'static str,
    /// Commit; may be empty.
    pub commit: &'static str,
    /// `clean`, `dirty`, or empty.
    pub tree_state: &'static str,
    /// Version of the compiler.
    pub compiler: &'static str,
}

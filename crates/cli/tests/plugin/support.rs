//! Runs command lines in this process.

pub mod cluster;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use rollouts_api::Clock;
use rollouts_cli::{BuildInfo, Connector, Env, Logging, Size, Variables};
use rollouts_kube::{ConnectError, ConnectOptions};
use std::path::Path;

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Where there is no API server.
pub struct Nowhere;

impl Connector for Nowhere {
    fn connect(&self, _: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
        Err(ConnectError::Nowhere { tried: Vec::new() })
    }
}

/// Arguments of a recorded command line: words between single spaces, the last of which may be empty.
pub fn words(line: &str) -> Vec<String> {
    if line.is_empty() { Vec::new() } else { line.split(' ').map(str::to_owned).collect() }
}

pub const BUILD: BuildInfo = BuildInfo {
    version: "v99.99.99+unknown",
    date: "1970-01-01T00:00:00Z",
    commit: "",
    tree_state: "",
    compiler: "1.0",
};

/// The surroundings of a command.
pub struct World<'a> {
    pub connect: &'a (dyn Connector + Sync),
    pub clock: Clock,
    pub is_tty: bool,
    pub variables: Variables,
    /// Of the terminal.
    pub size: Option<Size>,
    /// Files, by the path that leads to them; `-` is standard input.
    pub files: &'a [(&'a str, &'a str)],
    /// When the command is asked to stop.
    pub stop: BoxFuture<'a, ()>,
}

impl<'a> World<'a> {
    /// A terminal with colours.
    pub fn of(connect: &'a (dyn Connector + Sync), clock: Clock) -> Self {
        let variables = Variables { home: Some("/home/user".into()), term: Some("xterm".into()), no_color: None };
        World { connect, clock, is_tty: true, variables, size: None, files: &[], stop: std::future::pending().boxed() }
    }
}

/// Runs a command line.
pub async fn run_in(world: World<'_>, line: &str) -> Output {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let env = Env {
        stdout: &mut stdout,
        stderr: &mut stderr,
        clock: world.clock,
        is_tty: world.is_tty,
        size: &|| world.size,
        resized: futures::stream::pending().boxed(),
        variables: world.variables,
        files: &|path: &Path| match world.files.iter().find(|(name, _)| Path::new(name) == path) {
            Some((_, text)) => Ok(text.as_bytes().to_vec()),
            // What a test has in its own directory.
            None => std::fs::read(path),
        },
        folders: &|path: &Path| std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect(),
        connect: world.connect,
        shutdown: futures::stream::once(world.stop).boxed(),
        logging: &|_: Logging| {},
        build: BUILD,
    };
    let code = rollouts_cli::run(&words(line), env).await;
    let text = |bytes| String::from_utf8(bytes).expect("output is text");
    Output { code, stdout: text(stdout), stderr: text(stderr) }
}

//! Running a command on this process's own streams: the only place that touches them.

use crate::env::{BuildInfo, Env, Kubeconfig, Logging, Variables};
use crate::screen::Size;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

/// Runs one command line, given without the program's own name, and returns the exit code. `logging` is called with
/// what the logging flags say before the command does anything.
pub async fn run_on_terminal(args: &[String], build: BuildInfo, logging: &(dyn Fn(Logging) + Sync)) -> i32 {
    let mut stdout = io::stdout();
    let is_tty = stdout.is_terminal();
    let variable = |name| std::env::var(name).ok();
    let env = Env {
        stdout: &mut stdout,
        stderr: &mut io::stderr(),
        clock: rollouts_kube::system_clock(),
        is_tty,
        size: &size,
        resized: resizes(),
        variables: Variables { home: variable("HOME"), term: variable("TERM"), no_color: variable("NO_COLOR") },
        files: &read,
        folders: &list,
        connect: &Kubeconfig,
        shutdown: interrupts(),
        logging,
        build,
    };
    crate::run(args, env).await
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path != Path::new("-") {
        return std::fs::read(path);
    }
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    Ok(text)
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(unix)]
fn size() -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    // Some terminals, serial ones mostly, do not know.
    (size.ws_col > 0 && size.ws_row > 0)
        .then(|| Size { columns: usize::from(size.ws_col), rows: usize::from(size.ws_row) })
}

#[cfg(not(unix))]
fn size() -> Option<Size> {
    None
}

/// An item each time the terminal has got another size.
#[cfg(unix)]
fn resizes() -> BoxStream<'static, ()> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    async fn next(signal: Option<Signal>) -> Option<((), Option<Signal>)> {
        let mut signal = signal?;
        signal.recv().await?;
        Some(((), Some(signal)))
    }
    // What cannot be caught is not noticed.
    let signal = async { signal(SignalKind::window_change()).ok() };
    stream::once(signal).flat_map(|signal| stream::unfold(signal, next)).boxed()
}

#[cfg(not(unix))]
fn resizes() -> BoxStream<'static, ()> {
    stream::pending().boxed()
}

/// An item for each Ctrl-C and SIGTERM. Nothing is caught before somebody waits for one: until then they end the
/// process as usual.
fn interrupts() -> BoxStream<'static, ()> {
    stream::once(async { Signals::catch() }).flat_map(|signals| stream::unfold(signals, Signals::next)).boxed()
}

#[cfg(unix)]
struct Signals(Option<[tokio::signal::unix::Signal; 2]>);

#[cfg(unix)]
impl Signals {
    fn catch() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt());
        let terminate = signal(SignalKind::terminate());
        // What cannot be caught ends the process.
        Signals(interrupt.ok().zip(terminate.ok()).map(|(interrupt, terminate)| [interrupt, terminate]))
    }

    async fn next(mut self) -> Option<((), Self)> {
        let [interrupt, terminate] = self.0.as_mut()?;
        tokio::select! {
            biased;
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Some(((), self))
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn catch() -> Self {
        Signals
    }

    async fn next(self) -> Option<((), Self)> {
        tokio::signal::ctrl_c().await.ok()?;
        Some(((), self))
    }
}

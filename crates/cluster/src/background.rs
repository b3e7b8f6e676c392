//! A cluster that outlives the command that started it, for people: `cargo xtask cluster up` and `down`.
//!
//! A process in the background holds the cluster. It listens on a socket in the cluster's directory; whoever writes
//! [`STOP`] to it ends the cluster, and reads the end of the stream when everything is gone. A socket, unlike the
//! number of a process, cannot come to belong to somebody else.

use crate::binaries::last_lines;
use crate::{Binaries, Cluster, Options, StartError, Unavailable};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};

/// What ends a cluster.
const STOP: &[u8] = b"stop";
/// How often somebody looks whether something has changed.
const LOOK: Duration = Duration::from_millis(200);
/// How much of the log of a failed start is shown.
const LOG_LINES_MAX: usize = 30;
/// File of the state directory: a copy of the administrator's kubeconfig.
const KUBECONFIG: &str = "kubeconfig";
/// File of the state directory: the path of the socket.
const CONTROL: &str = "control";
/// File of the state directory: what the process in the background printed.
const LOG: &str = "log";

/// A cluster in the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The administrator's kubeconfig file.
    pub kubeconfig: PathBuf,
    /// Whether it ran before.
    pub was_running: bool,
}

/// Why there is no cluster in the background.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// There are no programs.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It did not come up.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A file of the state directory, or the process itself.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The process in the background ended.
    #[error("the cluster did not come up:\n{0}")]
    Ended(String),
}

/// Starts a cluster in the background unless one runs, with our custom resources installed; `state` is the directory
/// by which it is found again. Blocks until it works. `say` hears about what takes long.
///
/// # Errors
/// When it cannot be built or does not come up; see [`UpError`].
pub fn up(state: &Path, say: impl FnOnce(&str)) -> Result<Running, UpError> {
    let kubeconfig = state.join(KUBECONFIG);
    if socket(state).is_some() {
        return Ok(Running { kubeconfig, was_running: true });
    }
    Binaries::get(say)?;
    fs::create_dir_all(state)?;
    let log = File::create(state.join(LOG))?;
    let mut serve = Command::new(std::env::current_exe()?);
    serve.arg("serve").arg(state).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    // Not ended by what ends this command.
    let mut child = serve.process_group(0).spawn()?;
    while socket(state).is_none() {
        if child.try_wait()?.is_some() {
            return Err(UpError::Ended(last_lines(&fs::read_to_string(state.join(LOG))?, LOG_LINES_MAX)));
        }
        wait();
    }
    Ok(Running { kubeconfig, was_running: false })
}

/// Ends the cluster in the background and waits until it is gone. Gives whether there was one.
///
/// # Errors
/// When the connection to it breaks in an unusual way.
pub fn down(state: &Path) -> io::Result<bool> {
    let Some(mut control) = socket(state) else { return Ok(false) };
    control.write_all(STOP)?;
    control.read_to_end(&mut Vec::new())?;
    Ok(true)
}

/// The process in the background: holds a cluster until it is told to stop.
///
/// # Errors
/// When the cluster does not come up, or one of its programs ends by itself.
pub async fn serve(state: &Path) -> Result<(), UpError> {
    let binaries = Binaries::get(|_| {})?;
    let mut cluster = Cluster::start(&binaries, &Options::default()).await?;
    cluster.install_crds().await?;
    let socket = cluster.logs().join(CONTROL);
    let listener = UnixListener::bind(&socket)?;
    write_private(&state.join(KUBECONFIG), &fs::read(cluster.kubeconfig())?)?;
    // Last: from now on others find the cluster.
    write_private(&state.join(CONTROL), socket.display().to_string().as_bytes())?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut look = tokio::time::interval(LOOK);
    let mut caller = None;
    let mut problem = None;
    while caller.is_none() && problem.is_none() {
        tokio::select! {
            biased;
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = look.tick() => problem = cluster.broken(),
            Ok((mut stream, _)) = listener.accept() => {
                let mut word = Vec::new();
                // Whoever hangs up without a word only looked whether we are there.
                if stream.read_buf(&mut word).await.is_ok() && word == STOP {
                    caller = Some(stream);
                }
            }
        }
    }
    for file in [CONTROL, KUBECONFIG] {
        fs::remove_file(state.join(file))?;
    }
    cluster.stop();
    drop(caller);
    problem.map_or(Ok(()), |problem| Err(UpError::Ended(problem)))
}

/// A connection to the process in the background, if there is one.
fn socket(state: &Path) -> Option<UnixStream> {
    let path = fs::read_to_string(state.join(CONTROL)).ok()?;
    UnixStream::connect(path).ok()
}

/// A file for its owner alone, that is there only when it is complete.
fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    File::options().write(true).create(true).truncate(true).mode(0o600).open(&draft)?.write_all(text)?;
    fs::rename(draft, path)
}

fn wait() {
    #[expect(clippy::disallowed_methods, reason = "a command line tool that has nothing else to do")]
    std::thread::sleep(LOOK);
}

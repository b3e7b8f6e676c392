//! A process that serves on a port of this machine.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the programs of a directory say.
const LOG: &str = "log";

/// Directories so far.
static MADE: AtomicUsize = AtomicUsize::new(0);

/// A directory of its own; it goes with this.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// One whose name begins so.
    ///
    /// # Panics
    /// When there is no place for temporary files.
    pub fn new(name: &str) -> Self {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rollouts-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the directory for temporary files is there");
        Directory(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    ///
    /// # Panics
    /// When that cannot be.
    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).expect("a file");
    }

    /// A program that runs in it, whose words go into a file there.
    ///
    /// # Panics
    /// When there can be no such file.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let log = File::options().create(true).append(true).open(self.0.join(LOG)).expect("a file");
        let mut command = Command::new(program);
        command.current_dir(&self.0).stdout(log.try_clone().expect("a second handle")).stderr(log);
        command
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // One that stays does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process; it ends with this, and its directory after it.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Where it serves, or will do so soon.
    pub address: SocketAddr,
    directory: Directory,
}

impl Server {
    /// Starts what `command` makes of the address.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(directory: Directory, command: impl FnOnce(&Directory, SocketAddr) -> Command) -> Self {
        let address = free_address();
        let process = command(&directory, address).spawn().expect("a program that is there starts");
        Server { process, address, directory }
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// What it has said.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.directory.path().join(LOG)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself needs no end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address")
}

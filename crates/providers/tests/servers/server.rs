//! A process that serves on a port of this machine.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A directory of its own; it goes with this.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rollouts-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the directory for temporary files is there");
        Directory(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).expect("a file");
    }

    /// A program that runs in it, and is not heard.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).stdout(Stdio::null()).stderr(Stdio::null());
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
pub struct Server {
    process: Child,
    pub address: SocketAddr,
    _directory: Directory,
}

impl Server {
    /// Starts what `command` makes of the address.
    pub fn start(directory: Directory, command: impl FnOnce(&Directory, SocketAddr) -> Command) -> Self {
        let address = free_address();
        let process = command(&directory, address).spawn().expect("a program that is there starts");
        Server { process, address, _directory: directory }
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

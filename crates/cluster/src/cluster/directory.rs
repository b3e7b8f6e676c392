//! A directory for one cluster: data, certificates, logs.

use crate::certificates::Certificates;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The administrator's.
pub(crate) const KUBECONFIG: &str = "kubeconfig";

/// Removed when dropped.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// A new one that nobody else may look into: there are keys in it.
    pub fn new() -> io::Result<Directory> {
        use std::os::unix::fs::DirBuilderExt;
        let mut number = 0;
        loop {
            let path = std::env::temp_dir().join(format!("rollouts-cluster-{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Directory(path)),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(e) => return Err(e),
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, certificates: &Certificates, address: SocketAddr) -> io::Result<()> {
        let kubeconfig = certificates.kubeconfig(address);
        for (name, text) in [
            ("ca.crt", &certificates.ca),
            ("server.crt", &certificates.server.certificate),
            ("server.key", &certificates.server.key),
            ("accounts.key", &certificates.accounts.private),
            ("accounts.pub", &certificates.accounts.public),
            (KUBECONFIG, &kubeconfig),
        ] {
            fs::write(self.0.join(name), text)?;
        }
        Ok(())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // The guards of the processes remove it, too; only one of them finds it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

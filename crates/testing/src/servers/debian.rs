//! Programs of Debian's packages: only lists of packages that are missing need root.

use super::{cache, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of a file system that has these packages alone, under a name of its own in the cache.
///
/// # Errors
/// Why they cannot be had, in words.
pub fn unpacked(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    cache::directory("debian", name, |fresh| {
        let unpack = |archive: &Path| run(Command::new("dpkg-deb").arg("-x").args([archive, fresh]));
        cache::unpack_all(fresh, |archives| download(archives, packages), unpack)
    })
}

/// A fresh machine has no lists of packages, or old ones; fetching them takes root.
fn download(directory: &Path, packages: &[&str]) -> Result<(), String> {
    let fetch = || {
        let mut fetch = Command::new("apt-get");
        run(fetch.current_dir(directory).args(["-o", "Acquire::Retries=3", "download"]).args(packages))
    };
    fetch().or_else(|first| {
        run(Command::new("apt-get").args(["-o", "Acquire::Retries=3", "update"])).map_err(|_| first)?;
        fetch()
    })
}

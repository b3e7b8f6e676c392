//! Programs of Debian's packages, unpacked into the user's cache: nothing is installed, and only lists of packages that
//! are missing need root.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of a file system that has these packages alone, under a name of its own in the cache.
///
/// # Errors
/// Why they cannot be had, in words.
pub fn unpacked(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let cache = cache().ok_or("neither XDG_CACHE_HOME nor HOME says where to keep Debian's packages")?;
    let root = cache.join(name);
    if root.is_dir() {
        return Ok(root);
    }
    let on_disk = |result: io::Result<()>| result.map_err(|e| format!("the cache {}: {e}", cache.display()));
    on_disk(fs::create_dir_all(&cache))?;
    let lock = File::create(cache.join("lock")).map_err(|e| format!("the cache {}: {e}", cache.display()))?;
    // Whoever comes second waits here, and finds what the first one made.
    on_disk(lock.lock())?;
    if root.is_dir() {
        return Ok(root);
    }
    let fresh = cache.join(format!("{name}.new"));
    // What a try that was cut short has left.
    let _ = fs::remove_dir_all(&fresh);
    let archives = fresh.join("archives");
    on_disk(fs::create_dir_all(&archives))?;
    download(&archives, packages)?;
    let entries = fs::read_dir(&archives).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    for entry in entries.map_err(|e| format!("the cache {}: {e}", cache.display()))? {
        let mut unpack = Command::new("dpkg-deb");
        run(unpack.arg("-x").args([&entry.path(), &fresh]))?;
    }
    on_disk(fs::remove_dir_all(&archives))?;
    on_disk(fs::rename(&fresh, &root))?;
    Ok(root)
}

fn cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(user.join("rollouts/debian"))
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

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.env("LC_ALL", "C").output() {
        Ok(Output { status, .. }) if status.success() => Ok(()),
        Ok(Output { stderr, .. }) => {
            let said = String::from_utf8_lossy(&stderr);
            Err(format!("{name} failed: {}", said.lines().last().unwrap_or("without a word")))
        }
        Err(error) => Err(format!("{name}: {error}")),
    }
}

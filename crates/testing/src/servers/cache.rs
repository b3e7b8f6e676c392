//! Directories in the user's cache that are made once, whoever comes first.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The directory `name` of what comes from `source`; `fill` makes it where it is not there yet.
///
/// # Errors
/// Why it cannot be had, in words.
pub fn directory(source: &str, name: &str, fill: impl FnOnce(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let cache = cache(source).ok_or("neither XDG_CACHE_HOME nor HOME says where to keep packages")?;
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
    on_disk(fs::create_dir_all(&fresh))?;
    fill(&fresh)?;
    on_disk(fs::rename(&fresh, &root))?;
    Ok(root)
}

fn cache(source: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(user.join("rollouts").join(source))
}

/// Calls `unpack` with every file that `download` puts into a directory, which goes then.
pub fn unpack_all(
    fresh: &Path,
    download: impl FnOnce(&Path) -> Result<(), String>,
    mut unpack: impl FnMut(&Path) -> Result<(), String>,
) -> Result<(), String> {
    let archives = fresh.join("archives");
    let failed = |e: io::Error| format!("the cache {}: {e}", fresh.display());
    fs::create_dir_all(&archives).map_err(failed)?;
    download(&archives)?;
    for entry in fs::read_dir(&archives).map_err(failed)? {
        unpack(&entry.map_err(failed)?.path())?;
    }
    fs::remove_dir_all(&archives).map_err(failed)
}

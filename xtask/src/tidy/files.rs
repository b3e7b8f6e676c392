//! The files of the repository.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Texts by path relative to the repository; files that are not text are empty.
pub(crate) type Files = BTreeMap<String, String>;

/// Reads all files that git knows, or would with the next `git add`.
pub(crate) fn tracked(root: &Path) -> Result<Files> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let output = git.output().context("cannot run git")?;
    ensure!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let mut files = Files::new();
    for name in names.split_terminator('\0') {
        let path = root.join(name);
        // Deleted, but the deletion is not committed yet.
        if !path.exists() {
            continue;
        }
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {name}"))?;
        files.insert(name.to_owned(), String::from_utf8(bytes).unwrap_or_default());
    }
    Ok(files)
}

/// Whether `path` is a file, or a directory with files in it.
pub(crate) fn exists(files: &Files, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let inside = format!("{path}/");
    path.is_empty()
        || files.contains_key(path)
        || files.range(inside.clone()..).next().is_some_and(|(f, _)| f.starts_with(&inside))
}

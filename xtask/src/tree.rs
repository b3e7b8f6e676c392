//! Generated files in the working tree.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// What to do with a generated file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Bring it up to date.
    Write,
    /// Complain if it is not.
    Check,
}

/// The repository.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// Writes or checks the file at `path` below the repository's root.
pub fn emit(mode: Mode, path: &str, contents: &[u8]) -> Result<()> {
    let file = root().join(path);
    if fs::read(&file).is_ok_and(|old| old == contents) {
        return Ok(());
    }
    if mode == Mode::Check {
        bail!("{path} is out of date: run `cargo xtask gen`");
    }
    let folder = file.parent().context("a file has a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    fs::write(&file, contents).with_context(|| path.to_string())
}

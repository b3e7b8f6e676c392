//! Generated files in the working tree.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// cargo, in the repository, as if it were called by hand. The cargo that runs this program tells it about its package,
/// in variables that some build scripts look at: with them, half of everything would be built anew.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let of_package = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|start| name.starts_with(start))
        });
        if of_package {
            cargo.env_remove(name);
        }
    }
    cargo
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

/// Removes the files of a folder of generated ones that are none of `names`, or complains about them. Names and folder
/// are below the repository's root.
pub fn prune(mode: Mode, folder: &str, names: &[&str]) -> Result<()> {
    let Ok(files) = fs::read_dir(root().join(folder)) else { return Ok(()) };
    for file in files {
        let file = file.with_context(|| folder.to_string())?.path();
        let name = format!("{folder}/{}", file.file_name().unwrap_or_default().display());
        if names.contains(&name.as_str()) {
            continue;
        }
        if mode == Mode::Check {
            bail!("{name} is generated no more: run `cargo xtask gen`");
        }
        fs::remove_file(&file).with_context(|| name)?;
    }
    Ok(())
}

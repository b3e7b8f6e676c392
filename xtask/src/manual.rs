//! The manual of `kubectl argo rollouts`: `docs/reference` and `docs/man`.
//!
//! It is made from the definitions of the commands, in `crates/cli`, which needs a Kubernetes client and all that comes
//! with it. This crate stays small and asks an example of that one.

use crate::tree::{self, Mode};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::process::Stdio;

/// Folders that have nothing but the manual.
const FOLDERS: [&str; 2] = ["docs/reference", "docs/man"];

/// Writes or checks all pages.
pub fn emit(mode: Mode) -> Result<()> {
    let pages = pages()?;
    for (file, text) in &pages {
        tree::emit(mode, file, text.as_bytes())?;
    }
    let names: Vec<&str> = pages.keys().map(String::as_str).collect();
    FOLDERS.iter().try_for_each(|folder| tree::prune(mode, folder, &names))
}

/// Texts by file.
fn pages() -> Result<BTreeMap<String, String>> {
    let mut run = tree::cargo();
    run.args(["run", "--quiet", "--package", "rollouts-cli", "--example", "manual"]);
    let output = run.stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    ensure!(output.status.success(), "the manual cannot be made");
    serde_json::from_slice(&output.stdout).context("the manual cannot be read")
}

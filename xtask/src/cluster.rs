//! `cluster up` and `cluster down`.
//!
//! What they do is in `crates/cluster`, which needs a Kubernetes client and all that comes with it. This crate stays
//! small, so that `cargo xtask gen` compiles in seconds, and leaves the rest to cargo.

use crate::tree;
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;

/// Runs `rollouts-cluster` with the place where this checkout remembers its cluster.
pub fn command(name: &str) -> Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let state = tree::root().join(target).join("cluster");
    let mut run = tree::cargo();
    run.args(["run", "--quiet", "--package", "rollouts-cluster", "--", name]).arg(state);
    let status = run.status().context("cannot run cargo")?;
    ensure!(status.success(), "cluster {name} failed");
    Ok(())
}

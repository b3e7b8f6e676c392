//! `bench`: builds the binary and the benchmark with all optimisations, and runs the benchmark.

use crate::tree;
use anyhow::{Context, Result, ensure};

/// Runs it with the rest of the command line.
pub fn run(args: &[&str]) -> Result<()> {
    let status = tree::cargo().args(["build", "--release", "--package", "rollouts", "--bin", "rollouts"]).status();
    ensure!(status.context("cannot run cargo")?.success(), "the controller does not build");
    let mut bench = tree::cargo();
    bench.args(["run", "--release", "--quiet", "--package", "rollouts", "--example", "bench", "--"]).args(args);
    ensure!(bench.status().context("cannot run cargo")?.success(), "bench failed");
    Ok(())
}

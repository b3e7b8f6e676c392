//! Checks that run other programs.

use crate::generate;
use crate::tree::{self, Mode};
use anyhow::{Context, Result, ensure};

/// Everything a change must pass, quickest first.
pub(crate) fn all() -> Result<()> {
    format(true)?;
    lint()?;
    generate::all(Mode::Check)?;
    cargo(&["test", "--workspace"])
}

/// Formats all code, or only says what is not formatted.
pub(crate) fn format(check: bool) -> Result<()> {
    let args: &[&str] = if check { &["fmt", "--all", "--check"] } else { &["fmt", "--all"] };
    cargo(args)
}

/// Clippy on everything.
pub(crate) fn lint() -> Result<()> {
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
}

fn cargo(args: &[&str]) -> Result<()> {
    let line = format!("cargo {}", args.join(" "));
    println!("== {line}");
    let status = tree::cargo().args(args).status();
    let status = status.with_context(|| format!("cannot run {line}"))?;
    ensure!(status.success(), "{line} failed");
    Ok(())
}

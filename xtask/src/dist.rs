//! `dist`: the binary for any Linux, with what belongs to it.

use crate::tree;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Linked statically: nothing of the machine is needed but its kernel.
const TARGET: &str = "x86_64-unknown-linux-musl";
/// Bytes that the binary is to have at most, some day.
const BYTES_AIM: u64 = 25_000_000;
/// Bytes of the binary at most.
const BYTES_MAX: u64 = 29_000_000;
/// What else the binary is, by name.
const NAMES: [&str; 3] = ["rollouts-controller", "kubectl-argo-rollouts", "kubectl_complete-argo-rollouts"];
/// Type of the program header that names a dynamic linker.
const PT_INTERP: u32 = 3;

/// Builds it into `dist` below cargo's target directory: the binary, links by its other names, the manual.
pub fn run() -> Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), PathBuf::from);
    let mut build = tree::cargo();
    build.args([
        "build",
        "--profile",
        "dist",
        "--locked",
        "--package",
        "rollouts",
        "--bin",
        "rollouts",
        "--target",
        TARGET,
    ]);
    let status = build.status().context("cannot run cargo")?;
    ensure!(status.success(), "the binary does not build; it needs `rustup target add {TARGET}` and musl-gcc");
    let dist = target.join("dist");
    pack(&target.join(TARGET).join("dist/rollouts"), &dist)?;
    check(&dist)?;
    println!("{}", dist.display());
    Ok(())
}

fn pack(binary: &Path, dist: &Path) -> Result<()> {
    if dist.exists() {
        fs::remove_dir_all(dist).with_context(|| format!("cannot empty {}", dist.display()))?;
    }
    fs::create_dir_all(dist.join("man"))?;
    fs::copy(binary, dist.join("rollouts")).with_context(|| binary.display().to_string())?;
    for name in NAMES {
        link(&dist.join(name))?;
    }
    for page in fs::read_dir(tree::root().join("docs/man"))? {
        let page = page?;
        fs::copy(page.path(), dist.join("man").join(page.file_name()))?;
    }
    Ok(())
}

#[cfg(unix)]
fn link(name: &Path) -> Result<()> {
    std::os::unix::fs::symlink("rollouts", name).with_context(|| name.display().to_string())
}

#[cfg(not(unix))]
fn link(_: &Path) -> Result<()> {
    bail!("links are made on Unix only")
}

/// What is promised of the binary: it is small, needs no dynamic linker, and starts where there is nothing else.
fn check(dist: &Path) -> Result<()> {
    let bytes = fs::read(dist.join("rollouts"))?;
    let size = bytes.len() as u64;
    ensure!(size <= BYTES_MAX, "the binary has {size} bytes, more than {BYTES_MAX}");
    ensure!(!has_interpreter(&bytes)?, "the binary needs a dynamic linker");
    println!("{size} bytes, linked statically; the aim is {BYTES_AIM}");
    let alone = dist.join("root");
    fs::create_dir(&alone)?;
    fs::copy(dist.join("rollouts"), alone.join("kubectl-argo-rollouts"))?;
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--root"]).arg(&alone).args(["/kubectl-argo-rollouts", "version", "--short"]);
    match unshare.output() {
        Ok(output) if output.status.success() => {
            println!("starts on an empty file system: {}", String::from_utf8_lossy(&output.stdout).trim_end());
        }
        Ok(output) => bail!("it does not start on an empty file system: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => println!("not tried on an empty file system: unshare: {error}"),
    }
    fs::remove_dir_all(&alone)?;
    Ok(())
}

/// Whether a 64-bit little-endian ELF file names a dynamic linker.
fn has_interpreter(elf: &[u8]) -> Result<bool> {
    let number = |at: usize, bytes: usize| {
        let field = elf.get(at..at + bytes).context("the binary is cut off")?;
        anyhow::Ok(field.iter().rev().fold(0_u64, |n, byte| n << 8 | u64::from(*byte)))
    };
    ensure!(elf.starts_with(b"\x7fELF\x02\x01"), "the binary is no ELF file of 64 bits");
    let (headers, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
    for i in 0..count {
        let at = usize::try_from(headers + i * size)?;
        if number(at, 4)? == u64::from(PT_INTERP) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_linker_is_found() {
        // 64 bytes of header, and one program header of 56 bytes behind it.
        let mut elf = vec![0; 120];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (elf[0x20], elf[0x36], elf[0x38]) = (64, 56, 1);
        elf[64] = 1;
        assert!(!has_interpreter(&elf).expect("a file"));
        elf[64] = 3;
        assert!(has_interpreter(&elf).expect("a file"));
        assert!(has_interpreter(&elf[..64]).is_err() && has_interpreter(b"#!/bin/sh").is_err());
    }
}

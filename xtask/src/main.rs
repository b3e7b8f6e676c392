//! Repository chores: `cargo xtask gen [--check]`.

mod crd;
mod generate;
mod tree;

use anyhow::{Result, bail};
use std::env;

const USAGE: &str = "usage: cargo xtask COMMAND

  gen            writes every generated file of the repository
  gen --check    fails if one of them is out of date";

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["gen"] => generate::all(tree::Mode::Write),
        ["gen", "--check"] => generate::all(tree::Mode::Check),
        _ => bail!(USAGE),
    }
}

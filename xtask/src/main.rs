//! Repository chores: `cargo xtask COMMAND`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool for developers")]

mod bench;
mod ci;
mod cluster;
mod crd;
mod dist;
mod generate;
mod manifests;
mod manual;
mod tidy;
mod tree;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  ci              everything a change must pass: fmt --check, lint, gen --check, test
  fmt [--check]   format all code, or say what is not formatted
  lint            clippy on all targets, warnings are errors
  gen [--check]   write generated files (manifests, manual), or say which are out of date
  cluster up      start a real Kubernetes API server with simulated nodes in the background; down ends it
  bench           what N Rollouts cost; `bench --help` lists its options (docs/benchmarks.md)
  dist            the binary for any Linux, linked statically, with its other names and its manual
  tidy            what no compiler checks: links in documents, words, lengths of files
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<()> {
    match args {
        ["ci"] => ci::all(),
        ["fmt"] => ci::format(false),
        ["fmt", "--check"] => ci::format(true),
        ["lint"] => ci::lint(),
        ["gen"] => generate::all(tree::Mode::Write),
        ["gen", "--check"] => generate::all(tree::Mode::Check),
        ["cluster", "up"] => cluster::command("up"),
        ["cluster", "down"] => cluster::command("down"),
        ["dist"] => dist::run(),
        ["bench", rest @ ..] => bench::run(rest),
        ["tidy"] => tidy::report(&tree::root()),
        [] | ["help" | "-h" | "--help"] => {
            print!("{USAGE}");
            Ok(())
        }
        other => bail!("unknown command {:?}\n{USAGE}", other.join(" ")),
    }
}

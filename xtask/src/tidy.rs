//! What no compiler checks. Runs as a test, too, so that `cargo test` finds what a reviewer would.

mod coverage;
mod files;
mod lengths;
mod links;
mod words;

use anyhow::{Result, bail};
use std::fmt;
use std::path::Path;

/// Something to put right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// File, relative to the repository.
    pub(crate) file: String,
    /// Line, from 1; 0 for the file as a whole.
    pub(crate) line: usize,
    pub(crate) problem: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.problem),
            line => write!(f, "{}:{line}: {}", self.file, self.problem),
        }
    }
}

/// Prints long files and all complaints; an error if there are any.
pub(crate) fn report(root: &Path) -> Result<()> {
    let files = files::tracked(root)?;
    for (lines, file) in lengths::longest(&files) {
        println!("{lines:5} lines  {file}");
    }
    let complaints = check(&files);
    for complaint in &complaints {
        println!("{complaint}");
    }
    match complaints.len() {
        0 => Ok(()),
        n => bail!("{n} things to put right"),
    }
}

fn check(files: &files::Files) -> Vec<Complaint> {
    let mut complaints = links::check(files);
    complaints.extend(coverage::check(files));
    complaints.extend(words::check(files));
    complaints.extend(lengths::check(files));
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn the_repository_is_tidy() {
        let files = files::tracked(&tree::root()).expect("the repository can be read");
        let complaints: Vec<String> = check(&files).iter().map(ToString::to_string).collect();
        assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    }
}

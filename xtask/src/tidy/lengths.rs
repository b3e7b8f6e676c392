//! Files that have grown too long to hold one concept.

use super::Complaint;
use super::files::Files;

/// Longer source files are refused.
const LINES_MAX: usize = 600;
/// Longer source files are reported.
const LINES_REPORTED: usize = 300;

/// Sources by number of lines, longest first.
pub(crate) fn longest(files: &Files) -> Vec<(usize, &str)> {
    let mut long: Vec<_> = sources(files).filter(|(lines, _)| *lines > LINES_REPORTED).collect();
    long.sort_by(|a, b| b.cmp(a));
    long
}

pub(crate) fn check(files: &Files) -> Vec<Complaint> {
    let too_long = sources(files).filter(|(lines, _)| *lines > LINES_MAX);
    too_long
        .map(|(lines, file)| Complaint {
            file: file.to_owned(),
            line: 0,
            problem: format!("{lines} lines; one concept a file, and at most {LINES_MAX} lines"),
        })
        .collect()
}

fn sources(files: &Files) -> impl Iterator<Item = (usize, &str)> {
    let sources = files.iter().filter(|(file, text)| file.ends_with(".rs") && !is_data(text));
    sources.map(|(file, text)| (text.lines().count(), file.as_str()))
}

/// Tables are as long as what they list. They say so in their first lines.
fn is_data(text: &str) -> bool {
    text.lines().take(5).any(|line| line.starts_with("//! Data:"))
}

//! "Did you mean this?"

use super::flag::Flag;
use super::{Command, help};

/// Edits from which on a name is no longer similar.
const TOO_DIFFERENT_EDITS: usize = 3;

/// The text behind an error about an unknown command; empty without similar ones.
pub(super) fn text<A>(typed: &str, command: &Command<A>) -> String {
    let names = command.children.iter().map(Command::name).filter(|name| *name != help::COMMAND);
    listed(names.filter(|name| is_similar(typed, name)).map(str::to_owned))
}

/// The same behind an error about an unknown flag, given without its dashes.
pub(super) fn flags(typed: &str, flags: &[&Flag]) -> String {
    let shown = flags.iter().filter(|flag| flag.deprecated.is_none());
    listed(shown.filter(|flag| is_similar_flag(typed, flag.name)).map(|flag| format!("--{}", flag.name)))
}

fn listed(similar: impl Iterator<Item = String>) -> String {
    let lines: String = similar.map(|name| format!("\t{name}\n")).collect();
    if lines.is_empty() { lines } else { format!("\nDid you mean this?\n{lines}\n") }
}

fn is_similar(typed: &str, name: &str) -> bool {
    let (typed, name) = (typed.to_lowercase(), name.to_lowercase());
    name.starts_with(&typed) || distance(&typed, &name) < TOO_DIFFERENT_EDITS
}

/// Flags are many and short: of a name of two letters, two edits leave nothing.
fn is_similar_flag(typed: &str, name: &str) -> bool {
    let edits = distance(&typed.to_lowercase(), name);
    let is_beginning = typed.len() > 1 && name.starts_with(typed);
    is_beginning || (edits < TOO_DIFFERENT_EDITS && 2 * edits <= typed.len().max(name.len()))
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar() {
        for (typed, name) in
            [("abrot", "abort"), ("Abort", "abort"), ("dashbord", "dashboard"), ("not", "notifications")]
        {
            assert!(is_similar(typed, name), "{typed} {name}");
        }
        assert!(!is_similar("zzz", "set"));
        for (typed, name) in [("namespce", "namespace"), ("wacth", "watch"), ("Watch", "watch"), ("time", "timeout")] {
            assert!(is_similar_flag(typed, name), "{typed} {name}");
        }
        assert!(!is_similar_flag("zz", "as") && !is_similar_flag("w", "watch"));
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}

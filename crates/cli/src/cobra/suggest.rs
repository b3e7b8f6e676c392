//! "Did you mean this?"

use super::{Command, help};

/// Edits from which on a name is no longer similar.
const TOO_DIFFERENT_EDITS: usize = 3;

/// The text behind an error about an unknown command; empty without similar ones.
pub(super) fn text<A>(typed: &str, command: &Command<A>) -> String {
    let names = command.children.iter().map(Command::name).filter(|name| *name != help::COMMAND);
    let similar: Vec<_> = names.filter(|name| is_similar(typed, name)).collect();
    if similar.is_empty() {
        return String::new();
    }
    format!("\nDid you mean this?\n{}\n", similar.iter().map(|name| format!("\t{name}\n")).collect::<String>())
}

fn is_similar(typed: &str, name: &str) -> bool {
    let (typed, name) = (typed.to_lowercase(), name.to_lowercase());
    name.starts_with(&typed) || distance(&typed, &name) < TOO_DIFFERENT_EDITS
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
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}

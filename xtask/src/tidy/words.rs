//! Words that have no place in the repository: it speaks of the product, and of nothing that only the author's
//! machine has.

use super::Complaint;
use super::files::Files;

/// What must not be written, and why. Each pattern is put together here, so that this file does not contain it.
fn patterns() -> Vec<(String, &'static str)> {
    let text = |parts: &[&str]| parts.concat();
    vec![
        (text(&["/wo", "rk/"]), "a path of somebody's machine"),
        (text(&["/ro", "ot/"]), "a path of somebody's machine"),
        (text(&["sha", "red/spec"]), "a path of somebody's machine"),
        (text(&["crat", "es.io"]), "a registry's host; say \"the package registry\""),
        (text(&["py", "pi.org"]), "a registry's host"),
        (text(&["proxy.gol", "ang.org"]), "a registry's host"),
        (text(&["registry.np", "mjs.org"]), "a registry's host"),
        (text(&["TO", "DO"]), "do it, or write an issue"),
        (text(&["FIX", "ME"]), "fix it, or write an issue"),
        (text(&["X", "XX"]), "say what is wrong"),
        (text(&["[all", "ow("]), "use #[expect(…, reason = …)]"),
    ]
}

/// Files written by programs, whose words are not ours.
const GENERATED: &[&str] = &["Cargo.lock"];

pub(crate) fn check(files: &Files) -> Vec<Complaint> {
    let patterns = patterns();
    let ours = files.iter().filter(|(file, _)| !GENERATED.contains(&file.as_str()) && !is_recorded(file));
    let mut complaints = Vec::new();
    for (file, text) in ours {
        for (i, line) in text.lines().enumerate() {
            // What is unused differs between the test binaries that share a module: there an expectation cannot hold.
            if file.contains("/tests/") && line.contains("reason = ") {
                continue;
            }
            for (pattern, why) in patterns.iter().filter(|(pattern, _)| contains_word(line, pattern)) {
                complaints.push(Complaint { file: file.clone(), line: i + 1, problem: format!("{pattern:?}: {why}") });
            }
        }
    }
    complaints
}

/// Test data was recorded from other programs.
fn is_recorded(file: &str) -> bool {
    file.contains("/data/") || file.contains("/golden/") || !has_our_words(file)
}

fn has_our_words(file: &str) -> bool {
    [".rs", ".md", ".toml", ".yaml", ".yml", ".sh", "run", ".html", ".js", ".css"].iter().any(|e| file.ends_with(e))
}

/// Whether `line` contains `pattern` and not as a part of a longer word.
fn contains_word(line: &str, pattern: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(pattern).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + pattern.len()..]);
        let starts = !pattern.starts_with(char::is_alphanumeric) || !is_word(before.chars().next_back());
        let ends = !pattern.ends_with(char::is_alphanumeric) || !is_word(after.chars().next());
        starts && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_words_and_not_parts_of_them() {
        let todo = ["TO", "DO"].concat();
        assert!(contains_word(&format!("// {todo}: this"), &todo));
        assert!(!contains_word(&format!("MAS{todo}NT"), &todo));
        let files = Files::from([("a.rs".to_owned(), format!("fine\n// {todo}\n")), ("data/a.bin".into(), todo)]);
        let complaints = check(&files);
        assert_eq!(complaints.len(), 1);
        assert_eq!((complaints[0].file.as_str(), complaints[0].line), ("a.rs", 2));
    }
}

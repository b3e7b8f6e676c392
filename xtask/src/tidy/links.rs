//! Links in documents that lead nowhere: to files, to headings, and in backquotes to paths of the repository.

use super::Complaint;
use super::files::{Files, exists};

/// Surrounds the name of what is still to be written.
const PLACEHOLDER: &str = "@@";

pub(crate) fn check(files: &Files) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (file, text) in files.iter().filter(|(file, _)| file.ends_with(".md")) {
        let mut in_code = false;
        for (i, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                in_code = !in_code;
            }
            if in_code {
                continue;
            }
            let mut complain =
                |problem: String| complaints.push(Complaint { file: file.clone(), line: i + 1, problem });
            for target in targets(line) {
                if let Some(problem) = broken(files, file, target) {
                    complain(problem);
                }
            }
            if line.contains(PLACEHOLDER) {
                complain(format!("{PLACEHOLDER} marks a place to fill in"));
            }
            for path in quoted_paths(line).filter(|path| !exists(files, path)) {
                complain(format!("`{path}` does not exist"));
            }
        }
    }
    complaints
}

/// What the links of a line lead to: `[text](target)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(at, open)| {
        let rest = &line[at + open.len()..];
        rest.split_once(')').map(|(target, _)| target.split_whitespace().next().unwrap_or(""))
    })
}

/// Paths from the top of the repository, written in backquotes.
fn quoted_paths(line: &str) -> impl Iterator<Item = &str> {
    const TOPS: &[&str] = &["crates/", "docs/", "deploy/", "xtask/", ".ci/", ".cargo/"];
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter(|path| {
        TOPS.iter().any(|top| path.starts_with(top))
            && !path.contains(['*', '<', ' ', '{', '…'])
            && !path.contains("NAME")
    })
}

/// Why a link is broken, if it is.
fn broken(files: &Files, from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').map_or((target, None), |(path, heading)| (path, Some(heading)));
    let file = if path.is_empty() { from.to_owned() } else { resolve(from, path) };
    if !exists(files, &file) {
        return Some(format!("link to {target}: {file} does not exist"));
    }
    let heading = heading?;
    let text = files.get(&file)?;
    let known = text.lines().filter_map(|line| line.strip_prefix('#')).map(|h| anchor(h.trim_start_matches('#')));
    let found = !file.ends_with(".md") || known.into_iter().any(|known| known == heading);
    (!found).then(|| format!("link to {target}: {file} has no heading #{heading}"))
}

/// `path` as seen from the file `from`, with `.` and `..` worked in.
fn resolve(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The anchor of a heading, as forges make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_leads_nowhere() {
        let text = "# The Title: `x`\n[a](other.md) [b](../README.md#start) [c](#the-title-x) [d](https://x.y/z)\n\
                    [e](missing.md) [f](#nothing) `crates/kube/` `crates/nope.rs` `crates/<name>`\n\
                    ```\n[g](not-a-link)\n```\n";
        let files = Files::from([
            ("docs/a.md".to_owned(), text.to_owned()),
            ("docs/other.md".into(), String::new()),
            ("README.md".into(), "## Start\n".into()),
            ("crates/kube/lib.rs".into(), String::new()),
        ]);
        let got: Vec<String> = check(&files).iter().map(ToString::to_string).collect();
        let expected = [
            "docs/a.md:3: link to missing.md: docs/missing.md does not exist",
            "docs/a.md:3: link to #nothing: docs/a.md has no heading #nothing",
            "docs/a.md:3: `crates/nope.rs` does not exist",
        ];
        assert_eq!(got, expected);
    }
}

//! `docs/coverage.md` names tests and recorded scenarios: all of them must exist.

use super::Complaint;
use super::files::Files;

const FILE: &str = "docs/coverage.md";

pub(crate) fn check(files: &Files) -> Vec<Complaint> {
    let Some(text) = files.get(FILE) else { return Vec::new() };
    let mut complaints = Vec::new();
    for (i, line) in text.lines().enumerate() {
        // `| behaviour | tests |`
        let Some(tests) = line.split('|').nth(2) else { continue };
        let lost_tests = between(tests, '`').filter(|name| !is_test(files, name)).map(|name| (name, "test function"));
        let scenarios = between(tests, '*').filter(|name| !is_scenario(files, name));
        for (name, what) in lost_tests.chain(scenarios.map(|name| (name, "recorded scenario"))) {
            let problem = format!("there is no {what} {name}");
            complaints.push(Complaint { file: FILE.to_owned(), line: i + 1, problem });
        }
    }
    complaints
}

fn between(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2)
}

fn is_test(files: &Files, name: &str) -> bool {
    let function = format!("fn {name}(");
    files.iter().any(|(file, text)| file.ends_with(".rs") && text.contains(&function))
}

fn is_scenario(files: &Files, name: &str) -> bool {
    let end = format!("/{name}.yaml");
    files.keys().any(|file| file.contains("/golden/") && file.ends_with(&end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_does_not_exist() {
        let table = "| behaviour | tests |\n|---|---|\n| `any` thing | `a_test`, `no_test`, *walk*, *run* |\n";
        let files = Files::from([
            (FILE.to_owned(), table.to_owned()),
            ("crates/a/tests/a.rs".into(), "#[test]\nfn a_test() {}\n".into()),
            ("crates/sim/golden/canary/walk.yaml".into(), String::new()),
        ]);
        let got: Vec<String> = check(&files).iter().map(ToString::to_string).collect();
        let at = |what: &str| format!("{FILE}:3: there is no {what}");
        assert_eq!(got, [at("test function no_test"), at("recorded scenario run")]);
    }
}

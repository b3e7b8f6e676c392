//! `lint` from the command line: as recorded from the plugin that it replaces, and beyond.

use crate::support::{Nowhere, Output, World, run_in};
use rollouts_api::Clock;
use serde_json::Value;

async fn run(line: &str) -> Output {
    let world = World { is_tty: false, ..World::of(&Nowhere, Clock::new(|| jiff::Timestamp::UNIX_EPOCH)) };
    run_in(world, line).await
}

async fn on_a_terminal(line: &str) -> Output {
    run_in(World::of(&Nowhere, Clock::new(|| jiff::Timestamp::UNIX_EPOCH)), line).await
}

/// A scratch directory of the test called `name`.
fn scratch(name: &str, files: &[(&str, &str)]) -> String {
    let root = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&root);
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    root.to_str().expect("text").to_owned()
}

const GOOD: &str = include_str!("../corpus/lint/lint-good.yaml");
const WEIGHT: &str = include_str!("../corpus/lint/lint-weight.yaml");

/// What is different on purpose (docs/differences/cli.md), and the last line of standard error here.
const DIFFERENT: [(&str, &str); 4] = [
    ("lint -f tests/corpus/lint/lint-duplicate-key.yaml", "  line 7: key \"replicas\" already set in map"),
    (
        "lint -f tests/corpus/lint/lint-other-kinds.yaml",
        "Error: error unmarshaling JSON: while decoding JSON: json: unknown field \"bogus\"",
    ),
    (
        "lint -f tests/corpus/lint/lint-weight.yaml -f tests/corpus/lint/lint-good.yaml",
        "Error: spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100",
    ),
    ("lint -f tests/corpus/lint", "Error: error converting YAML to JSON: yaml: unmarshal errors:\n"),
];

/// Standard output and the exit code are as recorded. On standard error the error comes last, behind the lines with places.
#[tokio::test]
async fn lints_as_recorded() {
    let recorded: Value = serde_json::from_str(include_str!("../corpus/lint.json")).expect("the corpus is JSON");
    for entry in recorded.as_array().expect("a list") {
        let args = entry["args"].as_str().expect("text");
        let Output { code, stdout, stderr } = run(args).await;
        if let Some((_, last)) = DIFFERENT.iter().find(|(line, _)| *line == args) {
            assert_eq!((code, stderr.contains(last)), (1, true), "{args}: {stderr}");
            continue;
        }
        assert_eq!(
            (code, stdout.as_str()),
            (entry["code"].as_i64().map_or(0, |c| c as i32), entry["stdout"].as_str().unwrap_or("")),
            "{args}: {stderr}"
        );
        if let Some(usage) = entry["usage"].as_str() {
            assert!(stderr.starts_with(&format!("Usage:\n  {usage}\n")), "{args}");
            continue;
        }
        let expected = entry["stderr"].as_str().expect("text");
        let lines = stderr.strip_suffix(expected).unwrap_or_else(|| panic!("{args}: {stderr}"));
        let file = args.split(' ').nth(2).expect("a file");
        let is_placed = |line: &str| line.starts_with(&format!("{file}:")) && line.ends_with(']');
        assert!(lines.lines().all(is_placed), "{args}: {lines}");
        // Without warnings and errors there is nothing to place.
        let quiet = run(&format!("{args} --warnings=off")).await;
        if code == 0 {
            assert_eq!(quiet, Output { code: 0, stdout: String::new(), stderr: String::new() }, "{args}");
        }
    }
}

#[tokio::test]
async fn files_and_directories_are_seen_together() {
    let rollout = GOOD.split("---\n").last().expect("the Rollout").replace("readinessProbe", "");
    let service = |name: &str, app: &str| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {app}}}}}\n")
    };
    let files = [
        ("rollout.yaml", rollout.as_str()),
        ("services/cs.yml", &service("cs", "other")),
        (
            "services/ss.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"ss\"}, \"spec\": {\"selector\": {\"app\": \"web\"}}}",
        ),
        ("services/README.md", "a: b: c"),
        (".git/broken.yaml", "a: b: c"),
    ];
    let folder = scratch("together", &files);
    let output = run(&format!("lint -f {folder} --warnings=off")).await;
    let message = "Invalid value: \"cs\": Service \"cs\" has unmatch label \"app\" in rollout";
    assert_eq!((output.code, output.stdout.as_str()), (1, format!("{message}\n").as_str()));
    assert_eq!(
        output.stderr,
        format!(
            "{folder}/rollout.yaml:21:7: error: Rollout web: spec.strategy.canary.canaryService: {message} [invalid-reference]\n\
             Error: spec.strategy.canary.canaryService: {message}\n"
        )
    );
    let alone = run(&format!(
        "lint -f {folder}/rollout.yaml -f {folder}/services/ss.json -f {folder}/rollout.yaml --warnings=off"
    ))
    .await;
    assert_eq!((alone.code, alone.stderr.as_str()), (0, ""));
    let empty = scratch("empty", &[("notes.txt", "")]);
    let output = run(&format!("lint -f {empty}")).await;
    assert_eq!(
        (output.code, output.stderr),
        (1, format!("Error: {empty}: there are no .yaml, .yml or .json files in it\n"))
    );
}

#[tokio::test]
async fn warnings_fail_only_when_asked_to() {
    let line = "lint -f tests/corpus/lint/lint-good.json";
    let output = run(line).await;
    assert_eq!((output.code, output.stdout.as_str()), (0, ""));
    assert!(
        output.stderr.contains("warning: Rollout web: spec.strategy.canary.steps: no step pauses"),
        "{}",
        output.stderr
    );
    let strict = run(&format!("{line} --warnings=error")).await;
    assert_eq!((strict.code, strict.stderr.lines().last()), (1, Some("Error: 3 warnings")));
    let ignored =
        run(&format!("{line} --warnings error --ignore no-gate --ignore coarse-weight --ignore no-readiness-probe"))
            .await;
    assert_eq!((ignored.code, ignored.stderr.as_str()), (0, ""));
    for (flags, error) in [
        ("--warnings=none", "--warnings must be on, off or error, not \"none\""),
        ("-o yaml", "--output must be text, json, github or sarif, not \"yaml\""),
        ("--ignore nothing", "--ignore: there is no rule \"nothing\""),
        ("--ignore invalid", "--ignore: invalid is no warning but an error"),
    ] {
        let output = run(&format!("{line} {flags}")).await;
        assert_eq!((output.code, output.stderr), (1, format!("Error: {error}\n")));
    }
}

#[tokio::test]
async fn people_read_each_finding_once() {
    let output = on_a_terminal("lint -f tests/corpus/lint/lint-weight.yaml --warnings=off").await;
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    assert_eq!(output.stderr.lines().count(), 3);
    assert!(WEIGHT.lines().nth(16).is_some_and(|line| line.contains("setWeight: 101")));
    assert!(output.stderr.starts_with("tests/corpus/lint/lint-weight.yaml:17:10: error: "), "{}", output.stderr);
}

#[tokio::test]
async fn other_programs_read_other_forms() {
    let line = "lint -f tests/corpus/lint/lint-weight.yaml";
    let json = run(&format!("{line} -o json")).await;
    let value: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((json.code, json.stderr.as_str(), &value["summary"]["errors"]), (1, "", &2.into()));
    let github = run(&format!("{line} -o github --warnings=off")).await;
    assert_eq!((github.code, github.stdout.lines().count(), github.stderr.as_str()), (1, 2, ""));
    assert!(github.stdout.starts_with("::error file=tests/corpus/lint/lint-weight.yaml,line=17,"));
    let sarif = run("lint -f tests/corpus/lint/lint-good.yaml -o sarif").await;
    let value: Value = serde_json::from_str(&sarif.stdout).expect("JSON");
    assert_eq!((sarif.code, &value["version"]), (0, &"2.1.0".into()));
}

//! The command line answers as recorded from the plugin that it replaces: commands, aliases, flags, their types and
//! defaults, exit codes, and every word of an error. Only the sentences of help are our own.

use crate::support::{Nowhere, Output, World, run_in, words};
use rollouts_api::Clock;
use serde_json::{Value, json};

fn corpus(text: &str) -> Value {
    serde_json::from_str(text).expect("the corpus is JSON")
}

async fn offline(line: &str) -> Output {
    run_in(World::of(&Nowhere, Clock::new(|| jiff::Timestamp::UNIX_EPOCH)), line).await
}

/// The parts of a usage text that programs and habits rely on, in the form of the corpus.
fn shape(text: &str) -> Value {
    let mut shape = json!({});
    let mut section = "";
    for line in text.lines() {
        if let Some(title) = line.strip_suffix(':').filter(|title| title.starts_with(|c: char| c.is_ascii_uppercase()))
        {
            section = match title {
                "Usage" => "usage",
                "Aliases" => "aliases",
                "Available Commands" => "commands",
                "Flags" => "flags",
                "Global Flags" => "global",
                _ => "",
            };
            continue;
        }
        if line.starts_with("Use \"") {
            section = "";
        }
        let entry = match section {
            _ if line.trim().is_empty() => continue,
            "usage" => json!(line.trim()),
            "commands" => json!(line.split_whitespace().next()),
            "flags" | "global" => flag(line),
            "aliases" => {
                shape["aliases"] = json!(line.trim());
                continue;
            }
            _ => continue,
        };
        match shape[section].as_array_mut() {
            Some(entries) => entries.push(entry),
            None => shape[section] = json!([entry]),
        }
    }
    shape
}

/// `  -f, --file stringArray   Files (default [-])`, taken apart.
fn flag(line: &str) -> Value {
    let (forms, description) = line.trim().split_once("   ").unwrap_or((line.trim(), ""));
    let (short, long) = match forms.strip_prefix('-').filter(|_| !forms.starts_with("--")) {
        Some(both) => both.split_once(", ").expect("a long form behind the short one"),
        None => ("", forms),
    };
    let (name, kind) = long.trim_start_matches('-').split_once(' ').unwrap_or((long.trim_start_matches('-'), "bool"));
    let default = description.rsplit_once("(default ").map_or("", |(_, default)| default.trim_end_matches(')'));
    json!({"name": name, "short": short, "type": kind, "default": default})
}

/// Commands that the recorded plugin does not have.
const ADDED: [&str; 3] = ["diff", "explain", "history"];

#[tokio::test]
async fn help_has_the_recorded_shape() {
    let recorded = corpus(include_str!("../corpus/help.json"));
    for entry in recorded["commands"].as_array().expect("a list") {
        let args = entry["args"].as_str().expect("text");
        let Output { code, stdout, stderr } = offline(args).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{args}");
        let mut expected = entry["help"].clone();
        let mut ours = shape(&stdout);
        if let Some(commands) = ours["commands"].as_array_mut() {
            commands.retain(|command| !ADDED.iter().any(|added| *command == json!(added)));
        }
        if expected["global"].is_null() && !ours["global"].is_null() {
            expected["global"] = recorded["global"].clone();
        }
        if args.starts_with("lint") {
            // More than one file, and other forms of output (docs/differences/cli.md).
            let more = ["ignore", "output", "warnings"].map(|name| {
                let mut flags = ours["flags"].as_array().into_iter().flatten();
                flags.find(|flag| flag["name"] == name).cloned().expect("a flag of lint")
            });
            let flags = expected["flags"].as_array_mut().expect("flags");
            flags[0]["type"] = json!("stringArray");
            flags.extend(more);
            flags.sort_by_key(|flag| flag["name"].to_string());
        }
        if expected["global"].is_null() {
            expected.as_object_mut().expect("an object").remove("global");
        }
        let ours: Value = ours
            .as_object()
            .expect("an object")
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        assert_eq!(ours, expected, "{args}");
    }
}

#[tokio::test]
async fn misuse_is_answered_as_recorded() {
    // These need what later versions bring; until then they say so.
    let later = ["create"];
    for entry in corpus(include_str!("../corpus/misuse.json")).as_array().expect("a list") {
        let args = entry["args"].as_str().expect("text");
        let output = offline(args).await;
        let command = words(args).first().cloned().unwrap_or_default();
        if later.contains(&command.as_str()) {
            assert_eq!(
                (output.code, output.stderr.ends_with(" is not available in this version\n")),
                (1, true),
                "{args}"
            );
            continue;
        }
        assert_eq!(json!(output.code), entry["code"], "{args}: {output:?}");
        if let Some(usage) = entry["usage"].as_str() {
            assert_eq!(
                (output.stdout.as_str(), output.stderr.starts_with(&format!("Usage:\n  {usage}\n"))),
                ("", true),
                "{args}"
            );
        } else if entry["help"] == true {
            assert!(output.stdout.contains("\nUsage:\n") && output.stderr.is_empty(), "{args}");
        } else {
            let ours = (json!(output.stdout), json!(output.stderr));
            assert_eq!(ours, (entry["stdout"].clone(), entry["stderr"].clone()), "{args}");
        }
    }
}

#[tokio::test]
async fn version_completion_and_no_cluster() {
    let version = offline("version").await.stdout;
    let labels: Vec<_> = version.lines().map(|line| line.split(':').next().unwrap_or("")).collect();
    let expected = [
        "kubectl-argo-rollouts",
        "  BuildDate",
        "  GitCommit",
        "  GitTreeState",
        "  GoVersion",
        "  Compiler",
        "  Platform",
    ];
    assert_eq!(labels, expected);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = offline(&format!("completion {shell}")).await.stdout;
        assert!(script.contains("__complete") && script.contains("kubectl-argo-rollouts"), "{shell}");
    }
    let output = offline("get rollout web").await;
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    assert!(output.stderr.starts_with("Error: no cluster is configured"), "{}", output.stderr);
}

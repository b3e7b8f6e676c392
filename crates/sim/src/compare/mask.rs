//! Hides what no two runs share.

use crate::recording::Recording;
use regex_lite::{Captures, Regex};
use serde_json::Value;
use std::sync::LazyLock;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant that a test compiles")
}

static UID: LazyLock<Regex> = LazyLock::new(|| regex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
static UID_POD: LazyLock<Regex> = LazyLock::new(|| regex(r"(UID\.[\w.-]+?\.\d+)-[a-z0-9]{5}\b"));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| regex(r"0x[0-9a-f]{6,}|\b\d{9,}\b"));
static AGE: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(\d\ds|\ds ?)"));
static LONG_AGE: LazyLock<Regex> = LazyLock::new(|| regex(r"\b\d+m\d+s\b"));
static POD: LazyLock<Regex> = LazyLock::new(|| regex(r"(-[bcdfghjklmnpqrstvwxz2456789]{6,10})-[a-z0-9]{5}\b"));
static TREE_POD: LazyLock<Regex> = LazyLock::new(|| regex(r"(□ [a-z0-9.-]+)-[a-z0-9]{5}\b"));
static TIME: LazyLock<Regex> = LazyLock::new(|| regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"));
static LOG: LazyLock<Regex> = LazyLock::new(|| regex("(?m)^time=\"[^\"]*\" level=.*\n"));
static BUILD: LazyLock<Regex> = LazyLock::new(|| {
    regex("(?m)^(kubectl-argo-rollouts|  (?:BuildDate|GitCommit|GitTreeState|GoVersion|Compiler|Platform)): .*$")
});
static FOUND: LazyLock<Regex> = LazyLock::new(|| regex(r"\(found ([^)]*)\)"));

/// Between two screens of a command that follows what changes.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J\u{1b}[0;0H";

/// Masks uids, addresses and long numbers everywhere, and the hashes of Deployments' ReplicaSets, which Go computes from
/// its own memory layout, by their first revisions.
pub(crate) fn recording(r: &Recording) -> Recording {
    let hashes = hashes_of_deployments(r);
    let text = |text: &str| {
        let hidden = |text: String, (hash, revision): &(String, String)| text.replace(hash, &format!("HASH{revision}"));
        hashes.iter().fold(self::text(text), hidden)
    };
    let value = |v: &Value| each(v, &text);
    Recording {
        scenario: r.scenario.clone(),
        failed: r.failed.as_deref().map(text),
        commands: r.commands.iter().map(|c| c.iter().map(value).collect()).collect(),
        events: r.events.iter().map(|e| (text(&e.0), text(&e.1), text(&e.2), text(&e.3), e.4)).collect(),
        tracks: r.tracks.iter().map(|(name, track)| (text(name), track.iter().map(value).collect())).collect(),
        final_counts: r.final_counts.clone(),
    }
}

/// Masks ages of less than two minutes, the names of pods, times, builds, log lines, the order of names that are listed
/// without one, and how often a screen was drawn.
pub(super) fn output(text: &str) -> String {
    let text = LOG.replace_all(text, "");
    let text = TIME.replace_all(&text, "TIME");
    let text = TREE_POD.replace_all(&text, "$1-POD");
    let text = POD.replace_all(&text, "$1-POD");
    let text = AGE.replace_all(&text, "AGE");
    let text = LONG_AGE.replace_all(&text, "AGE");
    let text = BUILD.replace_all(&text, "$1: BUILD");
    let text = FOUND.replace_all(&text, |found: &Captures<'_>| {
        let mut names: Vec<&str> = found[1].split(", ").collect();
        names.sort_unstable();
        format!("(found {})", names.join(", "))
    });
    screens(&text)
}

/// The distinct screens; the last one may have been cut off while it was drawn.
fn screens(text: &str) -> String {
    let mut screens: Vec<&str> = text.split(CLEAR).collect();
    screens.dedup();
    if let [.., whole, last] = screens[..]
        && whole.starts_with(last)
    {
        screens.pop();
    }
    screens.join(CLEAR)
}

/// Hash and first revision of the ReplicaSets of Deployments.
fn hashes_of_deployments(r: &Recording) -> Vec<(String, String)> {
    let first = r.tracks.iter().filter(|(name, _)| name.starts_with("replicasets/")).filter_map(|(_, t)| t.first());
    let known = first.filter_map(|state| {
        let hash = state["podLabels"]["pod-template-hash"].as_str()?;
        let revision = state["annotations"]["deployment.kubernetes.io/revision"].as_str()?;
        Some((hash.to_owned(), revision.to_owned()))
    });
    known.collect()
}

/// Masks uids, addresses and long numbers in all texts of `value`.
pub(crate) fn value(value: &Value) -> Value {
    each(value, &text)
}

fn each(value: &Value, text: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, v)| (text(key), each(v, text))).collect(),
        Value::Array(items) => items.iter().map(|v| each(v, text)).collect(),
        Value::String(s) => Value::String(text(s)),
        other => other.clone(),
    }
}

/// Masks uids, addresses and long numbers.
pub(crate) fn text(text: &str) -> String {
    let text = UID.replace_all(text, "UID");
    let text = UID_POD.replace_all(&text, "$1-POD");
    ADDRESS.replace_all(&text, "N").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks() {
        let uid = "0a1b2c3d-0a1b-4c1d-8a1b-0a1b2c3d4e5f";
        assert_eq!(text(&format!("{uid}.check.1-x2y4z and 0xc000123 in 1234567890")), "UID.check.1-POD and N in N");
        assert_eq!(output("└──□ ab-left-12sxy   Pod\n"), "└──□ ab-left-POD   Pod\n");
        let row = "tea-6bc68bdf46-abc12   Running  ";
        assert_eq!(output(&format!("{row}5s   ok\n")), output(&format!("{row}15s  ok\n")));
        assert_eq!(output(&format!("{row}5s   ok\n")), "tea-6bc68bdf46-POD   Running  AGE  ok\n");
        assert_eq!(output("time=\"now\" level=info msg=\"x\"\nx (found b, a)\n"), "x (found a, b)\n");
        assert_eq!(
            output("kubectl-argo-rollouts: v1+2\n  Compiler: gc\n"),
            "kubectl-argo-rollouts: BUILD\n  Compiler: BUILD\n"
        );
        assert_eq!(output(&format!("{CLEAR}a 1s\nb\n{CLEAR}a 2s\nb\n{CLEAR}a 3s")), format!("{CLEAR}a AGE\nb\n"));
    }
}

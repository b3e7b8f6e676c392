//! Hides what no two runs share.

use crate::recording::Recording;
use regex_lite::Regex;
use serde_json::Value;
use std::sync::LazyLock;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant that a test compiles")
}

static UID: LazyLock<Regex> = LazyLock::new(|| regex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
static UID_POD: LazyLock<Regex> = LazyLock::new(|| regex(r"(UID\.[\w.-]+?\.\d+)-[a-z0-9]{5}\b"));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| regex(r"0x[0-9a-f]{6,}|\b\d{9,}\b"));
static AGE: LazyLock<Regex> = LazyLock::new(|| regex(r"\b\d+(\.\d+)?(ms|s|m|h|d)(\d+s)?\b"));
static POD: LazyLock<Regex> = LazyLock::new(|| regex(r"(-[bcdfghjklmnpqrstvwxz2456789]{6,10})-[a-z0-9]{5}\b"));
static SPACES: LazyLock<Regex> = LazyLock::new(|| regex(" +"));

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

/// Masks ages, names of pods and the width of columns in a command's output.
pub(super) fn output(text: &str) -> String {
    let text = AGE.replace_all(text, "AGE");
    let text = POD.replace_all(&text, "$1-POD");
    SPACES.replace_all(&text, " ").into_owned()
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
        assert_eq!(output("tea-6bc68bdf46-abc12   Running  3m10s"), "tea-6bc68bdf46-POD Running AGE");
    }
}

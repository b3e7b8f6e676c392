//! The recorded answers: one JSON line a step.

use super::directory;
use serde_json::Value;
use std::path::PathBuf;

/// Where the answers of a file are.
pub(crate) fn path(file: &str) -> PathBuf {
    directory().join("golden").join(format!("{file}.jsonl"))
}

/// The steps of a file.
pub(crate) fn case(file: &str) -> String {
    let path = directory().join("cases").join(format!("{file}.yaml"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The recorded answers of a file; empty when there are none yet.
pub(crate) fn read(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path(file)).unwrap_or_default();
    text.lines().map(|l| serde_json::from_str(l).expect("recordings are JSON lines")).collect()
}

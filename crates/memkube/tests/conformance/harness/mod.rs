//! Sends the corpus of requests to an API server and makes its answers comparable.
//!
//! A file under `cases/` is a YAML list of steps; each step is one request. `golden/` holds the answers of a real
//! kube-apiserver, one JSON line a step. How to write a case: `CONTRIBUTING.md`.

pub(crate) mod compare;
pub(crate) mod golden;
pub(crate) mod normalise;
pub(crate) mod run;
pub(crate) mod step;

use std::path::PathBuf;

/// Where the corpus lies.
pub(crate) fn directory() -> PathBuf {
    let memkube = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../memkube/tests/conformance");
    memkube.canonicalize().expect("the corpus is part of the source tree")
}

/// Names of the case files, in the order in which they are played.
pub(crate) fn cases() -> Vec<String> {
    let entries = std::fs::read_dir(directory().join("cases")).expect("the corpus can be read");
    let mut names: Vec<String> =
        entries.filter_map(|e| e.ok()?.file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned)).collect();
    names.sort();
    names
}

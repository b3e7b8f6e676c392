//! The recorded scenarios.

use rollouts_sim::scenario::Scenario;
use std::path::{Path, PathBuf};

/// The files of all scenarios, in order.
pub fn files() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let in_area = |area: &str| golden.join(area).read_dir().expect("a directory").map(|e| e.expect("an entry").path());
    let mut files: Vec<PathBuf> = ["canary", "bluegreen"].into_iter().flat_map(in_area).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "yaml"));
    files.sort();
    files
}

/// Reads a scenario.
pub fn read(file: &Path) -> Scenario {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    Scenario::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

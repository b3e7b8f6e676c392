//! `kubectl argo rollouts explain`, `diff` and `history` on Rollouts that stand still for all kinds of reasons, beside the
//! real controller under virtual time. What they print is kept in `shown/`, to be read by people; `ROLLOUTS_ACCEPT=1`
//! writes it anew.

mod agreement;
mod stage;
mod stuck;
mod versions;

/// The examples of docs/explain.md are what the commands print.
#[test]
fn the_document_shows_what_is_printed() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(here.join(path)).expect("a file");
    let document = read("../../docs/explain.md");
    let examples = [
        "image_cannot_be_pulled",
        "container_crashes",
        "analysis_failed",
        "router_may_not_be_written",
        "controller_is_down",
        "diff",
        "history",
    ];
    for name in examples {
        let shown = read(&format!("tests/explain/shown/{name}.txt"));
        assert!(document.contains(&format!("\n```\n{shown}```\n")), "{name}");
    }
}

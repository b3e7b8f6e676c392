//! Recorded screens, drawn again from objects that say what they say.

mod rebuild;

use super::{Paint, experiment, rollout};
use jiff::Timestamp;
use rebuild::Rebuilt;
use rollouts_view::{ExperimentInfo, Objects, RolloutInfo};
use serde_json::Value;

#[test]
fn recorded_screens_are_drawn_again() {
    let corpus: Value =
        serde_json::from_str(include_str!("../../tests/corpus/screens.json")).expect("the corpus is JSON");
    let now: Timestamp = "2026-01-01T01:00:00Z".parse().expect("a time");
    for entry in corpus.as_array().expect("a list") {
        let lines: Vec<&str> = entry["screen"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let screen = lines.join("\n");
        let built = Rebuilt::from_screen(&screen, &entry["strategy"], now);
        let objects = built.parts.each_ref().map(|part| part.iter().collect::<Vec<_>>());
        let [replica_sets, pods, experiments, analysis_runs] = &objects;
        let objects = Objects { replica_sets, pods, experiments, analysis_runs };
        let paint = Paint(entry["colour"] == true);
        let drawn = match entry["kind"].as_str() {
            Some("rollout") => rollout(&RolloutInfo::of(&built.root, objects, now), paint),
            _ => experiment(&ExperimentInfo::of(&built.root, objects, now), paint),
        };
        assert_eq!(drawn, screen, "{}:\n{screen}\ndrawn:\n{drawn}", entry["from"]);
    }
}

//! Which runs stay (analysis.md §5.2).

use super::{analysis, canary};
use crate::world::World;
use serde_json::json;

fn limited(successes: i32, failures: i32) -> World {
    let mut w = canary(json!({ "steps": [{ "analysis": analysis() }] }));
    w.change(|ro| {
        let limits = json!({ "successfulRunHistoryLimit": successes, "unsuccessfulRunHistoryLimit": failures });
        ro.spec.analysis = serde_json::from_value(limits).unwrap();
    });
    w
}

/// Rolls out `image`, whose analysis ends in `phase`.
fn roll(w: &mut World, image: &str, phase: &str) {
    let before: Vec<String> = w.runs.keys().cloned().collect();
    w.set_image(image);
    w.run(5);
    let name = w.runs.keys().find(|name| !before.contains(name)).expect("a new run").clone();
    w.ends(&name, phase, 30);
}

fn revisions(w: &World) -> Vec<(&str, &str)> {
    let mut all: Vec<_> = w
        .runs
        .values()
        .map(|r| (r.metadata.annotations["rollout.argoproj.io/revision"].as_str(), r.status.phase.as_str()))
        .collect();
    all.sort();
    all
}

#[test]
fn the_newest_of_each_kind_stay() {
    let mut w = limited(1, 1);
    roll(&mut w, "2", "Successful");
    roll(&mut w, "3", "Successful");
    roll(&mut w, "4", "Failed");
    assert_eq!(revisions(&w), [("3", "Successful"), ("4", "Failed")]);
    roll(&mut w, "5", "Successful");
    assert_eq!(revisions(&w), [("4", "Failed"), ("5", "Successful")]);
}

#[test]
fn none_at_all() {
    let mut w = limited(0, -1);
    roll(&mut w, "2", "Failed");
    roll(&mut w, "3", "Successful");
    assert_eq!(revisions(&w), []);
}

#[test]
fn runs_of_revisions_that_are_forgotten_go() {
    let mut w = limited(5, 5);
    w.change(|ro| ro.spec.revision_history_limit = Some(1));
    for image in ["2", "3", "4", "5"] {
        roll(&mut w, image, "Successful");
    }
    assert_eq!(revisions(&w), [("4", "Successful"), ("5", "Successful")]);
}

/// A run that is still going on is stopped first, and counted by no limit.
#[test]
fn strangers_under_our_control() {
    let mut w = limited(0, 0);
    roll(&mut w, "2", "Successful");
    let mut run = rollouts_api::AnalysisRun::default();
    run.metadata.name = "by-hand".into();
    run.metadata.owner_references.push(rollouts_core::owner_reference(&w.rollout.metadata));
    run.status.phase = "Running".into();
    w.runs.insert("by-hand".into(), run);
    w.plans.clear();
    w.run(5);
    assert!(w.plans[0].contains("terminate AnalysisRun by-hand"), "{}", w.plans[0]);
    assert!(w.plans[1].contains("delete AnalysisRun by-hand"), "{}", w.plans[1]);
}

//! Analysis beside the steps (analysis.md §5.4).

use super::{TWO, analysis, canary, entry, paused_for, some};
use crate::world::World;
use serde_json::{Value, json};

fn with_background(background: Value, steps: Value) -> World {
    let mut w = canary(json!({ "maxSurge": 1, "maxUnavailable": 0, "steps": steps, "analysis": background }));
    w.set_image("2");
    w.run(30);
    w
}

fn half_and_pause() -> Value {
    json!([{ "setWeight": 50 }, { "pause": {} }])
}

#[test]
fn it_begins_at_its_step_and_ends_with_the_update() {
    let mut background = analysis();
    background["startingStep"] = json!(2);
    let steps = json!([{ "setWeight": 50 }, { "pause": {} }, { "setWeight": 75 }, { "pause": {} }]);
    let mut w = with_background(background, steps);
    assert_eq!((w.status().current_step_index, w.runs.len()), (Some(1), 0));
    w.promote();
    w.run(30);
    assert_eq!((w.status().current_step_index, entry(&w, "background")), (Some(3), some(TWO, "")));
    w.ends(TWO, "Running", 10);
    w.promote();
    w.events.clear();
    w.run(30);
    assert_eq!((w.status().phase.as_str(), entry(&w, "background")), ("Healthy", None));
    assert!(w.runs[TWO].spec.terminate);
    assert_eq!(w.runs[TWO].metadata.labels["rollout-type"], "Background");
    let told = w.events.iter().filter(|e| e.starts_with("AnalysisRun")).count();
    assert_eq!(told, 0, "nobody asks for its end: {:?}", w.events);
}

#[test]
fn failure_aborts_in_the_middle_of_a_pause() {
    let mut w = with_background(analysis(), half_and_pause());
    w.ends(TWO, "Running", 10);
    w.events.clear();
    w.phases.clear();
    w.ends(TWO, "Failed", 30);
    let cause = "Rollout aborted update to revision 2: Background analysis phase error/failed: too slow";
    assert_eq!(
        w.events[..2],
        [
            format!("AnalysisRunFailed Background Analysis Run '{TWO}' Status New: 'Failed' Previous: 'Running'"),
            format!("RolloutAborted {cause}"),
        ]
    );
    assert_eq!(w.phases[0], format!("Degraded @0 RolloutAborted: {cause}"));
    assert_eq!((w.sizes(), entry(&w, "background")), (vec![(1, 4), (2, 0)], None));
}

/// The status of the abort still has the run; the next one does not.
#[test]
fn the_abort_is_written_with_its_reason() {
    let mut w = with_background(analysis(), half_and_pause());
    w.set_run(TWO, "Error", "no answer");
    while !w.status().abort {
        w.step();
    }
    assert_eq!(entry(&w, "background"), some(TWO, "Error"));
    w.step();
    assert_eq!(entry(&w, "background"), None);
}

#[test]
fn an_early_success_is_enough() {
    let mut w = with_background(analysis(), half_and_pause());
    w.ends(TWO, "Successful", 30);
    assert_eq!((entry(&w, "background"), w.runs.len()), (some(TWO, "Successful"), 1));
    w.promote();
    w.run(30);
    assert_eq!((w.status().phase.as_str(), w.runs.len()), ("Healthy", 1));
}

#[test]
fn inconclusive_inside_of_a_pause() {
    let steps = json!([{ "setWeight": 50 }, { "pause": {} }, { "setWeight": 75 }, { "pause": {} }]);
    let mut w = with_background(analysis(), steps);
    w.ends(TWO, "Inconclusive", 100);
    assert_eq!(paused_for(&w), ["CanaryPauseStep", "InconclusiveAnalysisRun"]);
    assert_eq!((w.status().message.as_str(), w.runs.len()), ("CanaryPauseStep", 1));
    w.promote();
    w.run(10);
    let second = format!("{TWO}.1");
    assert_eq!(entry(&w, "background"), some(&second, ""));
    w.ends(&second, "Inconclusive", 10);
    assert_eq!(w.all_runs().len(), 2);
}

/// Upstream goes on with the steps, as far as they need no pods.
#[test]
fn inconclusive_holds_the_steps() {
    let steps = json!([{ "setWeight": 50 }, { "pause": { "duration": 60 } }, { "pause": { "duration": 1 } }]);
    let mut w = with_background(analysis(), steps);
    w.ends(TWO, "Inconclusive", 1000);
    assert_eq!((w.status().current_step_index, w.sizes()), (Some(1), vec![(1, 2), (2, 2)]));
    w.promote();
    w.run(10);
    assert_eq!(w.status().current_step_index, Some(3));
}

/// The steps are done, and the last pods on their way.
#[test]
fn inconclusive_holds_the_promotion() {
    let mut w = canary(json!({ "maxSurge": "100%", "steps": half_and_pause(), "analysis": analysis() }));
    w.set_image("2");
    w.run(30);
    w.break_image("2");
    w.promote();
    w.run(30);
    assert_eq!((w.status().current_step_index, w.sizes().pop()), (Some(2), Some((2, 4))));
    w.ends(TWO, "Inconclusive", 10);
    w.heal();
    w.run(30);
    assert_eq!((w.status().message.as_str(), stable(&w)), ("InconclusiveAnalysisRun", 1));
    w.promote();
    w.run(10);
    w.ends(&format!("{TWO}.1"), "Successful", 30);
    assert_eq!((w.status().phase.as_str(), stable(&w)), ("Healthy", 2));
}

/// The revision of the stable version.
fn stable(w: &World) -> i64 {
    w.sets.values().find(|set| set.hash() == w.status().stable_rs).map_or(0, |set| set.revision())
}

/// Both verdicts of one moment: the step's is told.
#[test]
fn two_failures_are_one_abort() {
    let mut w = with_background(analysis(), json!([{ "analysis": analysis() }, { "pause": {} }]));
    w.set_run(TWO, "Failed", "background");
    w.set_run(&format!("{TWO}-0"), "Failed", "step");
    w.events.clear();
    w.run(10);
    assert_eq!(
        w.events,
        [
            format!("AnalysisRunFailed Step Analysis Run '{TWO}-0' Status New: 'Failed' Previous: ''"),
            format!("AnalysisRunFailed Background Analysis Run '{TWO}' Status New: 'Failed' Previous: ''"),
            "RolloutAborted Rollout aborted update to revision 2: Step-based analysis phase error/failed: step".into(),
        ]
    );
}

#[test]
fn a_retry_begins_again() {
    let mut w = with_background(analysis(), half_and_pause());
    w.ends(TWO, "Failed", 30);
    w.rollout.status.abort = false;
    w.run(30);
    assert_eq!(entry(&w, "background"), some(&format!("{TWO}.1"), ""));
    assert_eq!(w.status().phase, "Paused");
}

/// An analysis that is taken out of the spec is stopped.
#[test]
fn removed_in_the_middle() {
    let mut w = with_background(analysis(), half_and_pause());
    w.ends(TWO, "Running", 10);
    w.change(|ro| ro.spec.strategy.canary.as_mut().unwrap().analysis = None);
    w.run(10);
    assert_eq!(entry(&w, "background"), None);
    assert!(w.runs[TWO].spec.terminate);
}

/// An ordinary step that hangs has its deadline beside an analysis, too.
#[test]
fn the_deadline_does_not_wait_for_a_background_run() {
    let mut w = canary(json!({ "steps": [{ "setWeight": 50 }], "analysis": analysis() }));
    w.change(|ro| ro.spec.progress_deadline_seconds = Some(60));
    w.break_image("2");
    w.set_image("2");
    w.run(10);
    w.ends(TWO, "Running", 100);
    assert!(w.status().message.starts_with("ProgressDeadlineExceeded"), "{}", w.status().message);
}

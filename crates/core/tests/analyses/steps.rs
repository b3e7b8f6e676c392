//! Analysis as a step (analysis.md §5.3).

use super::{TWO, analysis, canary, entry, paused_for, some};
use crate::world::World;
use rollouts_core::{Effect, Wanted, plan_after_refusal};
use serde_json::json;

/// Half of the pods, an analysis, a pause.
fn at_the_analysis() -> World {
    let steps = json!([{ "setWeight": 50 }, { "analysis": analysis() }, { "pause": {} }]);
    let mut w = canary(json!({ "maxSurge": 1, "maxUnavailable": 0, "steps": steps }));
    w.set_image("2");
    w.run(30);
    w
}

fn name(suffix: &str) -> String {
    format!("{TWO}-{suffix}")
}

#[test]
fn success_completes_the_step() {
    let mut w = at_the_analysis();
    let run = name("1");
    assert_eq!(entry(&w, "step"), some(&run, ""));
    w.ends(&run, "Pending", 10);
    w.ends(&run, "Running", 10);
    assert_eq!(entry(&w, "step"), some(&run, "Running"));
    assert_eq!(w.status().current_step_index, Some(1));
    w.events.clear();
    w.ends(&run, "Successful", 10);
    assert_eq!(entry(&w, "step"), None);
    assert_eq!(
        w.events,
        [
            format!("AnalysisRunSuccessful Step Analysis Run '{run}' Status New: 'Successful' Previous: 'Running'"),
            "RolloutStepCompleted Rollout step 2/3 completed (analysis)".into(),
            "RolloutPaused Rollout is paused (CanaryPauseStep)".into(),
        ]
    );
    w.promote();
    w.run(30);
    assert_eq!((w.status().phase.as_str(), w.all_runs()), ("Healthy", vec![(run.as_str(), "Successful")]));
}

/// Names, texts and order as recorded.
#[test]
fn failure_aborts_and_a_retry_measures_again() {
    let mut w = at_the_analysis();
    let (first, second) = (name("1"), name("1.1"));
    w.events.clear();
    w.phases.clear();
    w.set_run(&first, "Failed", "Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)");
    w.run(30);
    let cause = "Rollout aborted update to revision 2: Step-based analysis phase error/failed: \
                 Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)";
    assert_eq!(
        w.events[..2],
        [
            format!("AnalysisRunFailed Step Analysis Run '{first}' Status New: 'Failed' Previous: ''"),
            format!("RolloutAborted {cause}"),
        ]
    );
    assert_eq!(w.phases[0], format!("Degraded @0 RolloutAborted: {cause}"));
    assert_eq!((w.sizes(), entry(&w, "step")), (vec![(1, 4), (2, 0)], None));
    w.events.clear();
    w.rollout.status.abort = false;
    w.run(30);
    assert_eq!(entry(&w, "step"), some(&second, ""));
    w.ends(&second, "Successful", 30);
    assert_eq!(paused_for(&w), ["CanaryPauseStep"]);
    assert_eq!(w.all_runs(), [(first.as_str(), "Failed"), (second.as_str(), "Successful")]);
}

#[test]
fn a_refused_run_is_told_until_it_is_made() {
    let mut w = at_the_analysis();
    w.runs.clear();
    let run = name("1");
    let plan = plan_after_refusal(&w.snapshot(), w.now, Wanted::AnalysisRun, &run, "quota exceeded");
    let (text, said) = (plan.to_string(), format!("Failed to create AnalysisRun \"{run}\": quota exceeded"));
    assert!(text.contains(&format!("Warning event AnalysisRunCreateError: {said}")), "{text}");
    let Some(Effect::PatchStatus { status }) = plan.effects().next() else { panic!("{text}") };
    let shown = (status.phase.as_str(), status.message.as_str());
    assert_eq!(shown, ("Progressing", &*format!("AnalysisRunCreateError: {said}")));
    w.rollout.status = (**status).clone();
    let again = plan_after_refusal(&w.snapshot(), w.now, Wanted::AnalysisRun, &run, "quota still exceeded");
    assert!(again.is_idle(), "{again}");
    w.run(10);
    assert_eq!(w.runs.len(), 1);
    let progressing = w.status().conditions.iter().find(|c| c.r#type == "Progressing").unwrap();
    assert_eq!((progressing.status.as_str(), progressing.reason.as_str()), ("True", "ReplicaSetUpdated"));
    assert_eq!(w.status().message, "more replicas need to be updated");
}

#[test]
fn an_error_aborts_without_a_message_too() {
    let mut w = at_the_analysis();
    w.ends(&name("1"), "Error", 30);
    let message = "RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed";
    assert_eq!(w.status().message, message);
}

#[test]
fn an_inconclusive_run_waits_for_a_human() {
    let mut w = at_the_analysis();
    let run = name("1");
    w.events.clear();
    w.ends(&run, "Inconclusive", 1000);
    assert_eq!((w.status().phase.as_str(), w.status().message.as_str()), ("Paused", "InconclusiveAnalysisRun"));
    assert!(w.status().controller_pause);
    assert_eq!(
        w.events,
        [
            format!("AnalysisRunInconclusive Step Analysis Run '{run}' Status New: 'Inconclusive' Previous: ''"),
            "RolloutPaused Rollout is paused (InconclusiveAnalysisRun)".into(),
        ]
    );
    assert_eq!((entry(&w, "step"), w.runs.len()), (some(&run, "Inconclusive"), 1));
    // Nothing is scaled meanwhile.
    w.change(|ro| ro.spec.replicas = Some(6));
    w.run(10);
    w.set_run(&run, "Inconclusive", "more");
    w.run(10);
    assert_eq!(paused_for(&w), ["InconclusiveAnalysisRun"]);
}

/// Resumed: measure again, as often as it takes.
#[test]
fn a_resumption_measures_again() {
    let mut w = at_the_analysis();
    w.ends(&name("1"), "Inconclusive", 10);
    w.promote();
    w.run(10);
    assert_eq!(entry(&w, "step"), some(&name("1.1"), ""));
    assert!(!w.status().controller_pause);
    w.ends(&name("1.1"), "Inconclusive", 10);
    assert_eq!(paused_for(&w), ["InconclusiveAnalysisRun"]);
    w.promote();
    w.run(10);
    w.ends(&name("1.2"), "Successful", 10);
    assert_eq!(w.status().current_step_index, Some(2));
}

/// What the plugin's `promote` sends for an inconclusive step.
#[test]
fn a_promotion_past_an_inconclusive_run_goes_on() {
    let mut w = at_the_analysis();
    w.ends(&name("1"), "Inconclusive", 10);
    w.events.clear();
    let status = &mut w.rollout.status;
    status.pause_conditions.clear();
    status.controller_pause = false;
    status.current_step_index = Some(2);
    w.run(10);
    assert_eq!((entry(&w, "step"), paused_for(&w)), (None, vec!["CanaryPauseStep"]));
    assert_eq!(w.events, ["RolloutPaused Rollout is paused (CanaryPauseStep)"]);
}

/// A step that was left has its run stopped before the next one's is made.
#[test]
fn another_step_is_another_run() {
    let steps = json!([{ "analysis": analysis() }, { "analysis": analysis() }, { "pause": {} }]);
    let mut w = canary(json!({ "steps": steps }));
    w.set_image("2");
    w.run(10);
    w.ends(&name("0"), "Running", 10);
    w.rollout.status.current_step_index = Some(1);
    w.plans.clear();
    w.run(10);
    assert!(w.plans[0].contains("terminate AnalysisRun web-7445d4664c-2-0"), "{}", w.plans[0]);
    assert!(!w.plans[0].contains("create AnalysisRun"), "{}", w.plans[0]);
    assert_eq!(entry(&w, "step"), some(&name("1"), ""));
    w.ends(&name("1"), "Running", 10);
    w.rollout.status.promote_full = true;
    w.run(30);
    assert_eq!((w.status().phase.as_str(), entry(&w, "step")), ("Healthy", None));
    assert_eq!(w.all_runs(), [(name("0").as_str(), "Successful"), (name("1").as_str(), "Successful")]);
    assert!(w.runs.values().all(|r| r.spec.terminate));
}

/// A run that was told to stop has measured nothing, whatever it says in the end.
#[test]
fn a_stopped_run_is_not_taken_up_again() {
    let steps = json!([{ "analysis": analysis() }, { "pause": {} }]);
    let mut w = canary(json!({ "steps": steps }));
    w.set_image("2");
    w.run(10);
    w.rollout.status.current_step_index = Some(1);
    w.run(10);
    w.rollout.status.pause_conditions.clear();
    w.rollout.status.controller_pause = false;
    w.rollout.status.current_step_index = Some(0);
    w.set_run(&name("0"), "Running", "");
    w.run(10);
    assert_eq!(entry(&w, "step"), some(&name("0.1"), ""));
}

#[test]
fn an_abort_a_rollback_and_a_new_version_stop_the_run() {
    type Action = fn(&mut World);
    let actions: [(Action, &str); 4] = [
        (|w| w.rollout.status.abort = true, "Degraded"),
        (|w| w.set_image("1"), "Healthy"),
        (|w| w.set_image("3"), "Progressing"),
        (|w| w.rollout.status.promote_full = true, "Healthy"),
    ];
    for (action, phase) in actions {
        let mut w = at_the_analysis();
        w.ends(&name("1"), "Running", 10);
        action(&mut w);
        w.run(40);
        assert!(w.runs[&name("1")].spec.terminate, "{phase}");
        assert_eq!(w.status().phase, phase);
        assert!(entry(&w, "step").is_none_or(|e| e.0 != name("1")));
    }
}

#[test]
fn a_long_analysis_is_no_lack_of_progress() {
    let mut w = at_the_analysis();
    w.change(|ro| {
        ro.spec.progress_deadline_seconds = Some(60);
        ro.spec.progress_deadline_abort = true;
    });
    w.ends(&name("1"), "Running", 3600);
    assert_eq!((w.status().phase.as_str(), w.status().current_step_index), ("Progressing", Some(1)));
}

#[test]
fn the_first_version_is_not_analysed() {
    let steps = json!([{ "analysis": analysis() }]);
    let w = canary(json!({ "steps": steps, "analysis": analysis() }));
    assert_eq!((w.status().phase.as_str(), w.runs.len()), ("Healthy", 0));
}

/// Upstream never leaves such a step.
#[test]
fn an_analysis_of_no_templates_is_none() {
    let mut w = canary(json!({ "steps": [{ "analysis": {} }], "analysis": {} }));
    w.set_image("2");
    w.run(30);
    assert_eq!((w.status().phase.as_str(), w.runs.len()), ("Healthy", 0));
}

/// A run that somebody deleted is made again.
#[test]
fn a_deleted_run_is_made_again() {
    let mut w = at_the_analysis();
    w.runs.clear();
    w.run(10);
    assert_eq!(w.all_runs(), [(name("1").as_str(), "")]);
    w.runs.get_mut(&name("1")).unwrap().metadata.deletion_timestamp = Some(rollouts_api::Time::new(w.now));
    w.run(10);
    assert_eq!(entry(&w, "step"), some(&name("1.1"), ""));
}

/// A human's `spec.paused` holds the step but not the measurements.
#[test]
fn a_paused_rollout_stays_at_a_successful_step() {
    let mut w = at_the_analysis();
    w.change(|ro| ro.spec.paused = true);
    w.ends(&name("1"), "Successful", 30);
    assert_eq!((w.status().current_step_index, entry(&w, "step")), (Some(1), some(&name("1"), "Successful")));
    w.change(|ro| ro.spec.paused = false);
    w.run(30);
    assert_eq!(w.status().current_step_index, Some(2));
}

//! A controller that is killed at a write, and another one that starts, end where an undisturbed one ends; so do two
//! controllers at once. Some scenarios, some writes; `examples/crashes.rs` plays them all.

mod support;

use rollouts_sim::faults::{Kill, Moment};
use rollouts_sim::golden::Golden;
use rollouts_sim::metrics_source::Mood;
use rollouts_sim::scenario::{Scenario, Step};
use rollouts_sim::trial::{Outcome, Trial, play};
use rollouts_sim::virtual_time;

fn run(scenario: &Scenario, trial: Trial, revisions: u64) -> Outcome {
    let scenario = scenario.clone();
    support::seeded(0, move || {
        virtual_time::block_on(play(&scenario, trial, revisions)).expect("a runtime").expect("a playable scenario")
    })
}

/// Kills at about `runs` of the writes, spread evenly, each before or after in turn.
fn survives(area: &str, name: &str, runs: u64) {
    survives_in(None, area, name, runs);
}

/// The same with all sources of metrics in one mood.
fn survives_in(mood: Option<Mood>, area: &str, name: &str, runs: u64) {
    survives_as(&Golden::read(area, name).expect("a scenario").scenario, mood, runs);
}

fn survives_as(scenario: &Scenario, mood: Option<Mood>, runs: u64) {
    let calm = Trial { mood, ..Trial::default() };
    let whole = run(scenario, calm, u64::MAX);
    assert_eq!(whole.violations, Vec::<String>::new(), "undisturbed");
    for n in 0..runs {
        let write = 1 + n * whole.writes / runs;
        let moment = if n % 2 == 0 { Moment::Before } else { Moment::After };
        let trial = Trial { kill: Some(Kill { write, moment }), ..calm };
        let outcome = run(scenario, trial, whole.revisions);
        assert_eq!(outcome.deaths, 1);
        assert_eq!(outcome.problems(&whole), Vec::<String>::new(), "killed {moment:?} write {write}");
    }
    let twins = run(scenario, Trial { twins: true, ..calm }, whole.revisions);
    assert_eq!(twins.flapping(&whole), Vec::<String>::new(), "with two controllers");
}

#[test]
fn a_canary_that_goes_back_and_forth() {
    survives("canary", "canary-undo", 8);
}

#[test]
fn a_canary_that_is_aborted_and_retried() {
    survives("canary", "canary-abort-retry", 8);
}

#[test]
fn a_blue_green_that_keeps_old_versions_for_a_while() {
    survives("bluegreen", "bg-delay-limit", 8);
}

#[test]
fn a_restart() {
    survives("bluegreen", "restart-bluegreen", 8);
}

#[test]
fn a_takeover_from_a_deployment() {
    survives("bluegreen", "wr-progressively", 6);
    survives("bluegreen", "wr-onsuccess", 6);
}

#[test]
fn a_verdict_survives_its_controller() {
    survives("analysis", "an-step-failure-retry", 6);
    survives("analysis", "an-bluegreen-pre-post", 6);
}

#[test]
fn a_verdict_survives_its_controller_and_a_bad_source() {
    for mood in [Mood::Bad, Mood::Failing, Mood::Hanging] {
        survives_in(Some(mood), "analysis", "an-step-success", 4);
    }
}

/// Jobs in flight are ended, too. The recording stops at a run that the original calls a success, and this controller
/// Inconclusive: here it goes on.
#[test]
fn runs_that_are_terminated_end_alike() {
    let mut scenario = Golden::read("analysis", "an-terminate").expect("a scenario").scenario;
    for step in &mut scenario.steps {
        if let Step::Wait(wait) = step
            && wait.object.as_deref() == Some("analysisruns/idle")
            && wait.equals == Some("Successful".into())
        {
            wait.equals = Some("Inconclusive".into());
        }
    }
    let whole = run(&scenario, Trial::default(), u64::MAX);
    assert_eq!(whole.recording.failed, None);
    survives_as(&scenario, None, 8);
}

#[test]
fn an_experiment_as_a_step() {
    survives("analysis", "an-exp-step", 8);
    survives("analysis", "an-exp-failed-analysis", 6);
}

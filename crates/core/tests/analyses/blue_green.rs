//! Analyses around the switch (analysis.md §5.5).

use super::{TWO, analysis, entry, paused_for, some};
use crate::world::World;
use serde_json::{Value, json};

fn blue_green(fields: Value) -> World {
    let mut strategy = json!({ "activeService": "live", "previewService": "next" });
    for (field, value) in fields.as_object().unwrap() {
        strategy[field] = value.clone();
    }
    let mut w = World::new(2, json!({ "blueGreen": strategy })).with_services(&["live", "next"]).with_template("look");
    w.run(10);
    w.set_image("2");
    w.events.clear();
    w.phases.clear();
    w.run(10);
    w
}

fn pre() -> String {
    format!("{TWO}-pre")
}

fn post() -> String {
    format!("{TWO}-post")
}

fn live(w: &World) -> &str {
    w.services["live"].selected_hash()
}

const OLD: &str = "64bf54f494";
const NEW: &str = "7445d4664c";

/// Events and phases in their recorded order.
#[test]
fn before_and_after() {
    let mut w = blue_green(json!({
        "prePromotionAnalysis": analysis(), "postPromotionAnalysis": analysis(), "scaleDownDelaySeconds": 2,
    }));
    assert_eq!((entry(&w, "pre"), live(&w)), (some(&pre(), ""), OLD));
    w.ends(&pre(), "Running", 10);
    w.events.clear();
    w.ends(&pre(), "Successful", 10);
    assert_eq!((entry(&w, "pre"), live(&w)), (some(&pre(), "Successful"), NEW));
    assert_eq!(entry(&w, "post"), some(&post(), ""));
    assert_eq!((w.status().stable_rs.as_str(), w.status().phase.as_str()), (OLD, "Progressing"));
    assert_eq!(w.status().message, "waiting for analysis to complete");
    w.ends(&post(), "Running", 60);
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    w.ends(&post(), "Successful", 60);
    assert_eq!((w.status().stable_rs.as_str(), w.status().phase.as_str()), (NEW, "Healthy"));
    assert_eq!(w.sizes(), [(1, 0), (2, 2)]);
    assert_eq!(
        w.events,
        [
            format!("SwitchService Switched selector for service 'live' from '{OLD}' to '{NEW}'"),
            format!(
                "AnalysisRunSuccessful PrePromotion Analysis Run '{}' Status New: 'Successful' Previous: 'Running'",
                pre()
            ),
            format!("AnalysisRunRunning PostPromotion Analysis Run '{}' Status New: 'Running' Previous: ''", post()),
            format!(
                "AnalysisRunSuccessful PostPromotion Analysis Run '{}' Status New: 'Successful' Previous: 'Running'",
                post()
            ),
            format!("RolloutCompleted Rollout completed update to revision 2 ({NEW}): Completed blue-green update"),
            "ScalingReplicaSet Scaled down ReplicaSet web-64bf54f494 (revision 1) from 2 to 0".into(),
        ]
    );
    // The entries stay until the next update.
    assert_eq!(entry(&w, "post"), some(&post(), "Successful"));
    w.set_image("3");
    w.run(1);
    assert_eq!(entry(&w, "post"), None);
}

/// The active Service is made anew, without what the controller wrote into it.
fn lose(w: &mut World) {
    let live = w.services.get_mut("live").unwrap();
    live.spec.selector.clear();
    live.metadata.annotations.clear();
}

#[test]
fn a_service_that_was_made_anew_goes_to_no_version_that_is_not_found_good() {
    let around = json!({ "prePromotionAnalysis": analysis(), "postPromotionAnalysis": analysis() });
    // While it is measured.
    let mut w = blue_green(around.clone());
    w.ends(&pre(), "Running", 10);
    lose(&mut w);
    w.run(20);
    assert_eq!((live(&w), w.status().stable_rs.as_str()), (OLD, OLD));
    w.ends(&pre(), "Successful", 10);
    assert_eq!((live(&w), w.status().stable_rs.as_str()), (NEW, OLD));
    // After the switch: back, and on again, which was found good.
    lose(&mut w);
    w.run(20);
    assert_eq!((live(&w), w.status().stable_rs.as_str()), (NEW, OLD));
    // When it was found bad.
    let mut w = blue_green(around);
    w.ends(&pre(), "Failed", 10);
    lose(&mut w);
    w.run(20);
    assert_eq!((live(&w), w.status().stable_rs.as_str(), w.status().abort), (OLD, OLD, true));
}

#[test]
fn failure_before_the_switch_aborts() {
    let mut w = blue_green(json!({ "prePromotionAnalysis": analysis(), "abortScaleDownDelaySeconds": 2 }));
    w.events.clear();
    w.ends(&pre(), "Failed", 10);
    let cause = "Rollout aborted update to revision 2: Blue/green pre-promotion analysis phase error/failed: too slow";
    assert_eq!(
        w.events,
        [
            format!("AnalysisRunFailed PrePromotion Analysis Run '{}' Status New: 'Failed' Previous: ''", pre()),
            format!("RolloutAborted {cause}"),
            "ScalingReplicaSet Scaled down ReplicaSet web-7445d4664c (revision 2) from 2 to 0".into(),
        ]
    );
    assert_eq!((live(&w), entry(&w, "pre")), (OLD, some(&pre(), "Failed")));
    assert_eq!(w.status().message, format!("RolloutAborted: {cause}"));
}

#[test]
fn failure_after_the_switch_goes_back() {
    let mut w = blue_green(json!({ "postPromotionAnalysis": analysis() }));
    assert_eq!((live(&w), entry(&w, "post")), (NEW, some(&post(), "")));
    w.events.clear();
    w.ends(&post(), "Failed", 10);
    assert_eq!(
        w.events,
        [
            format!("AnalysisRunFailed PostPromotion Analysis Run '{}' Status New: 'Failed' Previous: ''", post()),
            "RolloutAborted Rollout aborted update to revision 2: Blue/green post-promotion analysis phase error/failed: too slow".into(),
            format!("SwitchService Switched selector for service 'live' from '{NEW}' to '{OLD}'"),
        ]
    );
    assert_eq!((w.status().stable_rs.as_str(), w.status().phase.as_str()), (OLD, "Degraded"));
}

/// A retry measures again, and not before there are pods; what was found before the abort, or what a run said that was
/// stopped by it, promotes nothing.
#[test]
fn a_retry_measures_again() {
    for phase in ["Failed", "Running"] {
        let mut w = blue_green(json!({ "prePromotionAnalysis": analysis(), "abortScaleDownDelaySeconds": 2 }));
        w.ends(&pre(), phase, 1);
        w.rollout.status.abort = true;
        w.run(30);
        assert_eq!(w.sizes(), [(1, 2), (2, 0)]);
        w.rollout.status.abort = false;
        while w.sizes()[1].1 == 0 {
            w.step();
            assert_eq!((w.runs.len(), live(&w)), (1, OLD));
        }
        w.run(10);
        let second = format!("{}.1", pre());
        assert_eq!((entry(&w, "pre"), live(&w)), (some(&second, ""), OLD));
        w.ends(&second, "Successful", 10);
        assert_eq!(live(&w), NEW);
    }
}

#[test]
fn an_inconclusive_result_is_measured_again_by_a_resumption() {
    let fields = json!({
        "prePromotionAnalysis": analysis(), "postPromotionAnalysis": analysis(), "autoPromotionEnabled": false,
    });
    let mut w = blue_green(fields);
    for (n, phase) in ["Inconclusive", "Inconclusive", "Successful"].into_iter().enumerate() {
        let name = if n == 0 { pre() } else { format!("{}.{n}", pre()) };
        assert_eq!((entry(&w, "pre"), live(&w)), (some(&name, ""), OLD), "{n}");
        w.ends(&name, phase, 100);
        if n < 2 {
            assert_eq!((paused_for(&w), w.runs.len()), (vec!["InconclusiveAnalysisRun"], n + 1));
            w.promote();
            w.run(10);
        }
    }
    // The pause before the switch begins only now: it was no pause that the resumptions were for.
    assert_eq!((paused_for(&w), live(&w)), (vec!["BlueGreenPause"], OLD));
    w.promote();
    w.run(10);
    assert_eq!((live(&w), entry(&w, "post")), (NEW, some(&post(), "")));
    w.ends(&post(), "Inconclusive", 100);
    assert_eq!((paused_for(&w), w.sizes()), (vec!["InconclusiveAnalysisRun"], vec![(1, 2), (2, 2)]));
    w.promote();
    w.run(10);
    let second = format!("{}.1", post());
    assert_eq!(entry(&w, "post"), some(&second, ""));
    w.ends(&second, "Successful", 10);
    assert_eq!(w.status().phase, "Healthy");
}

/// A resumption that comes while pods are missing is kept until there is something to measure.
#[test]
fn a_resumption_waits_for_pods() {
    let mut w = blue_green(json!({ "prePromotionAnalysis": analysis() }));
    w.ends(&pre(), "Inconclusive", 10);
    w.break_image("2");
    let set = w.sets.get_mut("web-7445d4664c").unwrap();
    set.status.available_replicas = 1;
    w.promote();
    w.run(100);
    assert_eq!((w.runs.len(), paused_for(&w).len()), (1, 0));
    w.heal();
    w.run(10);
    assert_eq!(entry(&w, "pre"), some(&format!("{}.1", pre()), ""));
}

#[test]
fn a_preview_of_fewer_pods_is_analysed_at_its_size() {
    let fields = json!({ "prePromotionAnalysis": analysis(), "previewReplicaCount": 1, "autoPromotionEnabled": false });
    let mut w = blue_green(fields);
    assert_eq!((w.sizes(), entry(&w, "pre")), (vec![(1, 2), (2, 1)], some(&pre(), "")));
    assert!(paused_for(&w).is_empty());
    w.ends(&pre(), "Successful", 100);
    assert_eq!((w.sizes(), paused_for(&w)), (vec![(1, 2), (2, 1)], vec!["BlueGreenPause"]));
    w.promote();
    w.run(10);
    assert_eq!((live(&w), w.sizes()), (NEW, vec![(1, 2), (2, 2)]));
}

#[test]
fn nothing_is_measured_before_pods_are_ready() {
    let strategy = json!({ "blueGreen": { "activeService": "live", "prePromotionAnalysis": analysis() } });
    let mut w = World::new(2, strategy).with_services(&["live"]).with_template("look");
    w.run(10);
    assert_eq!(w.runs.len(), 0, "the first version is not analysed");
    w.break_image("2");
    w.set_image("2");
    w.run(100);
    assert_eq!(w.runs.len(), 0);
    w.heal();
    w.run(2);
    assert_eq!(w.runs.len(), 1);
}

#[test]
fn a_full_promotion_and_a_rollback_need_no_analysis() {
    let both = json!({ "prePromotionAnalysis": analysis(), "postPromotionAnalysis": analysis() });
    let mut w = blue_green(both.clone());
    w.ends(&pre(), "Running", 5);
    w.rollout.status.promote_full = true;
    w.run(10);
    assert_eq!((w.status().phase.as_str(), live(&w), w.runs.len()), ("Healthy", NEW, 1));
    assert!(w.runs[&pre()].spec.terminate);
    // The old one is still there: going back takes no time and no measurement.
    w.set_image("1");
    w.run(5);
    assert_eq!((w.status().phase.as_str(), live(&w), w.runs.len()), ("Healthy", OLD, 1));
    // Without a delay of their own, old ReplicaSets go after promotion, analysed or not.
    w.run(100);
    assert_eq!(w.sizes().iter().map(|s| s.1).sum::<i32>(), 2);
    let mut w = blue_green(both);
    w.set_image("1");
    w.run(10);
    assert_eq!((w.status().phase.as_str(), live(&w)), ("Healthy", OLD));
    assert!(w.runs[&pre()].spec.terminate);
}

/// Superseded versions stay while the analysis after the switch may fail, unless somebody said how long they do.
#[test]
fn old_versions_stay_until_verified() {
    for (delay, kept) in [(None, 2), (Some(1), 0)] {
        let mut w = blue_green(json!({ "postPromotionAnalysis": analysis(), "scaleDownDelaySeconds": delay }));
        w.ends(&post(), "Running", 5);
        w.set_image("3");
        w.run(100);
        let middle = w.sets["web-7445d4664c"].size();
        assert_eq!(middle, kept, "{delay:?}");
    }
}

/// Upstream calls it a lack of progress.
#[test]
fn a_long_analysis_is_no_lack_of_progress() {
    let mut w = blue_green(json!({ "prePromotionAnalysis": analysis() }));
    w.change(|ro| {
        ro.spec.progress_deadline_seconds = Some(60);
        ro.spec.progress_deadline_abort = true;
    });
    w.ends(&pre(), "Running", 3600);
    assert_eq!(
        (w.status().phase.as_str(), w.status().message.as_str()),
        ("Progressing", "active service cutover pending")
    );
}

/// Nor is the moment in which it ends, whatever its verdict.
#[test]
fn the_deadline_does_not_pass_with_the_verdict() {
    let patient = |fields: Value| {
        let mut w = blue_green(fields);
        w.change(|ro| {
            ro.spec.progress_deadline_seconds = Some(60);
            ro.spec.progress_deadline_abort = true;
        });
        w
    };
    let mut w = patient(json!({ "prePromotionAnalysis": analysis(), "previewReplicaCount": 1 }));
    w.ends(&pre(), "Running", 3600);
    w.ends(&pre(), "Successful", 10);
    assert_eq!((w.status().phase.as_str(), live(&w)), ("Healthy", NEW));
    for phase in ["Successful", "Inconclusive"] {
        let mut w = patient(json!({ "postPromotionAnalysis": analysis() }));
        w.ends(&post(), "Running", 3600);
        w.ends(&post(), phase, 10);
        assert!(!w.status().abort, "{phase}: {}", w.status().message);
        w.run(3600);
        assert!(!w.status().abort, "{phase}: {}", w.status().message);
    }
}

/// Pods that are lost while a run goes on do not take its verdict away.
#[test]
fn a_run_counts_whatever_becomes_of_the_pods() {
    let mut w = blue_green(json!({ "prePromotionAnalysis": analysis() }));
    w.sets.get_mut("web-7445d4664c").unwrap().status.available_replicas = 1;
    w.break_image("2");
    w.ends(&pre(), "Successful", 10);
    assert_eq!((w.runs.len(), w.runs[&pre()].spec.terminate, live(&w)), (1, false, OLD));
    w.heal();
    w.run(10);
    assert_eq!(live(&w), NEW);
}

/// Its pods were ready when users came to it, but the analysis took its time.
#[test]
fn a_version_that_lost_its_pods_meanwhile_is_not_stable() {
    let mut w = blue_green(json!({ "postPromotionAnalysis": analysis() }));
    w.ends(&post(), "Running", 5);
    let serve = |w: &mut World, pods: i32| {
        let status = &mut w.sets.get_mut(&format!("web-{NEW}")).unwrap().status;
        (status.ready_replicas, status.available_replicas) = (pods, pods);
    };
    serve(&mut w, 0);
    w.ends(&post(), "Successful", 5);
    assert_eq!((w.status().stable_rs.as_str(), live(&w)), (OLD, NEW));
    serve(&mut w, 2);
    w.run(60);
    assert_eq!((w.status().stable_rs.as_str(), w.sizes()), (NEW, vec![(1, 0), (2, 2)]));
}

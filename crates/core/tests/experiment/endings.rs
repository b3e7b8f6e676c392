//! How Experiments end (§6.4).

use crate::world::{World, analysis, template};
use serde_json::{Value, json};

/// An Experiment with a template and analyses: name, whether it is required, when it ends and how.
fn with(duration: &str, analyses: &[(&str, bool, i64, &str)]) -> World {
    let list: Vec<Value> = analyses.iter().map(|(name, required, ..)| analysis(name, *required)).collect();
    let spec =
        json!({ "templates": [template("a", 1)], "duration": duration, "scaleDownDelaySeconds": 0, "analyses": list });
    let mut w = World::new(spec);
    for (name, _, at, phase) in analyses {
        w.verdicts.insert(format!("trial-{name}"), (*at, phase.to_string()));
    }
    w
}

/// The last phase with its time and message, and the states of the template and the analyses in the end.
#[test]
fn verdicts() {
    const NEVER: i64 = i64::MAX;
    let done = "Required AnalysisRuns completed";
    type Row<'a> = (&'a str, &'a [(&'a str, bool, i64, &'a str)], String, &'a str, &'a [&'a str]);
    let table: &[Row<'_>] = &[
        // Of the templates alone.
        ("10s", &[], "Successful @11".into(), "Successful", &[]),
        ("", &[], "Running @1".into(), "Running", &[]),
        // Analyses that are not required end with the duration, or end it badly.
        ("10s", &[("x", false, 5, "Successful")], "Successful @11".into(), "Successful", &["Successful"]),
        ("10s", &[("x", false, NEVER, "")], "Successful @11".into(), "Successful", &["Successful"]),
        ("10s", &[("x", false, 5, "Failed")], "Failed @5 why".into(), "Successful", &["Failed"]),
        ("10s", &[("x", false, 5, "Inconclusive")], "Inconclusive @5 why".into(), "Successful", &["Inconclusive"]),
        ("", &[("x", false, 5, "Successful")], "Running @1".into(), "Running", &["Successful"]),
        ("", &[("x", false, 5, "Error")], "Error @5 why".into(), "Successful", &["Error"]),
        // Required ones end it, whatever the duration says.
        ("", &[("x", true, 5, "Successful")], format!("Successful @5 {done}"), "Successful", &["Successful"]),
        ("10s", &[("x", true, 5, "Successful")], format!("Successful @5 {done}"), "Successful", &["Successful"]),
        ("10s", &[("x", true, 50, "Successful")], format!("Successful @50 {done}"), "Successful", &["Successful"]),
        ("10s", &[("x", true, 50, "Failed")], "Failed @50 why".into(), "Successful", &["Failed"]),
        ("10s", &[("x", true, NEVER, "")], "Running @1".into(), "Running", &["Running"]),
        // All of them, and those beside them are told to end.
        (
            "",
            &[("x", true, 5, "Successful"), ("y", true, 9, "Successful"), ("z", false, NEVER, "")],
            format!("Successful @9 {done}"),
            "Successful",
            &["Successful", "Successful", "Successful"],
        ),
        (
            "",
            &[("x", true, 5, "Successful"), ("y", false, NEVER, "")],
            format!("Successful @5 {done}"),
            "Successful",
            &["Successful", "Successful"],
        ),
        // The worst of those that ended together; the others end with it.
        (
            "",
            &[("x", true, 5, "Inconclusive"), ("y", false, 5, "Failed"), ("z", true, NEVER, "")],
            "Failed @5 why".into(),
            "Successful",
            &["Inconclusive", "Failed", "Successful"],
        ),
    ];
    for (duration, analyses, phase, state, runs) in table {
        let mut w = with(duration, analyses);
        w.run(200);
        let what = format!("{duration} {analyses:?}: {:?}", w.phases);
        assert_eq!((w.phases.last().unwrap(), w.state("a").0), (phase, *state), "{what}");
        let shown: Vec<_> = w.status().analysis_runs.iter().map(|a| a.phase.as_str()).collect();
        assert_eq!(shown, *runs, "{what}");
        assert_eq!(w.size("a"), i32::from(*state == "Running"), "{what}");
    }
}

/// Required analyses keep the pods that they measure.
#[test]
fn pods_stay_while_required_analyses_go_on() {
    let mut w = with("5s", &[("x", true, 60, "Successful")]);
    w.run(59);
    assert_eq!((w.size("a"), w.state("a").0, w.phase().0), (1, "Running", "Running"));
    w.run(5);
    assert_eq!((w.size("a"), w.phase().0), (0, "Successful"));
}

#[test]
fn terminated() {
    // At any time, whatever is going on.
    for seconds in 0..10 {
        for required in [false, true] {
            let mut w = with("", &[("x", required, i64::MAX, "")]);
            if seconds > 0 {
                w.run(seconds);
            }
            w.experiment.spec.terminate = true;
            w.run(5);
            let what = format!("{seconds} {required} {:?}", w.phases);
            assert_eq!((w.phase().0, w.state("a").0), ("Successful", "Successful"), "{what}");
            assert!(w.sets.values().all(|s| s.spec.replicas == Some(0)), "{what}");
            for run in w.runs.values() {
                assert_eq!(w.analysis("x"), (run.status.phase.as_str(), run.status.message.as_str()), "{what}");
                assert_eq!(run.status.phase, "Successful");
            }
        }
    }
}

/// The verdict of one that is required is waited for; it was told to end.
#[test]
fn what_is_required_is_waited_for_when_it_is_terminated() {
    for (verdict, phase) in [("Successful", "Successful"), ("Inconclusive", "Inconclusive"), ("Failed", "Failed")] {
        let mut w = with("", &[("x", true, 8, verdict)]);
        w.run(5);
        w.experiment.spec.terminate = true;
        w.settle();
        assert_eq!((w.state("a").0, w.phase().0, w.size("a")), ("Successful", "Running", 0));
        w.verdicts.insert("trial-x".into(), (6, verdict.into()));
        w.run(5);
        assert_eq!((w.phase().0, w.analysis("x").0), (phase, verdict));
    }
}

/// One that ends badly after that is shown, but changes nothing any more.
#[test]
fn an_end_is_an_end() {
    let mut w = with("5s", &[("x", false, 7, "Failed")]);
    w.run(20);
    assert_eq!((w.phases.last().unwrap().as_str(), w.analysis("x")), ("Successful @6", ("Failed", "why")));
}

#[test]
fn what_cannot_run() {
    let mut unselected = template("a", 1);
    unselected.as_object_mut().unwrap().remove("selector");
    let mut all = template("a", 1);
    all["selector"] = json!({});
    let mut slow = template("a", 1);
    slow["minReadySeconds"] = 601.into();
    let table = [
        (
            json!({ "templates": [template("x", 1), unselected] }),
            "Rollout has missing field '.Spec.Templates[1].Selector'",
        ),
        (
            json!({ "templates": [all] }),
            "This experiment is selecting all pods at index 0. A non-empty selector is required.",
        ),
        (
            json!({ "templates": [slow] }),
            "MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index 0",
        ),
        (json!({ "templates": [template("", 1)] }), "Experiment trial has empty template name at index 0"),
        (
            json!({ "templates": [template("x", 1), template("x", 1)] }),
            "Experiment trial has repeated template name 'x' in templates",
        ),
        (
            json!({ "templates": [], "analyses": [analysis("x", true), analysis("x", true)] }),
            "Experiment trial has repeated analysis name 'x' in analyses",
        ),
        (
            json!({ "templates": [], "duration": "5 minutes" }),
            "Experiment trial has an invalid duration: time: unknown unit \" minutes\" in duration \"5 minutes\"",
        ),
    ];
    for (spec, message) in table {
        let mut w = World::new(spec);
        w.run(5);
        assert_eq!((w.condition(), w.phase()), (vec![("InvalidSpec", "True")], ("", "")));
        assert_eq!(w.status().conditions[0].message, message);
        assert!(w.sets.is_empty() && w.events.is_empty());
        w.experiment.spec = serde_json::from_value(json!({ "templates": [template("x", 1)] })).unwrap();
        w.run(5);
        assert_eq!((w.condition(), w.phase().0), (vec![("NewReplicaSetAvailable", "True")], "Running"), "repaired");
    }
}

#[test]
fn one_that_is_being_deleted_is_left_alone() {
    let mut w = with("5s", &[]);
    w.run(2);
    w.experiment.metadata.deletion_timestamp = Some(rollouts_api::Time::new(w.now));
    w.run(20);
    assert_eq!((w.phase().0, w.size("a")), ("Running", 1));
    assert_eq!(w.seconds_since_start(w.status().available_at), Some(1));
}

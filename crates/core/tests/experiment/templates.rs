//! Templates: their ReplicaSets and states (§6.2).

use crate::world::{World, template};
use rollouts_core::experiment::Refused;
use serde_json::json;

#[test]
fn from_nothing_to_running_and_its_duration() {
    let mut w = World::new(json!({ "templates": [template("a", 2)], "duration": "6s", "scaleDownDelaySeconds": 0 }));
    w.settle();
    assert_eq!((w.state("a").0, w.phase().0, w.size("a")), ("Progressing", "Pending", 2));
    assert_eq!(w.condition(), [("ReplicaSetUpdated", "True")]);
    w.run(1);
    assert_eq!((w.state("a").0, w.phase().0), ("Running", "Running"));
    assert_eq!(w.condition(), [("NewReplicaSetAvailable", "True")]);
    w.run(5);
    assert_eq!(w.phase().0, "Running");
    w.run(2);
    assert_eq!((w.state("a").0, w.phase().0, w.size("a")), ("Successful", "Successful", 0));
    assert_eq!(w.condition(), [("ExperimentCompleted", "False")]);
    assert_eq!(w.status().template_statuses[0].replicas, 0);
    assert_eq!(w.phases, ["Pending @0", "Running @1", "Successful @7"]);
    assert_eq!(
        w.events,
        [
            "TemplateProgressing Template 'a' transitioned from  -> Progressing",
            "ExperimentPending Experiment transitioned from  -> Pending",
            "ScalingReplicaSet Scaled up ReplicaSet trial-a from 0 to 2",
            "TemplateRunning Template 'a' transitioned from Progressing -> Running",
            "ExperimentRunning Experiment transitioned from Pending -> Running",
            "TemplateSuccessful Template 'a' transitioned from Running -> Successful",
            "ExperimentSuccessful Experiment transitioned from Running -> Successful",
            "ScalingReplicaSet Scaled down ReplicaSet trial-a from 2 to 0",
        ]
    );
}

#[test]
fn the_object() {
    let mut spec = template("a", 1);
    spec["minReadySeconds"] = 3.into();
    spec["template"]["metadata"]["labels"]["rollouts-pod-template-hash"] = "inherited".into();
    let mut w = World::new(json!({ "templates": [spec] }));
    w.settle();
    let set = &w.sets["trial-a"];
    // As recorded of the same template without the inherited hash.
    let mut plain = World::new(json!({ "templates": [template("a", 1)] }));
    plain.settle();
    let hash = plain.sets["trial-a"].hash();
    let annotations = json!({ "experiment.argoproj.io/name": "trial", "experiment.argoproj.io/template-name": "a" });
    assert_eq!(json!(set.metadata.annotations), annotations);
    let labels = json!({ "app": "a", "rollouts-pod-template-hash": hash });
    assert_eq!((json!(set.metadata.labels), json!(set.spec.template.labels())), (labels.clone(), labels));
    let owner = set.metadata.controller().unwrap();
    assert_eq!((owner.kind.as_str(), owner.uid.as_str(), set.spec.min_ready_seconds), ("Experiment", "2", 3));
}

#[test]
fn pods_that_never_come_fail_it() {
    let spec = json!({ "templates": [template("a", 1), template("b", 1)], "progressDeadlineSeconds": 4, "scaleDownDelaySeconds": 0 });
    let mut w = World::new(spec);
    w.broken.insert("trial-b".into());
    w.run(10);
    let message = "Template 'b' exceeded its progressDeadlineSeconds (4)";
    assert_eq!((w.phase(), w.state("b")), (("Failed", message), ("Failed", message)));
    assert_eq!((w.state("a").0, w.size("a"), w.size("b")), ("Successful", 0, 0));
    // The second in which its pods were counted begins anew.
    assert_eq!(w.phases, ["Pending @0".to_string(), format!("Failed @6 {message}")]);
    assert_eq!(w.condition(), [("ReplicaSetUpdated", "True")], "it never ran");
}

#[test]
fn pods_that_are_lost_have_the_deadline_to_come_back() {
    let mut w = World::new(json!({ "templates": [template("a", 1)], "progressDeadlineSeconds": 10 }));
    w.run(100);
    w.broken.insert("trial-a".into());
    w.run(8);
    assert_eq!((w.state("a").0, w.phase().0), ("Progressing", "Pending"));
    w.broken.clear();
    w.run(50);
    assert_eq!((w.state("a").0, w.phase().0), ("Running", "Running"));
    w.broken.insert("trial-a".into());
    w.run(13);
    assert_eq!((w.state("a").0, w.phase().0), ("Failed", "Failed"));
}

#[test]
fn pods_stay_for_the_delay() {
    for (delay, seconds) in [(json!(null), 30), (json!(2), 2), (json!(0), 0)] {
        let mut w = World::new(json!({ "templates": [template("a", 1)], "scaleDownDelaySeconds": delay }));
        w.run(5);
        w.experiment.spec.terminate = true;
        w.settle();
        assert_eq!((w.phase().0, w.state("a").0), ("Successful", "Successful"), "{delay}");
        assert_eq!(w.size("a"), i32::from(seconds > 0), "{delay}");
        w.run((seconds - 1).max(0));
        assert_eq!(w.size("a"), i32::from(seconds > 0), "{delay}");
        w.run(1);
        assert_eq!(w.size("a"), 0, "{delay}");
    }
}

#[test]
fn another_size() {
    let mut w = World::new(json!({ "templates": [template("a", 1)] }));
    w.run(5);
    for n in [3, 1] {
        w.experiment.spec.templates[0].replicas = Some(n);
        w.run(2);
        assert_eq!((w.size("a"), w.state("a").0), (n, "Running"));
    }
    assert_eq!(w.status().template_statuses.len(), 1);
}

#[test]
fn none_at_all_run_until_the_analyses_end() {
    let mut w =
        World::new(json!({ "templates": [], "duration": "5s", "analyses": [crate::world::analysis("look", false)] }));
    w.run(3);
    assert_eq!((w.phase().0, w.runs.len()), ("Running", 1));
    w.run(5);
    assert_eq!(w.phase().0, "Successful");
}

#[test]
fn what_is_taken_out_is_cleared_away() {
    let mut b = template("b", 1);
    b["service"] = json!({});
    let mut w = World::new(json!({ "templates": [template("a", 1), b], "scaleDownDelaySeconds": 0 }));
    w.run(5);
    assert_eq!(w.services.len(), 1);
    w.experiment.spec.templates.truncate(1);
    w.run(5);
    assert_eq!((w.size("a"), w.size("b"), w.services.len()), (1, 0, 0));
    assert_eq!(w.phase().0, "Running");
}

#[test]
fn a_deleted_replica_set_is_made_again() {
    let mut w = World::new(json!({ "templates": [template("a", 1)] }));
    w.run(5);
    w.sets.clear();
    w.run(5);
    assert_eq!((w.size("a"), w.phase().0), (1, "Running"));
    w.experiment.spec.terminate = true;
    w.settle();
    w.sets.clear();
    w.run(5);
    assert!(w.sets.is_empty());
}

/// What the API server refuses for good is an Error at once.
#[test]
fn refusals() {
    let table = [
        (Refused::ReplicaSet("a".into()), "Failed to create ReplicaSet for template 'a': no"),
        (Refused::Size("a".into()), "Unable to scale ReplicaSet for template 'a' to desired replica count '1': no"),
        (Refused::Service("a".into()), "Failed to create Service trial-a for template 'a': no"),
    ];
    for (refused, message) in table {
        let mut a = template("a", 1);
        a["service"] = json!({});
        let mut w = World::new(json!({ "templates": [a] }));
        w.refuses.insert(refused, "no".into());
        w.run(60);
        assert_eq!((w.phase(), w.state("a")), (("Error", message), ("Error", message)));
        assert_eq!(w.phases.len(), 2, "Pending first: {:?}", w.phases);
    }
    // Pods that cannot be removed are no verdict; it is tried until it works.
    let mut w = World::new(json!({ "templates": [template("a", 1)], "scaleDownDelaySeconds": 0 }));
    w.run(5);
    w.refuses.insert(Refused::Size("a".into()), "no".into());
    w.experiment.spec.terminate = true;
    w.run(60);
    assert_eq!(w.size("a"), 1);
    w.refuses.clear();
    w.run(30);
    assert_eq!((w.size("a"), w.phase().0), (0, "Successful"));
}

//! Names that somebody else has.

use crate::world::{World, analysis, template};
use serde_json::json;

const TAKEN: &str = "ReplicaSet 'trial-a' already exists and is not owned by experiment template 'a'";

#[test]
fn a_replica_set_in_the_way_is_named_until_it_goes() {
    let mut w = World::new(json!({ "templates": [template("a", 1)] }));
    w.foreign_sets.insert("trial-a".into());
    w.run(100);
    assert_eq!((w.state("a"), w.phase()), (("Progressing", TAKEN), ("Pending", TAKEN)));
    assert_eq!(w.status().template_statuses.len(), 1);
    w.foreign_sets.clear();
    // Nobody tells that it went.
    w.run(12);
    assert_eq!((w.state("a"), w.phase()), (("Running", ""), ("Running", "")));
}

#[test]
fn it_fails_at_the_deadline() {
    let mut w = World::new(json!({ "templates": [template("a", 1)], "progressDeadlineSeconds": 20 }));
    w.foreign_sets.insert("trial-a".into());
    w.run(30);
    let message = format!("Template 'a' exceeded its progressDeadlineSeconds (20): {TAKEN}");
    assert_eq!((w.state("a"), w.phase()), (("Failed", message.as_str()), ("Failed", message.as_str())));
    assert_eq!(w.status().template_statuses.len(), 1);
}

#[test]
fn runs_have_other_names() {
    let mut w = World::new(
        json!({ "templates": [template("a", 1)], "analyses": [analysis("look", false), analysis("look.1", false)] }),
    );
    w.foreign_runs.insert("trial-look".into());
    w.run(5);
    let names: Vec<_> = w.runs.keys().map(String::as_str).collect();
    assert_eq!(names, ["trial-look.1", "trial-look.2"]);
    let shown: Vec<_> = w.status().analysis_runs.iter().map(|a| (a.name.as_str(), a.analysis_run.as_str())).collect();
    assert_eq!(shown, [("look", "trial-look.2"), ("look.1", "trial-look.1")]);
}

//! Services of templates (§6.1).

use crate::world::{World, template};
use serde_json::{Value, json};

fn serviced(service: Value) -> World {
    let mut a = template("a", 1);
    a["service"] = service;
    World::new(json!({ "templates": [a], "scaleDownDelaySeconds": 0 }))
}

/// Name of the Service and hash in the status.
fn shown(w: &World) -> (&str, &str) {
    let status = &w.status().template_statuses[0];
    (&status.service_name, &status.pod_template_hash)
}

#[test]
fn they_come_and_go_with_the_pods() {
    for (service, name) in [(json!({}), "trial-a"), (json!({ "name": "lab" }), "lab")] {
        let mut w = serviced(service);
        w.run(5);
        let hash = w.sets["trial-a"].hash().to_string();
        assert_eq!(shown(&w), (name, hash.as_str()));
        let service = &w.services[name];
        assert_eq!(json!(service.spec.selector), json!({ "app": "a", "rollouts-pod-template-hash": hash }));
        assert_eq!(service.metadata.annotation("experiment.argoproj.io/template-name"), Some("a"));
        assert_eq!(service.metadata.controller().unwrap().kind, "Experiment");
        w.experiment.spec.terminate = true;
        w.settle();
        assert_eq!(shown(&w).0, name, "its last pod may still be asked");
        w.run(5);
        assert_eq!((shown(&w), w.services.len()), (("", ""), 0));
    }
}

#[test]
fn one_that_is_deleted_is_made_again() {
    let mut w = serviced(json!({}));
    w.run(5);
    w.services.clear();
    w.run(1);
    assert_eq!((shown(&w).0, w.services.len()), ("trial-a", 1));
}

#[test]
fn another_name_is_another_service() {
    let mut w = serviced(json!({ "name": "lab" }));
    w.run(5);
    w.experiment.spec.templates[0].service.as_mut().unwrap().name = "den".into();
    w.run(1);
    assert_eq!((shown(&w).0, w.services.keys().map(String::as_str).collect::<Vec<_>>()), ("den", vec!["den"]));
    w.experiment.spec.templates[0].service = None;
    w.run(1);
    assert_eq!((shown(&w), w.services.len()), (("", ""), 0));
}

#[test]
fn a_name_that_is_taken_is_an_error() {
    let mut w = serviced(json!({ "name": "lab" }));
    w.foreign_services.insert("lab".into());
    w.run(5);
    let message = "Failed to create Service lab for template 'a': service lab already exists and is not owned by \
                   experiment template a";
    assert_eq!((w.phase(), w.state("a"), w.sets.len()), (("Error", message), ("Error", message), 0));
    // Two templates cannot share one, either.
    let (mut a, mut b) = (template("a", 1), template("b", 1));
    (a["service"], b["service"]) = (json!({ "name": "lab" }), json!({ "name": "lab" }));
    let mut w = World::new(json!({ "templates": [a, b] }));
    w.run(5);
    assert_eq!((w.state("a").0, w.state("b").0), ("Successful", "Error"));
}

#[test]
fn without_ports_there_is_none_and_it_is_told() {
    let mut a = template("a", 1);
    a["service"] = json!({});
    a["template"]["spec"]["containers"][0].as_object_mut().unwrap().remove("ports");
    let mut w = World::new(json!({ "templates": [a] }));
    w.run(5);
    assert_eq!((w.phase().0, shown(&w), w.services.len()), ("Running", ("", ""), 0));
    let warnings: Vec<_> = w.warnings.iter().collect();
    assert_eq!(warnings, ["Template 'a' gets no Service: its containers declare no ports"]);
}

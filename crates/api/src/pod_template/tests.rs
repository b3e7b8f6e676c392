use super::*;
use serde_json::json;

fn demo(image: &str) -> PodTemplate {
    PodTemplate::new(&json!({
        "metadata": {"labels": {"app": "demo"}},
        "spec": {"containers": [{"name": "demo", "image": image, "resources": {}}]},
    }))
}

#[test]
fn hashes_of_the_demo() {
    let template = demo("registry.k8s.io/pause:3.9");
    assert_eq!(
        template.go_json(),
        concat!(
            r#"{"metadata":{"labels":{"app":"demo"}},"spec":{"containers":[{"name":"demo","#,
            r#""image":"registry.k8s.io/pause:3.9","resources":{}}]}}"#
        )
    );
    assert_eq!(hash(&template, None), "7b7fb84fd6");
    assert_eq!(hash(&template, Some(1)), "8454b4b899");
    assert_eq!(hash_with_null_timestamps(&template, None), "5b4cb8984b");
    assert_eq!(hash(&demo("registry.k8s.io/pause:3.10"), None), "74f5f4b476");
}

/// Templates and the hashes that the Go controller gave their ReplicaSets: name of the recording, hash, template.
const RECORDED: &str = include_str!("recorded_hashes.tsv");

#[test]
fn hashes_recorded_from_the_go_controller() {
    let mut wrong = Vec::new();
    for line in RECORDED.lines() {
        let [name, expected, template] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let template = PodTemplate::new(&serde_json::from_str(template).unwrap());
        let collided = name.contains("collision") && hash(&template, Some(1)) == expected;
        if hash(&template, None) != expected && !collided {
            wrong.push(format!("{name}: expected {expected}: {}", template.go_json()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn labels_and_annotations_come_and_go() {
    let template = demo("a");
    let labelled = template.with_label("x", "y").with_annotation("n", "m");
    assert_eq!(labelled.labels()["x"], "y");
    assert_eq!(labelled.annotations()["n"], "m");
    assert_eq!(labelled.without_label("x").without_annotation("n"), template);
}

#[test]
fn a_stored_template_equals_the_one_it_was_made_from() {
    let desired = PodTemplate::new(&json!({
        "metadata": {"labels": {"app": "demo"}},
        "spec": {
            "serviceAccount": "sa",
            "containers": [{
                "name": "demo", "image": "a:1", "ports": [{"containerPort": 80}],
                "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}},
                "readinessProbe": {"httpGet": {"port": 80}},
                "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            }],
            "volumes": [{"name": "tmp"}, {"name": "s", "secret": {"secretName": "s"}}],
        },
    }));
    let stored = desired.with_label(names::POD_TEMPLATE_HASH, "5d5b").map(|template| {
        default(template);
        template["spec"]["containers"][0]["resources"]["limits"] = json!({"cpu": "1", "memory": "1Gi"});
    });
    assert!(equal_ignoring_hash(&stored, &desired));
    assert!(!equal_ignoring_hash(&stored, &desired.with_label("new", "label")));
    assert!(!equal_ignoring_hash(&stored, &desired.map(|t| t["spec"]["containers"][0]["image"] = "a:2".into())));
}

/// Name, template, and the template as Kubernetes 1.34 defaults it.
const DEFAULTED: &str = include_str!("golden_defaults.tsv");

#[test]
fn defaults_are_those_of_kubernetes() {
    for line in DEFAULTED.lines() {
        let [name, given, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let mut template: Value = serde_json::from_str(given).unwrap();
        default(&mut template);
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(shape::normalize(STRUCT, &template), expected, "{name}");
        let given = PodTemplate::new(&serde_json::from_str(given).unwrap());
        assert!(equal_ignoring_hash(&PodTemplate::new(&expected), &given), "{name}");
    }
}

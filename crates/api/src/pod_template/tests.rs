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

/// Name, hash that a Go controller computes, template, and the template as Kubernetes 1.34 stores it in a ReplicaSet.
/// `crates/api/gen` says how it is made.
const DEFAULTED: &str = include_str!("golden_defaults.tsv");

/// Name, hash, given, stored.
fn defaulted() -> impl Iterator<Item = (&'static str, &'static str, Value, Value)> {
    DEFAULTED.lines().map(|line| {
        let [name, hash, given, stored] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        (name, hash, serde_json::from_str(given).unwrap(), serde_json::from_str(stored).unwrap())
    })
}

#[test]
fn defaults_are_those_of_kubernetes() {
    for (name, go_hash, given, stored) in defaulted() {
        assert_eq!(hash(&PodTemplate::new(&given), None), go_hash, "{name}: {}", PodTemplate::new(&given).go_json());
        let mut template = given.clone();
        default(&mut template);
        assert_eq!(shape::normalize(STRUCT, &template), stored, "{name}");
        assert!(equal_ignoring_hash(&PodTemplate::new(&stored), &PodTemplate::new(&given)), "{name}");
    }
}

/// The deprecated field follows its successor; everything else has a meaning.
const MEANINGLESS: [&str; 1] = ["/spec/serviceAccount"];

#[test]
fn every_single_change_of_a_stored_template_is_seen() {
    for (name, _, given, stored) in defaulted() {
        let given = PodTemplate::new(&given);
        let mut paths = Vec::new();
        leaves(&stored, String::new(), &mut paths);
        for path in paths.iter().filter(|p| !MEANINGLESS.contains(&p.as_str())) {
            let mut changed = stored.clone();
            let leaf = changed.pointer_mut(path).unwrap();
            *leaf = other(leaf);
            assert!(!equal_ignoring_hash(&PodTemplate::new(&changed), &given), "{name}: {path}");
        }
    }
}

/// JSON pointers of all scalars.
fn leaves(value: &Value, at: String, out: &mut Vec<String>) {
    let step = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(map) => map.iter().for_each(|(key, v)| leaves(v, step(key), out)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| leaves(v, step(&i.to_string()), out)),
        Value::Null => {}
        _ => out.push(at),
    }
}

fn other(leaf: &Value) -> Value {
    match leaf {
        Value::String(s) if crate::quantity::Quantity::parse(s).is_ok() => "77".into(),
        Value::String(s) => format!("{s}x").into(),
        Value::Bool(b) => (!b).into(),
        Value::Number(n) => (n.as_i64().unwrap() + 1).into(),
        _ => unreachable!("no leaf: {leaf}"),
    }
}

/// Whether an API server defaults this depends on a feature gate.
#[test]
fn an_image_volume_pulls_as_its_tag_says_unless_told() {
    let volume = |image: Value| {
        let spec = json!({"containers": [], "volumes": [{"name": "v", "image": image}]});
        PodTemplate::new(&json!({"metadata": {}, "spec": spec}))
    };
    let given = volume(json!({"reference": "data:1"}));
    let stored = |policy: &str| {
        volume(json!({"reference": "data:1", "pullPolicy": policy})).map(|template| {
            default(template);
        })
    };
    assert!(equal_ignoring_hash(&stored("IfNotPresent"), &given));
    assert!(!equal_ignoring_hash(&stored("Always"), &given));
    assert!(equal_ignoring_hash(
        &given.map(default),
        &volume(json!({"reference": "data:1", "pullPolicy": "IfNotPresent"}))
    ));
}

use super::*;

fn diff(old: Value, new: Value) -> Vec<String> {
    let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".into(), Change::shown);
    templates(&old, &new).iter().map(|c| format!("{}: {} → {}", c.path, side(&c.old), side(&c.new))).collect()
}

fn template(containers: Value) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}})
}

#[test]
fn elements_are_found_by_name_wherever_they_are() {
    let proxy = json!({"name": "proxy", "image": "proxy:1"});
    let web = |image: &str, env: Value| json!({"name": "web", "image": image, "env": env});
    let old = template(json!([web("web:1", json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])), proxy]));
    let new = template(json!([proxy, web("web:2", json!([{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]))]));
    assert_eq!(
        diff(old, new),
        [
            r#"spec.containers[web].env[A]: {"name":"A","value":"1"} → -"#,
            "spec.containers[web].env[B].value: 2 → 3",
            r#"spec.containers[web].env[C]: - → {"name":"C","value":"4"}"#,
            "spec.containers[web].image: web:1 → web:2",
        ]
    );
}

#[test]
fn what_is_left_to_its_default_is_the_same() {
    let bare = template(json!([{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}]));
    let full = template(json!([{
        "name": "web", "image": "web:1", "imagePullPolicy": "IfNotPresent", "resources": {},
        "terminationMessagePath": "/dev/termination-log", "ports": [{"containerPort": 80, "protocol": "TCP"}],
    }]));
    assert_eq!(diff(bare, full), [""; 0]);
}

#[test]
fn keys_with_dots_ports_and_order() {
    let template = |annotation: &str, ports: Value, first: &str, second: &str| {
        json!({
            "metadata": {"annotations": {"a.io/b": annotation}},
            "spec": {
                "containers": [{"name": "web", "image": "web:1", "ports": ports, "args": [annotation]}],
                "initContainers": [{"name": first, "image": "i:1"}, {"name": second, "image": "i:1"}],
            },
        })
    };
    let old = template("1", json!([{"containerPort": 80}]), "a", "b");
    let new = template(
        "2",
        json!([{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 80, "name": "http"}]),
        "b",
        "a",
    );
    assert_eq!(
        diff(old, new),
        [
            "metadata.annotations[a.io/b]: 1 → 2",
            "spec.containers[web].args[0]: 1 → 2",
            "spec.containers[web].ports[80].name: - → http",
            r#"spec.containers[web].ports[53/UDP]: - → {"containerPort":53,"protocol":"UDP"}"#,
            r#"spec.initContainers (order): ["a","b"] → ["b","a"]"#,
        ]
    );
}

#[test]
fn values_are_shown_in_one_line() {
    assert_eq!(Change::shown(&json!("a\nb")), r#""a\nb""#);
    assert_eq!(Change::shown(&json!("")), r#""""#);
    assert_eq!(Change::shown(&json!(7)), "7");
    assert_eq!(Change::shown(&json!("x".repeat(200))).chars().count(), 121);
}

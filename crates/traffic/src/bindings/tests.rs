use super::*;
use serde_json::json;

fn service() -> Value {
    json!({
        "metadata": { "name": "web" },
        "spec": { "ports": [{ "name": "http", "port": 80, "targetPort": "main" }, { "name": "admin", "port": 81 }] },
    })
}

fn binding(group: &str, service: Value, port: Value, target_type: &str) -> Value {
    json!({ "spec": {
        "serviceRef": { "name": service, "port": port }, "targetGroupARN": group, "targetType": target_type,
    } })
}

#[test]
fn what_is_bound_to_a_service() {
    let bindings = [
        binding("by-number", json!("web"), json!(80), "ip"),
        binding("by-name", json!("web"), json!("admin"), "ip"),
        binding("other", json!("other"), json!(80), "ip"),
        binding("nodes", json!("web"), json!(80), "instance"),
        binding("no-such-port", json!("web"), json!(82), "ip"),
        binding("odd", json!(7), json!([]), "ip"),
        json!({ "spec": { "serviceRef": { "name": "web", "port": 80 }, "targetType": "ip" } }),
        json!("odd"),
    ];
    let found: Vec<(String, String)> = bound(&service(), &bindings).into_iter().map(|b| (b.group, b.port)).collect();
    assert_eq!(found, [("by-name".into(), "admin".into()), ("by-number".to_owned(), "http".to_owned())]);
    assert!(bound(&json!({}), &bindings).is_empty() && bound(&Value::Null, &bindings).is_empty());
    // The only port of a Service needs no name.
    let plain = json!({ "metadata": { "name": "web" }, "spec": { "ports": [{ "port": 80 }] } });
    let found: Vec<Bound> = bound(&plain, &bindings).into_iter().collect();
    assert_eq!(found, [Bound { group: "by-number".into(), port: String::new() }]);
}

#[test]
fn endpoints_of_a_port() {
    let pod = |ip: &str, name: &str| json!({ "ip": ip, "targetRef": { "kind": "Pod", "name": name } });
    let object = json!({ "subsets": [
        {
            "addresses": [pod("10.0.0.1", "web-a-1"), pod("10.0.0.2", "web-b-1"), { "ip": "10.0.0.3" }, { "ip": 7 }],
            "notReadyAddresses": [pod("10.0.0.9", "web-a-2")],
            "ports": [{ "name": "http", "port": 8080 }, { "name": "admin", "port": 9090 }],
        },
        { "addresses": [pod("10.0.0.4", "web-a-3")], "ports": [{ "name": "http", "port": 8081 }] },
        { "addresses": [pod("10.0.0.5", "web-a-4")], "ports": "odd" },
        "odd",
    ] });
    let all = endpoints(&object, "http");
    let addresses: Vec<(&str, i64, bool)> = all.iter().map(|e| (e.ip.as_str(), e.port, e.is_of("web-a"))).collect();
    let expected =
        [("10.0.0.1", 8080, true), ("10.0.0.2", 8080, false), ("10.0.0.3", 8080, true), ("10.0.0.4", 8081, true)];
    assert_eq!(addresses, expected);
    assert!(endpoints(&object, "none").is_empty() && endpoints(&Value::Null, "").is_empty());
    let odd = Endpoint { ip: String::new(), port: 1, pod: Some("web-a".into()) };
    assert!(!odd.is_of("web-a") && !Endpoint { pod: Some("web-ab-1".into()), ..odd }.is_of("web-a"));
}

use super::*;
use crate::builtin::{World, default_object, golden::differences, prepare_create, prepare_update, validate};
use crate::rng::Rng;
use rollouts_api::pod_template::json::list;
use std::collections::BTreeSet;

/// One JSON object a line: what is done (`create`, or `update` of `old`), the object, the object as Kubernetes 1.34
/// stores it, and what it has against it.
const GOLDEN: &str = include_str!("golden.jsonl");

struct Objects(Vec<(&'static str, Value)>);

impl World for Objects {
    fn get(&self, _: &str, plural: &str, _: &str, name: &str) -> Option<&Value> {
        self.0.iter().find(|(p, o)| *p == plural && o["metadata"]["name"] == name).map(|(_, o)| o)
    }
    fn list(&self, _: &str, plural: &str) -> Vec<&Value> {
        self.0.iter().filter(|(p, _)| *p == plural).map(|(_, o)| o).collect()
    }
    fn mint_token(&self, namespace: &str, service_account: &str, uid: &str) -> String {
        format!("{namespace}/{service_account}/{uid}")
    }
    fn ca_pem(&self) -> &str {
        "CA"
    }
}

fn with_ctx<T>(world: &Objects, run: impl FnOnce(&Ctx<'_>) -> T) -> T {
    let rng = Rng::new(7);
    run(&Ctx { now: jiff::Timestamp::UNIX_EPOCH, rng: &rng, world })
}

fn group_and_kind(obj: &Value) -> (String, String) {
    let group = text(obj, "apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
    (group.to_string(), text(obj, "kind").to_string())
}

fn created(mut obj: Value) -> Value {
    let (group, kind) = group_and_kind(&obj);
    default_object(&group, &kind, &mut obj);
    with_ctx(&Objects(Vec::new()), |ctx| prepare_create(&group, &kind, &mut obj, ctx));
    obj
}

fn updated(mut obj: Value, old: &Value) -> Value {
    let (group, kind) = group_and_kind(&obj);
    default_object(&group, &kind, &mut obj);
    with_ctx(&Objects(Vec::new()), |ctx| prepare_update(&group, &kind, &mut obj, old, ctx));
    obj
}

/// Takes out what admission plugins and allocators add and the recorded strategies do not.
fn without_admission(mut obj: Value) -> Value {
    object(&mut obj["metadata"]).remove("generation");
    let kind = text(&obj, "kind").to_string();
    if kind == "Pod" {
        let spec = &mut obj["spec"];
        for key in ["priority", "preemptionPolicy", "tolerations", "volumes", "serviceAccount", "serviceAccountName"] {
            object(spec).remove(key);
        }
        items(spec, "containers").for_each(|c| drop(object(c).remove("volumeMounts")));
    }
    obj
}

/// Whether two messages are equal but for the order of the fields of a struct that they show.
fn same_words(a: &str, b: &str) -> bool {
    let letters = |s: &str| {
        let mut letters: Vec<char> = s.chars().collect();
        letters.sort_unstable();
        letters
    };
    a == b || (a.contains('{') && letters(a) == letters(b))
}

#[test]
fn stores_and_says_what_kubernetes_does() {
    let mut wrong = Vec::new();
    for line in GOLDEN.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = &case["name"];
        let old = get(&case, "old").map(|old| {
            let mut old = old.clone();
            let (group, kind) = group_and_kind(&old);
            default_object(&group, &kind, &mut old);
            old
        });
        let got = match &old {
            None => created(case["in"].clone()),
            Some(old) => updated(case["in"].clone(), old),
        };
        let (group, kind) = group_and_kind(&got);
        if case["out"].is_object() {
            let (got, expected) = (without_admission(got.clone()), without_admission(case["out"].clone()));
            wrong.extend(differences(&got, &expected).iter().map(|d| format!("{name}: {d}")));
        }
        let errors: Vec<String> = validate(&group, &kind, &got, old.as_ref())
            .iter()
            .map(ToString::to_string)
            .filter(|e| !e.starts_with("metadata."))
            .collect();
        let expected: Vec<&str> = texts(&case, "errors");
        let missing = expected.iter().filter(|e| !errors.iter().any(|g| same_words(g, e)));
        wrong.extend(missing.map(|e| format!("{name}: missing {e}")));
        let added = errors.iter().filter(|e| !expected.iter().any(|x| same_words(e, x)));
        wrong.extend(added.map(|e| format!("{name}: added {e}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn services_get_addresses_and_ports() {
    let service = |spec: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec});
    let plain = created(service(json!({"selector": {"a": "b"}, "ports": [{"port": 80}]})));
    let ip = text(&plain["spec"], "clusterIP");
    assert!(ip.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.octets()[0] == 10), "{ip}");
    assert_eq!(plain["spec"]["clusterIPs"], json!([ip]));
    assert_eq!(
        (&plain["spec"]["ipFamilies"], &plain["spec"]["ipFamilyPolicy"]),
        (&json!(["IPv4"]), &json!("SingleStack"))
    );

    let headless = created(service(json!({"clusterIP": "None", "selector": {"a": "b"}, "ports": [{"port": 80}]})));
    assert_eq!(headless["spec"]["clusterIPs"], json!(["None"]));

    let nodes =
        created(service(json!({"type": "NodePort", "ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]})));
    let ports: BTreeSet<i64> = list(&nodes["spec"], "ports").iter().map(|p| p["nodePort"].as_i64().unwrap()).collect();
    assert!(ports.len() == 2 && ports.iter().all(|n| (30_000..32_768).contains(n)), "{ports:?}");

    let applied = updated(
        service(json!({"type": "NodePort", "ports": [{"port": 81, "name": "b"}, {"port": 80, "name": "a"}]})),
        &nodes,
    );
    assert_eq!(applied["spec"]["clusterIP"], nodes["spec"]["clusterIP"]);
    assert_eq!(applied["spec"]["ports"][0]["nodePort"], nodes["spec"]["ports"][1]["nodePort"]);
    let closed = updated(service(json!({"ports": [{"port": 80, "name": "a"}]})), &nodes);
    assert_eq!(closed["spec"]["ports"][0].get("nodePort"), None);
    assert_eq!(closed["spec"].get("externalTrafficPolicy"), None);
}

#[test]
fn pods_are_admitted_as_in_a_default_cluster() {
    let pod = created(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [
        {"name": "c", "image": "a", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]}}));
    assert_eq!(pod["status"], json!({"phase": "Pending", "qosClass": "Guaranteed"}));
    assert_eq!(pod["spec"]["serviceAccountName"], "default");
    assert_eq!(pod["spec"]["tolerations"][0]["key"], "node.kubernetes.io/not-ready");
    let mount = &pod["spec"]["containers"][0]["volumeMounts"][0];
    assert_eq!(mount["name"], pod["spec"]["volumes"][0]["name"]);
    assert!(validate("", "Pod", &pod, None).is_empty());
}

#[test]
fn token_secrets_are_filled() {
    let account = json!({"metadata": {"name": "robot", "uid": "u1"}});
    let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
        "metadata": {"name": "t", "namespace": "ns", "annotations": {"kubernetes.io/service-account.name": "robot"}}});
    with_ctx(&Objects(vec![("serviceaccounts", account)]), |ctx| prepare_create("", "Secret", &mut secret, ctx));
    assert_eq!(secret["data"]["token"], "bnMvcm9ib3QvdTE=");
    assert_eq!(secret["metadata"]["annotations"]["kubernetes.io/service-account.uid"], "u1");
}

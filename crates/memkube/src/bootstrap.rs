//! What a fresh cluster holds.

use crate::errors::Result;
use crate::meta;
use crate::state::State;
use crate::write::{self, Write};
use serde_json::{Value, json};

const NAMESPACES: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

fn rbac(kind: &str, name: &str, mut body: Value) -> Value {
    body["apiVersion"] = json!("rbac.authorization.k8s.io/v1");
    body["kind"] = json!(kind);
    let labels = body["metadata"]["labels"].take();
    body["metadata"] = json!({"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"}});
    for (key, value) in labels.as_object().into_iter().flatten() {
        body["metadata"]["labels"][key] = value.clone();
    }
    body
}

fn binding(name: &str, groups: &[&str]) -> Value {
    let subjects: Vec<Value> =
        groups.iter().map(|g| json!({"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": g})).collect();
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name});
    rbac("ClusterRoleBinding", name, json!({"roleRef": role, "subjects": subjects}))
}

fn role(name: &str, rules: Value) -> Value {
    rbac("ClusterRole", name, json!({"rules": rules}))
}

/// A user-facing role: its own rules, and those of every ClusterRole that asks to be part of it.
fn facing(name: &str, verbs: &[&str], secrets: bool) -> Value {
    let mut core = vec![
        "bindings",
        "configmaps",
        "endpoints",
        "events",
        "limitranges",
        "namespaces",
        "persistentvolumeclaims",
        "pods",
        "pods/log",
        "pods/status",
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "resourcequotas",
        "serviceaccounts",
        "services",
    ];
    if secrets {
        core.extend(["secrets", "pods/eviction", "pods/exec", "serviceaccounts/token"]);
    }
    let mut rules = json!([
        {"apiGroups": [""], "resources": core, "verbs": verbs},
        {"apiGroups": ["apps", "autoscaling", "batch", "discovery.k8s.io", "networking.k8s.io", "policy"],
         "resources": ["*"], "verbs": verbs},
    ]);
    if name == "admin" {
        let more = json!({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"],
            "verbs": verbs});
        rules.as_array_mut().expect("rules were made as an array").push(more);
    }
    let label = format!("rbac.authorization.k8s.io/aggregate-to-{name}");
    let selector = json!({"matchLabels": {label: "true"}});
    rbac("ClusterRole", name, json!({"rules": rules, "aggregationRule": {"clusterRoleSelectors": [selector]}}))
}

fn objects() -> Vec<Value> {
    let reading = ["get", "list", "watch"];
    let writing = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    let public =
        json!([{"nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"]}]);
    let discovery = json!([{"nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
        "/openapi/*", "/readyz", "/version", "/version/"], "verbs": ["get"]}]);
    let basic = json!([
        {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
         "verbs": ["create"]},
        {"apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"]},
    ]);
    let all = json!([
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]);
    let mut objects: Vec<Value> =
        NAMESPACES.iter().map(|n| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n}})).collect();
    objects.extend([
        role("cluster-admin", all),
        facing("admin", &writing, true),
        facing("edit", &writing, true),
        facing("view", &reading, false),
        role("system:basic-user", basic),
        role("system:discovery", discovery),
        role("system:public-info-viewer", public),
        binding("cluster-admin", &["system:masters"]),
        binding("system:basic-user", &["system:authenticated"]),
        binding("system:discovery", &["system:authenticated"]),
        binding("system:public-info-viewer", &["system:authenticated", "system:unauthenticated"]),
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "kubernetes", "namespace": "default",
                "labels": {"component": "apiserver", "provider": "kubernetes"}},
            "spec": {"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "type": "ClusterIP",
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}]},
        }),
    ]);
    objects
}

fn create(state: &mut State, object: Value) -> Result<()> {
    let api_version = object["apiVersion"].as_str().unwrap_or_default().to_owned();
    let (group, version) = crate::resource::split_api_version(&api_version);
    let kind = object["kind"].as_str().unwrap_or_default();
    let resource = state.registry.find_kind(group, version, kind).cloned();
    let resource = resource.ok_or_else(crate::errors::ApiError::no_route)?;
    let namespace = meta::namespace(&object).to_owned();
    write::create(state, &Write::internal(), &resource, &namespace, object).map(drop)
}

/// Fills an empty cluster.
pub fn populate(state: &mut State) {
    for object in objects() {
        let name = meta::name(&object).to_owned();
        create(state, object).unwrap_or_else(|e| panic!("the server refuses its own {name}: {e}"));
    }
}

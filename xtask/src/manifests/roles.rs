//! Service account, roles and their bindings.

use super::permissions::{FOR_CLUSTERS, FOR_ITSELF, FOR_ROLLOUTS, FOR_ROUTERS, Permission, rules};
use super::{NAME, NAMESPACE, RBAC, labelled};
use serde_json::{Value, json};

/// Who the controller is.
pub fn service_account() -> Value {
    labelled("v1", "ServiceAccount", NAME, json!({}))
}

/// For a controller of the whole cluster: what it does to Rollouts everywhere, its own affairs in its namespace alone.
pub fn of_cluster() -> Vec<Value> {
    vec![
        labelled(
            RBAC,
            "ClusterRole",
            NAME,
            json!({ "rules": rules(FOR_ROLLOUTS.iter().chain(FOR_ROUTERS).chain(FOR_CLUSTERS)) }),
        ),
        labelled(
            RBAC,
            "ClusterRoleBinding",
            NAME,
            json!({
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME },
                "subjects": [{ "kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE }],
            }),
        ),
        role(FOR_ITSELF),
        role_binding(),
    ]
}

/// For a controller of its own namespace.
pub fn of_namespace() -> Vec<Value> {
    vec![role(FOR_ROLLOUTS.iter().chain(FOR_ROUTERS).chain(FOR_ITSELF)), role_binding()]
}

fn role<'a>(permissions: impl IntoIterator<Item = &'a Permission>) -> Value {
    labelled(RBAC, "Role", NAME, json!({ "rules": rules(permissions) }))
}

/// Its subject is in the namespace of the binding.
fn role_binding() -> Value {
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME });
    let subjects = json!([{ "kind": "ServiceAccount", "name": NAME }]);
    labelled(RBAC, "RoleBinding", NAME, json!({ "roleRef": role, "subjects": subjects }))
}

/// What people with Kubernetes' own roles view, edit and admin may do with our kinds.
pub fn of_people() -> Vec<Value> {
    const READ: [&str; 3] = ["get", "list", "watch"];
    const WRITE: [&str; 5] = ["create", "delete", "deletecollection", "patch", "update"];
    let kinds = ["analysisruns", "analysistemplates", "clusteranalysistemplates", "experiments", "rollouts"];
    let seen = kinds.iter().copied().chain(["rollouts/scale"]);
    let changed = seen.clone().chain(["rollouts/status"]);
    let role = |to: &str, resources: Vec<&str>, verbs: Vec<&str>| {
        let rules = json!([{ "apiGroups": ["argoproj.io"], "resources": resources, "verbs": verbs }]);
        let mut role = labelled(RBAC, "ClusterRole", &format!("{NAME}-aggregate-to-{to}"), json!({ "rules": rules }));
        role["metadata"]["labels"][format!("rbac.authorization.k8s.io/aggregate-to-{to}")] = "true".into();
        role
    };
    let all = || READ.into_iter().chain(WRITE).collect();
    vec![
        role("admin", changed.clone().collect(), all()),
        role("edit", changed.collect(), all()),
        role("view", seen.collect(), READ.into()),
    ]
}

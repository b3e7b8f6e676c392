//! Pods: their first status, and what the admission plugins of a default cluster add.

use crate::builtin::Ctx;
use rollouts_api::pod_template::json::{child, fill, fill_zero, get, items, list, object, set, text};
use rollouts_api::quantity::Quantity;
use serde_json::{Value, json};

/// Seconds for which a pod stays on a node that is not ready.
const TOLERATION_SECONDS: i64 = 300;
/// Seconds for which a pod's own token is good: one hour, and seven seconds that tell it apart.
const TOKEN_SECONDS: i64 = 3607;
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

pub(super) fn create(pod: &mut Value, ctx: &Ctx<'_>) {
    let spec = child(pod, "spec");
    fill_zero(spec, "serviceAccountName", "default");
    let account = text(spec, "serviceAccountName").to_string();
    set(spec, "serviceAccount", account);
    fill(spec, "priority", 0);
    fill(spec, "preemptionPolicy", "PreemptLowerPriority");
    tolerations(spec);
    if get(spec, "automountServiceAccountToken") != Some(&Value::Bool(false)) {
        mount_token(spec, &ctx.rng.suffix());
    }
    let class = quality_of_service(spec);
    set(pod, "status", json!({"phase": "Pending", "qosClass": class}));
}

fn tolerations(spec: &mut Value) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = |t: &Value| {
            matches!(text(t, "key"), "" if text(t, "operator") == "Exists")
                || text(t, "key") == key && matches!(text(t, "effect"), "" | "NoExecute")
        };
        if !list(spec, "tolerations").iter().any(tolerated) {
            let toleration = json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATION_SECONDS});
            append(spec, "tolerations", toleration);
        }
    }
}

fn append(parent: &mut Value, key: &str, item: Value) {
    match object(parent).entry(key).or_insert(Value::Null) {
        Value::Array(items) => items.push(item),
        absent => *absent = Value::Array(vec![item]),
    }
}

/// Gives every container that has nothing mounted there the token of the service account.
fn mount_token(spec: &mut Value, suffix: &str) {
    let volume = format!("kube-api-access-{suffix}");
    let mut mounted = false;
    for containers in ["initContainers", "containers"] {
        for container in items(spec, containers) {
            if !list(container, "volumeMounts").iter().any(|m| text(m, "mountPath") == TOKEN_PATH) {
                append(container, "volumeMounts", json!({"name": volume, "mountPath": TOKEN_PATH, "readOnly": true}));
                mounted = true;
            }
        }
    }
    if mounted {
        append(spec, "volumes", token_volume(&volume));
    }
}

fn token_volume(name: &str) -> Value {
    json!({"name": name, "projected": {"defaultMode": 0o644, "sources": [
        {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [
            {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]}})
}

/// `Guaranteed` if every container has limits of both CPU and memory and requests no less, `BestEffort` if none has
/// any, else `Burstable`.
fn quality_of_service(spec: &Value) -> &'static str {
    let (mut any, mut guaranteed) = (false, true);
    for container in list(spec, "containers").iter().chain(list(spec, "initContainers")) {
        let resources = &container["resources"];
        for name in ["cpu", "memory"] {
            let amount = |key: &str| positive(&resources[key], name);
            let (request, limit) = (amount("requests"), amount("limits"));
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && request.as_ref().is_none_or(|request| Some(request) == limit.as_ref());
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

fn positive(amounts: &Value, name: &str) -> Option<Quantity> {
    let amount = get(amounts, name)?;
    let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_string);
    Quantity::parse(&text).ok().filter(|q| *q > Quantity::ZERO)
}

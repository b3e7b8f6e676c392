//! What the server sets, keeps and forgets when an object is created or its main resource is updated.

mod job;
mod pod;
mod secret;
mod service;

use super::{Ctx, defaults};
use rollouts_api::go_json::semantic;
use rollouts_api::pod_template::json::{child, get, items, object, set, text, texts};
use serde_json::{Value, json};

pub(super) use service::in_network;

/// Makes `obj` ready to be stored for the first time: the status starts empty, generated fields are set.
pub fn create(group: &str, kind: &str, obj: &mut Value, ctx: &Ctx<'_>) {
    if has_own_status(group, kind) {
        object(obj).remove("status");
    }
    match (group, kind) {
        ("", "Pod") => pod::create(obj, ctx),
        ("", "Namespace") => namespace(obj),
        ("", "Secret") => secret::create(obj, ctx),
        ("", "Service") => service::create(obj, ctx),
        ("apps", "DaemonSet") => set_template_generation(obj, template_generation(obj).max(1)),
        ("batch", "Job") => job::create(obj),
        _ => {}
    }
    drop_restart_policies(obj);
    defaults::apply(group, kind, obj);
}

/// Keeps what an update of the main resource may not touch.
pub fn update(group: &str, kind: &str, obj: &mut Value, old: &Value, ctx: &Ctx<'_>) {
    if has_own_status(group, kind) || matches!((group, kind), ("", "Namespace" | "Node")) {
        match get(old, "status") {
            Some(status) => set(obj, "status", status.clone()),
            None => drop(object(obj).remove("status")),
        }
    }
    match (group, kind) {
        ("", "Namespace") => set(obj, "spec", old["spec"].clone()),
        ("", "Secret") => secret::update(obj, ctx),
        ("", "Service") => service::update(obj, old, ctx),
        ("apps", "DaemonSet") => {
            let (new, old_template) = (&obj["spec"]["template"], &old["spec"]["template"]);
            let changed = !semantic::equal("core/v1.PodTemplateSpec", new, old_template);
            set_template_generation(obj, template_generation(old) + i64::from(changed));
        }
        _ => {}
    }
    drop_restart_policies(obj);
    defaults::apply(group, kind, obj);
}

/// Kinds whose status only `/status` writes.
fn has_own_status(group: &str, kind: &str) -> bool {
    match group {
        "" => matches!(kind, "Pod" | "Service" | "ReplicationController" | "PersistentVolumeClaim" | "ResourceQuota"),
        "apps" => kind != "ControllerRevision",
        "batch" | "autoscaling" | "policy" => true,
        "networking.k8s.io" => kind == "Ingress",
        _ => false,
    }
}

fn namespace(namespace: &mut Value) {
    let spec = child(namespace, "spec");
    if !texts(spec, "finalizers").contains(&"kubernetes") {
        let mut finalizers: Vec<Value> = texts(spec, "finalizers").into_iter().map(Value::from).collect();
        finalizers.push("kubernetes".into());
        set(spec, "finalizers", finalizers);
    }
    set(namespace, "status", json!({"phase": "Active"}));
}

fn template_generation(daemon_set: &Value) -> i64 {
    let annotations = &daemon_set["metadata"]["annotations"];
    text(annotations, defaults::workloads::TEMPLATE_GENERATION).parse().unwrap_or_default()
}

fn set_template_generation(daemon_set: &mut Value, generation: i64) {
    let annotations = child(child(daemon_set, "metadata"), "annotations");
    set(annotations, defaults::workloads::TEMPLATE_GENERATION, generation.to_string());
}

/// Only init containers have a restart policy of their own; elsewhere the field belongs to a feature that is off.
fn drop_restart_policies(obj: &mut Value) {
    let Some(spec) = obj.get_mut("spec").filter(|spec| spec.is_object()) else { return };
    let template = ["jobTemplate", "template"].into_iter().any(|key| spec.get(key).is_some());
    if template {
        spec.get_mut("jobTemplate").into_iter().for_each(drop_restart_policies);
        spec.get_mut("template").into_iter().for_each(drop_restart_policies);
        return;
    }
    for container in items(spec, "containers") {
        object(container).remove("restartPolicy");
    }
}

#[cfg(test)]
mod tests;

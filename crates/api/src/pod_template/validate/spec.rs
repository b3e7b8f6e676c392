//! Pod specs as a whole.

use super::container::{self, Scope};
use super::{Errors, affinity, complain, one_of, resources, security, volume};
use crate::field::{FieldError, Path};
use crate::pod_template::json::{get, int, is_true, list, text};
use crate::syntax;
use serde_json::{Value, json};

/// What a pod spec is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A pod.
    Pod,
    /// A template of pods.
    Template,
}

/// Checks a defaulted pod spec at `path`.
pub fn pod_spec(spec: &Value, path: &Path, owner: Owner, errors: &mut Errors) {
    let grace = int(spec, "terminationGracePeriodSeconds");
    if grace.is_none() {
        errors.push(FieldError::required(&path.child("terminationGracePeriodSeconds"), ""));
    }
    let volumes = volume::volumes(list(spec, "volumes"), &path.child("volumes"), errors);
    let scope = Scope { volumes: &volumes, grace };
    let containers = list(spec, "containers");
    container::containers(containers, &path.child("containers"), &scope, errors);
    let inits = list(spec, "initContainers");
    container::init_containers(inits, containers, &path.child("initContainers"), &scope, errors);
    let ephemerals = list(spec, "ephemeralContainers");
    container::ephemeral_containers(
        ephemerals,
        [containers, inits],
        &path.child("ephemeralContainers"),
        &scope,
        errors,
    );
    if is_true(spec, "hostNetwork") {
        host_ports(containers, &path.child("containers"), owner, errors);
    }
    policy(spec, "restartPolicy", &["Always", "OnFailure", "Never"], path, errors);
    policy(spec, "dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"], path, errors);
    super::labels(spec, "nodeSelector", &path.child("nodeSelector"), errors);
    if let Some(context) = get(spec, "securityContext") {
        security::pod(context, spec, &path.child("securityContext"), errors);
    }
    if let Some(affinity) = get(spec, "affinity") {
        affinity::affinity(affinity, &path.child("affinity"), errors);
    }
    dns(spec, path, errors);
    for (i, gate) in list(spec, "readinessGates").iter().enumerate() {
        let path = path.child("readinessGates").index(i).child("conditionType");
        complain(errors, &path, text(gate, "conditionType"), syntax::qualified_name(text(gate, "conditionType")));
    }
    affinity::spread_constraints(spec, &path.child("topologySpreadConstraints"), errors);
    names(spec, path, errors);
    affinity::tolerations(spec, &path.child("tolerations"), errors);
    if get(spec, "overhead").is_some() {
        resources::requirements(&json!({"limits": spec["overhead"]}), &path.child("overhead"), errors);
    }
}

fn policy(spec: &Value, key: &str, supported: &[&str], path: &Path, errors: &mut Errors) {
    match text(spec, key) {
        "" => errors.push(FieldError::required(&path.child(key), "")),
        value => one_of(errors, &path.child(key), value, supported),
    }
}

fn host_ports(containers: &[Value], path: &Path, owner: Owner, errors: &mut Errors) {
    for (i, container) in containers.iter().enumerate() {
        for (j, port) in list(container, "ports").iter().enumerate() {
            let host = int(port, "hostPort").unwrap_or_default();
            let unset = host == 0 && owner == Owner::Template;
            if !unset && host != int(port, "containerPort").unwrap_or_default() {
                let path = path.index(i).child("ports").index(j).child("hostPort");
                errors.push(FieldError::invalid(&path, host, "must match `containerPort` when `hostNetwork` is true"));
            }
        }
    }
}

fn dns(spec: &Value, path: &Path, errors: &mut Errors) {
    let config = get(spec, "dnsConfig");
    if text(spec, "dnsPolicy") == "None" && config.is_none_or(|c| list(c, "nameservers").is_empty()) {
        let path = path.child("dnsConfig");
        let path = if config.is_some() { path.child("nameservers") } else { path };
        let detail = if config.is_some() {
            "must provide at least one DNS nameserver when `dnsPolicy` is None".to_string()
        } else {
            "must provide `dnsConfig` when `dnsPolicy` is None".to_string()
        };
        errors.push(FieldError::required(&path, detail));
    }
}

/// Fields of the spec that are names, in Kubernetes' order, and the seconds among them.
fn names(spec: &Value, path: &Path, errors: &mut Errors) {
    for key in ["serviceAccountName", "nodeName"] {
        subdomain(spec, key, path, errors);
    }
    if let Some(seconds) = int(spec, "activeDeadlineSeconds") {
        let complaints = syntax::in_range(seconds, 1, i32::MAX.into());
        complain(errors, &path.child("activeDeadlineSeconds"), seconds, complaints);
    }
    for key in ["hostname", "subdomain"] {
        let value = text(spec, key);
        if !value.is_empty() {
            complain(errors, &path.child(key), value, syntax::dns_label(value));
        }
    }
    for key in ["priorityClassName", "runtimeClassName"] {
        subdomain(spec, key, path, errors);
    }
    if get(spec, "preemptionPolicy").is_some() {
        let supported = ["PreemptLowerPriority", "Never"];
        one_of(errors, &path.child("preemptionPolicy"), text(spec, "preemptionPolicy"), &supported);
    }
}

fn subdomain(spec: &Value, key: &str, path: &Path, errors: &mut Errors) {
    let value = text(spec, key);
    if !value.is_empty() {
        complain(errors, &path.child(key), value, syntax::dns_subdomain(value));
    }
}

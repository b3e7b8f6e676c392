//! Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs.

use rollouts_api::pod_template;
use rollouts_api::pod_template::json::{child, fill, fill_zero, get, get_object, items, set, text};
use serde_json::Value;

pub(super) fn deployment(spec: &mut Value) {
    pod_template::default(child(spec, "template"));
    fill(spec, "replicas", 1);
    let strategy = child(spec, "strategy");
    fill_zero(strategy, "type", "RollingUpdate");
    if text(strategy, "type") == "RollingUpdate" {
        let rolling = child(strategy, "rollingUpdate");
        fill(rolling, "maxUnavailable", "25%");
        fill(rolling, "maxSurge", "25%");
    }
    fill(spec, "revisionHistoryLimit", 10);
    fill(spec, "progressDeadlineSeconds", 600);
}

pub(super) fn replica_set(spec: &mut Value) {
    pod_template::default(child(spec, "template"));
    fill(spec, "replicas", 1);
}

pub(super) fn stateful_set(spec: &mut Value) {
    pod_template::default(child(spec, "template"));
    fill_zero(spec, "podManagementPolicy", "OrderedReady");
    let strategy = child(spec, "updateStrategy");
    fill_zero(strategy, "type", "RollingUpdate");
    if text(strategy, "type") == "RollingUpdate" {
        fill(child(strategy, "rollingUpdate"), "partition", 0);
    }
    let retention = child(spec, "persistentVolumeClaimRetentionPolicy");
    fill_zero(retention, "whenDeleted", "Retain");
    fill_zero(retention, "whenScaled", "Retain");
    fill(spec, "replicas", 1);
    fill(spec, "revisionHistoryLimit", 10);
    for claim in items(spec, "volumeClaimTemplates") {
        set(claim, "apiVersion", "v1");
        set(claim, "kind", "PersistentVolumeClaim");
        super::core::volume_claim(claim);
    }
}

/// Annotation that counts changes of a DaemonSet's template.
pub(crate) const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

pub(super) fn daemon_set(daemon_set: &mut Value) {
    fill(child(child(daemon_set, "metadata"), "annotations"), TEMPLATE_GENERATION, "0");
    let spec = child(daemon_set, "spec");
    pod_template::default(child(spec, "template"));
    let strategy = child(spec, "updateStrategy");
    fill_zero(strategy, "type", "RollingUpdate");
    if text(strategy, "type") == "RollingUpdate" {
        let rolling = child(strategy, "rollingUpdate");
        fill(rolling, "maxUnavailable", 1);
        fill(rolling, "maxSurge", 0);
    }
    fill(spec, "revisionHistoryLimit", 10);
}

pub(super) fn job(job: &mut Value) {
    let spec = child(job, "spec");
    pod_template::default(child(spec, "template"));
    if get(spec, "completions").is_none() && get(spec, "parallelism").is_none() {
        set(spec, "completions", 1);
    }
    fill(spec, "parallelism", 1);
    let backoff = if get(spec, "backoffLimitPerIndex").is_some() { i32::MAX } else { 6 };
    fill(spec, "backoffLimit", backoff);
    fill(spec, "completionMode", "NonIndexed");
    fill(spec, "suspend", false);
    fill(spec, "manualSelector", false);
    failure_policy(spec);
    let replacement = if get(spec, "podFailurePolicy").is_some() { "Failed" } else { "TerminatingOrFailed" };
    fill(spec, "podReplacementPolicy", replacement);
    let labels = get(&job["spec"]["template"], "metadata").and_then(|m| get(m, "labels")).cloned();
    let metadata = child(job, "metadata");
    let unlabelled = metadata.get("labels").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty);
    if let Some(labels) = labels.filter(|_| unlabelled) {
        set(metadata, "labels", labels);
    }
}

fn failure_policy(spec: &mut Value) {
    let Some(policy) = get_object(spec, "podFailurePolicy") else { return };
    for rule in items(policy, "rules") {
        items(rule, "onPodConditions").for_each(|condition| fill_zero(condition, "status", "True"));
    }
}

pub(super) fn cron_job(spec: &mut Value) {
    let template = child(child(spec, "jobTemplate"), "spec");
    pod_template::default(child(template, "template"));
    failure_policy(template);
    fill_zero(spec, "concurrencyPolicy", "Allow");
    fill(spec, "suspend", false);
    fill(spec, "successfulJobsHistoryLimit", 3);
    fill(spec, "failedJobsHistoryLimit", 1);
}

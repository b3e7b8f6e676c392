//! Indexed Jobs: one pod an index.

use crate::machinery::{is_active, phase};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector, Pod};
use kube::ResourceExt;
use std::collections::BTreeSet;
use std::sync::Arc;

const INDEX: &str = "batch.kubernetes.io/job-completion-index";

pub(super) fn is_indexed(job: &Job) -> bool {
    job.spec.as_ref().and_then(|s| s.completion_mode.as_deref()) == Some("Indexed")
}

fn index_of(pod: &Pod) -> Option<i32> {
    pod.annotations().get(INDEX)?.parse().ok()
}

/// Indexes that some pod has completed, with those the status knew already.
pub(super) fn completed(job: &Job, pods: &[Arc<Pod>]) -> BTreeSet<i32> {
    let completions = job.spec.as_ref().and_then(|s| s.completions).unwrap_or_default();
    let known = job.status.as_ref().and_then(|s| s.completed_indexes.as_deref()).unwrap_or_default();
    let ranges = known.split(',').filter_map(|r| {
        let (from, to) = r.split_once('-').unwrap_or((r, r));
        Some(from.parse::<i32>().ok()?..=to.parse().ok()?)
    });
    let succeeded = pods.iter().filter(|p| phase(p) == "Succeeded").filter_map(|p| index_of(p));
    ranges.flatten().chain(succeeded).filter(|i| (0..completions).contains(i)).collect()
}

/// As the status writes them: `0,2-4`.
pub(super) fn text(indexes: &BTreeSet<i32>) -> String {
    let mut ranges: Vec<(i32, i32)> = Vec::new();
    for &i in indexes {
        match ranges.last_mut() {
            Some((_, to)) if *to + 1 == i => *to = i,
            _ => ranges.push((i, i)),
        }
    }
    let range = |(from, to): (i32, i32)| match to - from {
        0 => from.to_string(),
        1 => format!("{from},{to}"),
        _ => format!("{from}-{to}"),
    };
    ranges.into_iter().map(range).collect::<Vec<_>>().join(",")
}

/// Indexes that neither completed nor run, lowest first.
pub(super) fn missing(job: &Job, pods: &[Arc<Pod>]) -> Vec<i32> {
    let completions = job.spec.as_ref().and_then(|s| s.completions).unwrap_or_default();
    let done = completed(job, pods);
    let running: BTreeSet<i32> = pods.iter().filter(|p| is_active(p)).filter_map(|p| index_of(p)).collect();
    (0..completions).filter(|i| !done.contains(i) && !running.contains(i)).collect()
}

/// The pod of one index.
pub(super) fn pod(base: &Pod, job: &Job, index: i32) -> Pod {
    let mut pod = base.clone();
    pod.metadata.generate_name = Some(format!("{}-{index}-", job.name_any()));
    pod.metadata.annotations.get_or_insert_default().insert(INDEX.into(), index.to_string());
    pod.metadata.labels.get_or_insert_default().insert(INDEX.into(), index.to_string());
    let spec = pod.spec.get_or_insert_default();
    spec.hostname = Some(format!("{}-{index}", job.name_any()));
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        let field =
            ObjectFieldSelector { field_path: format!("metadata.annotations['{INDEX}']"), ..Default::default() };
        let source = EnvVarSource { field_ref: Some(field), ..Default::default() };
        let variable = EnvVar { name: "JOB_COMPLETION_INDEX".into(), value_from: Some(source), ..Default::default() };
        container.env.get_or_insert_default().push(variable);
    }
    pod
}

#[cfg(test)]
mod tests {
    #[test]
    fn indexes_are_written_as_ranges() {
        let text = |list: &[i32]| super::text(&list.iter().copied().collect());
        assert_eq!(text(&[0, 2, 3, 4, 7, 8]), "0,2-4,7,8");
        assert_eq!(text(&[]), "");
    }
}

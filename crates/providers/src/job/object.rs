//! Jobs as they are made and as they are read.

use super::{METRIC_NAME, RUN_NAME, RUN_NAMESPACE, RUN_UID};
use rollouts_api::analysis::{AnalysisRun, JobMetric};
use rollouts_api::{ObjectMeta, names};
use rollouts_kube::Key;
use rollouts_kube::cache::Cached;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What is read of a Job.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Job {
    /// Name, labels, annotations and owner.
    pub metadata: ObjectMeta,
    /// How it is doing.
    pub status: JobStatus,
}

/// What is read of a Job's status.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct JobStatus {
    conditions: Option<Vec<Condition>>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Condition {
    r#type: String,
    status: String,
}

/// Whose Job it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOf {
    /// The AnalysisRun.
    pub run: Key,
    /// Its uid: another one of that name is another one.
    pub uid: String,
    /// The metric; empty if the Job does not say.
    pub metric: String,
}

impl Cached for Job {
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn slim(&mut self) {
        self.metadata.annotations.retain(|key, _| [RUN_NAME, RUN_NAMESPACE, METRIC_NAME].contains(&key.as_str()));
    }
}

impl Job {
    fn has(&self, condition: &str) -> bool {
        self.status.conditions.iter().flatten().any(|c| c.r#type == condition && c.status == "True")
    }

    /// Its pods did what they were to do.
    pub fn is_complete(&self) -> bool {
        self.has("Complete")
    }

    /// They did not, or not in time.
    pub fn has_failed(&self) -> bool {
        self.has("Failed")
    }

    /// Nothing will become of it any more.
    pub fn has_ended(&self) -> bool {
        self.is_complete() || self.has_failed()
    }

    /// The measurement that it is; `None` for a Job that is none, however it came by the label [`RUN_UID`].
    pub fn of(&self) -> Option<JobOf> {
        let meta = &self.metadata;
        let metric = meta.annotation(METRIC_NAME).unwrap_or_default().to_owned();
        if let Some(owner) = meta.controller() {
            let is_run = owner.kind == "AnalysisRun" && owner.api_version.starts_with(names::GROUP);
            let run = Key::new(meta.namespace.as_str(), owner.name.as_str());
            return is_run.then(|| JobOf { run, uid: owner.uid.clone(), metric });
        }
        let run = Key::new(meta.annotation(RUN_NAMESPACE)?, meta.annotation(RUN_NAME)?);
        Some(JobOf { run, uid: meta.label(RUN_UID)?.to_owned(), metric })
    }

    /// Whether this is a measurement of `metric` of `run`. Before there was the annotation, the Job was of any metric.
    pub(super) fn is_of(&self, run: &AnalysisRun, metric: &str) -> bool {
        self.of().is_some_and(|of| of.uid == run.metadata.uid && (of.metric == metric || of.metric.is_empty()))
    }
}

/// The Job to create. What the metric says of labels and annotations is kept but for those by which it is found again.
pub(super) fn manifest(run: &AnalysisRun, metric: &str, name: &str, owned: bool, job: &JobMetric) -> Value {
    let meta = &run.metadata;
    let (mut labels, mut annotations) = (job.metadata.labels.clone(), job.metadata.annotations.clone());
    labels.insert(RUN_UID.to_owned(), meta.uid.clone());
    let whose = [(RUN_NAME, meta.name.as_str()), (RUN_NAMESPACE, &meta.namespace), (METRIC_NAME, metric)];
    annotations.extend(whose.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let mut metadata = json!({"name": name, "labels": labels, "annotations": annotations});
    if owned {
        metadata["ownerReferences"] = json!([{
            "apiVersion": names::API_VERSION,
            "kind": "AnalysisRun",
            "name": meta.name,
            "uid": meta.uid,
            "controller": true,
            "blockOwnerDeletion": true,
        }]);
    }
    let mut spec = job.spec.clone();
    // What is no object there the API server refuses, in its own words.
    let labels = ["template", "metadata", "labels"].into_iter().try_fold(&mut spec, |value, key| child(value, key));
    if let Some(labels) = labels
        && let Some(labels) = object(labels)
    {
        labels.insert(RUN_UID.to_owned(), json!(meta.uid));
    }
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
}

fn child<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    Some(object(value)?.entry(key).or_insert(Value::Null))
}

/// The fields of an object; what is not there becomes one.
fn object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> AnalysisRun {
        let metadata = json!({"name": "run", "namespace": "ns", "uid": "u-1"});
        serde_json::from_value(json!({ "metadata": metadata })).expect("a run")
    }

    fn made(owned: bool, metric: Value) -> Value {
        manifest(&run(), "m", "u-1.m.1", owned, &serde_json::from_value(metric).expect("a metric"))
    }

    #[test]
    fn what_is_created() {
        let metric = json!({
            "metadata": {
                "labels": {"team": "a", RUN_UID: "forged"},
                "annotations": {"note": "b", METRIC_NAME: "forged"},
            },
            "spec": {"backoffLimit": 0, "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"n": 1}}},
        });
        let want = json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": "u-1.m.1",
                "labels": {"team": "a", "analysisrun.argoproj.io/uid": "u-1"},
                "annotations": {
                    "note": "b",
                    "analysisrun.argoproj.io/name": "run",
                    "analysisrun.argoproj.io/namespace": "ns",
                    "analysisrun.argoproj.io/metric-name": "m",
                },
                "ownerReferences": [{
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "AnalysisRun",
                    "name": "run",
                    "uid": "u-1",
                    "controller": true,
                    "blockOwnerDeletion": true,
                }],
            },
            "spec": {
                "backoffLimit": 0,
                "template": {
                    "metadata": {"labels": {"app": "x", "analysisrun.argoproj.io/uid": "u-1"}},
                    "spec": {"n": 1},
                },
            },
        });
        assert_eq!(made(true, metric.clone()), want);
        assert_eq!(made(false, metric)["metadata"].get("ownerReferences"), None);
    }

    #[test]
    fn what_the_metric_leaves_out_is_made_and_what_is_nonsense_is_left() {
        let labels = json!({"template": {"metadata": {"labels": {RUN_UID: "u-1"}}}});
        assert_eq!(made(true, json!({}))["spec"], labels);
        assert_eq!(made(true, json!({"spec": {"template": {"metadata": null}}}))["spec"], labels);
        for spec in [json!(7), json!({"template": "x"}), json!({"template": {"metadata": {"labels": []}}})] {
            assert_eq!(made(true, json!({ "spec": spec }))["spec"], spec);
        }
    }

    #[test]
    fn whose_job_it_is() {
        for owned in [true, false] {
            let mut job = made(owned, json!({}));
            job["metadata"]["namespace"] = json!("ns");
            let job: Job = serde_json::from_value(job).expect("a Job");
            let of = JobOf { run: Key::new("ns", "run"), uid: "u-1".into(), metric: "m".into() };
            assert_eq!(job.of(), Some(of));
            assert!(job.is_of(&run(), "m") && !job.is_of(&run(), "other"));
        }
        let strange = json!({"metadata": {"labels": {RUN_UID: "u-1"}, "ownerReferences": [
            {"apiVersion": "batch/v1", "kind": "CronJob", "name": "run", "uid": "u-1", "controller": true},
        ]}});
        let strange: Job = serde_json::from_value(strange).expect("a Job");
        assert_eq!(strange.of(), None);
    }

    #[test]
    fn how_it_ends() {
        let job = |kind: &str, status: &str| -> Job {
            let conditions = json!([{"type": "Suspended", "status": "False"}, {"type": kind, "status": status}]);
            serde_json::from_value(json!({"status": {"conditions": conditions}})).expect("a Job")
        };
        assert!(job("Complete", "True").is_complete() && job("Failed", "True").has_failed());
        assert!(!job("Complete", "False").has_ended() && !job("FailureTarget", "True").has_ended());
        let new: Job = serde_json::from_value(json!({"status": {"conditions": null}})).expect("a Job");
        assert!(!new.has_ended());
    }
}

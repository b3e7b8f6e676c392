//! One measurement by a Job: begun, looked at, ended.

use super::object::manifest;
use super::pods::{Pod, trouble};
use super::{JOB_NAME, JOB_NAMESPACE, Job, Jobs, RUN_UID, name, patiently};
use crate::conditions::failed;
use crate::context::Context;
use crate::providers::Outcome;
use crate::reading::{Failure, Result};
use jiff::SignedDuration;
use rollouts_api::Time;
use rollouts_api::analysis::{JobMetric, Measurement};
use rollouts_core::analysis::Phase;
use rollouts_kube::rest::{Page, Query};
use rollouts_kube::{RequestError, resource};
use std::collections::BTreeMap;

/// How a Job is doing.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Complete,
    Failed,
    /// Pods that cannot start, in words.
    Stuck(String),
    /// Why more is not known; empty if all is.
    Running(String),
}

/// Creates the Job, or takes over the one that was created before the measurement was written down.
pub(crate) async fn run(context: &Context<'_>, metric: &JobMetric) -> Outcome {
    Outcome::of(match begin(context, metric).await {
        Ok(measurement) => measurement,
        Err(failure) => failed(context, failure.to_string()),
    })
}

async fn begin(context: &Context<'_>, metric: &JobMetric) -> Result<Measurement> {
    let jobs = jobs(context)?;
    let (run, metric_name) = (context.run, context.metric.name.as_str());
    let (namespace, name) = (jobs.namespace_for(run), name::next(run, metric_name, &metric.spec));
    let object = manifest(run, metric_name, &name, jobs.can_be_owned(run), metric);
    let r = &resource::JOBS;
    let created = patiently(|| jobs.rest.create::<Job>(r, namespace, &object)).await;
    if let Err(error) = created {
        let ours = error.is_already_exists() && is_ours(jobs, context, namespace, &name).await?;
        if !ours {
            return Err(said(error));
        }
    }
    let metadata = [(JOB_NAME, name.as_str()), (JOB_NAMESPACE, namespace)];
    Ok(Measurement {
        phase: Phase::Running.to_string(),
        started_at: Some(Time::new(context.now)),
        resume_at: Some(Time::new(context.tools.clock.now())),
        metadata: metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..Measurement::default()
    })
}

/// Whether the Job of that name is of this measurement, and here to stay.
async fn is_ours(jobs: &Jobs, context: &Context<'_>, namespace: &str, name: &str) -> Result<bool> {
    let r = &resource::JOBS;
    let existing = patiently(|| jobs.rest.get_opt::<Job>(r, namespace, name)).await.map_err(said)?;
    Ok(existing
        .is_some_and(|job| job.metadata.deletion_timestamp.is_none() && job.is_of(context.run, &context.metric.name)))
}

/// Looks at the Job.
pub(crate) async fn resume(context: &Context<'_>, previous: Measurement) -> Outcome {
    let looked = match (jobs(context), reference(context, &previous)) {
        (Ok(jobs), Ok((namespace, name))) => look(jobs, context, namespace, name).await,
        (Err(failure), _) | (_, Err(failure)) => Err(failure),
    };
    Outcome::of(match looked {
        Ok(State::Complete) => end(context, previous, Phase::Successful, String::new()),
        Ok(State::Failed) => end(context, previous, Phase::Failed, String::new()),
        Ok(State::Stuck(message)) => end(context, previous, Phase::Inconclusive, message),
        Ok(State::Running(message)) => {
            let now = context.tools.clock.now();
            let began = previous.started_at.map_or(now, Time::timestamp);
            let next = now.checked_add(pause(now.duration_since(began))).unwrap_or(now);
            let phase = Phase::Running.to_string();
            Measurement { phase, message, resume_at: Some(Time::new(next)), ..previous }
        }
        Err(failure) => end(context, previous, Phase::Error, failure.to_string()),
    })
}

/// Deletes the Job.
pub(crate) async fn terminate(context: &Context<'_>, previous: Measurement) -> Outcome {
    let deleted = match (jobs(context), reference(context, &previous)) {
        (Ok(jobs), Ok((namespace, name))) => jobs.delete(namespace, name, None).await.map_err(said),
        (Err(failure), _) | (_, Err(failure)) => Err(failure),
    };
    Outcome::of(match deleted {
        Ok(()) => end(context, previous, Phase::Inconclusive, String::new()),
        Err(failure) => end(context, previous, Phase::Error, failure.to_string()),
    })
}

/// What a Job does is told to the controller when it ends; looking is for what it does not tell, pods that cannot
/// start, and for what gets lost. The longer it runs, the seldomer.
fn pause(elapsed: SignedDuration) -> SignedDuration {
    let seconds = (2 * elapsed.as_secs().max(0)).isqrt();
    SignedDuration::from_secs(seconds.max(1))
}

async fn look(jobs: &Jobs, context: &Context<'_>, namespace: &str, name: &str) -> Result<State> {
    let unknown = |what: &str, e: RequestError| State::Running(format!("cannot look at {what}: {e}"));
    let job: Job = match jobs.rest.get(&resource::JOBS, namespace, name).await {
        Ok(job) => job,
        // It goes on without us.
        Err(e) if e.is_transient() => return Ok(unknown("the Job", e)),
        Err(e) => {
            let known = if e.is_not_found() { jobs.was_complete(namespace, name).await } else { None };
            let state = known.map(|complete| if complete { State::Complete } else { State::Failed });
            return state.ok_or_else(|| said(e));
        }
    };
    if job.is_complete() {
        return Ok(State::Complete);
    }
    if job.has_failed() {
        return Ok(State::Failed);
    }
    let query = Query::default().labels(format!("{RUN_UID}={}", context.run.metadata.uid));
    let pods: Page<Pod> = match jobs.rest.list(&resource::PODS, Some(namespace), &query).await {
        Ok(pods) => pods,
        Err(e) => return Ok(unknown("the Job's pods", e)),
    };
    let trouble = trouble(&pods.items, &job.metadata.uid);
    Ok(if trouble.is_empty() { State::Running(String::new()) } else { State::Stuck(trouble) })
}

fn jobs<'a>(context: &Context<'a>) -> Result<&'a Jobs> {
    context.tools.jobs.as_ref().ok_or_else(|| Failure::new("this controller has no cluster to run Jobs in"))
}

/// Namespace and name of the measurement's Job.
fn reference<'a>(context: &Context<'a>, measurement: &'a Measurement) -> Result<(&'a str, &'a str)> {
    let metadata: &BTreeMap<String, String> = &measurement.metadata;
    let part = |key: &str| metadata.get(key).map(String::as_str).filter(|part| !part.is_empty());
    let name = part(JOB_NAME).ok_or_else(|| Failure::new("job metadata reference missing"))?;
    let usual = || context.tools.jobs.as_ref().map(|jobs| jobs.namespace_for(context.run));
    let namespace = part(JOB_NAMESPACE).or_else(usual).unwrap_or(&context.run.metadata.namespace);
    Ok((namespace, name))
}

fn end(context: &Context<'_>, previous: Measurement, phase: Phase, message: String) -> Measurement {
    let finished_at = Some(Time::new(context.tools.clock.now()));
    Measurement { phase: phase.to_string(), message, finished_at, ..previous }
}

fn said(error: RequestError) -> Failure {
    Failure::new(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_with_the_root_of_time() {
        let pauses = [-5, 0, 1, 8, 50, 3600].map(|s| pause(SignedDuration::from_secs(s)).as_secs());
        assert_eq!(pauses, [1, 1, 1, 4, 10, 84]);
    }
}

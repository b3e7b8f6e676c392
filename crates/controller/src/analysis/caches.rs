//! AnalysisRuns and templates, and which Rollouts a change of them concerns.

use crate::Options;
use crate::caches::BY_OWNER;
use rollouts_api::analysis::{AnalysisRun, AnalysisTemplate};
use rollouts_api::rollout::AnalysisTemplateRef;
use rollouts_api::{ObjectMeta, Rollout, names, validation};
use rollouts_core::{TemplateClosure, template_closure};
use rollouts_kube::cache::{Cached, Change};
use rollouts_kube::{Cache, Key, Queue, Troubles, resource};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What analyses are made of.
#[derive(Clone)]
pub(crate) struct Analyses {
    pub runs: Cache<AnalysisRun>,
    templates: Cache<AnalysisTemplate>,
    /// Of the whole cluster: a controller of one namespace may not read them, and knows none.
    cluster_templates: Option<Cache<AnalysisTemplate>>,
}

/// Where changes go.
pub(crate) struct Listeners {
    /// Of AnalysisRuns.
    pub run_queue: Queue<Key>,
    /// To Rollouts, where these are looked after.
    pub rollouts: Option<RolloutListener>,
}

/// Rollouts that changes may concern, and their queue.
#[derive(Clone)]
pub(crate) struct RolloutListener {
    pub rollouts: Cache<Rollout>,
    pub queue: Queue<Key>,
}

impl Analyses {
    /// Starts to fill the caches.
    pub fn start(
        client: &kube::Client,
        options: &Options,
        listeners: &Listeners,
        troubles: &Troubles,
        stop: &CancellationToken,
    ) -> Self {
        let namespace = options.namespace.as_deref();
        let (rollouts, run_queue) = (listeners.rollouts.clone(), listeners.run_queue.clone());
        let runs = Cache::builder(client.clone(), resource::ANALYSIS_RUNS)
            .troubles(troubles)
            .namespace(namespace)
            .labels(options.instance_selector())
            .index(BY_OWNER, |run: &AnalysisRun| run.metadata.controller().map(|c| c.uid.clone()).into_iter().collect())
            .on_change(move |change: &Change<AnalysisRun>| {
                if let Change::Malformed { new, .. } = change {
                    tracing::error!(analysisrun = %change.key(), "Cannot read AnalysisRun: {}", new.error);
                }
                run_queue.add(change.key());
                if let (Some(listener), Some(key)) = (&rollouts, owner(change.meta())) {
                    listener.queue.add(key);
                }
            })
            .start(stop);
        let templates = |resource, namespace: Option<&str>| {
            let rollouts = listeners.rollouts.clone();
            Cache::builder(client.clone(), resource)
                .troubles(troubles)
                .namespace(namespace)
                .on_change(move |change: &Change<AnalysisTemplate>| {
                    if let Some(listener) = &rollouts {
                        enqueue_users(listener, change);
                    }
                })
                .start(stop)
        };
        let cluster_templates = match namespace {
            None => Some(templates(resource::CLUSTER_ANALYSIS_TEMPLATES, None)),
            Some(_) => None,
        };
        Analyses { runs, templates: templates(resource::ANALYSIS_TEMPLATES, namespace), cluster_templates }
    }

    /// Waits until everything is there.
    pub async fn synced(&self) {
        let of_cluster = async {
            if let Some(cache) = &self.cluster_templates {
                cache.synced().await;
            }
        };
        tokio::join!(self.runs.synced(), self.templates.synced(), of_cluster);
    }

    /// All templates there are, those of the cluster last.
    pub fn templates(&self) -> Vec<Arc<AnalysisTemplate>> {
        let of_cluster = self.cluster_templates.iter().flat_map(|cache| cache.list(None));
        self.templates.list(None).into_iter().chain(of_cluster).collect()
    }

    /// What a controller of AnalysisRuns alone needs and does not hold yet.
    pub fn unfilled(&self) -> Vec<String> {
        let missing = (!self.runs.health().synced).then(|| self.runs.resource().to_string());
        missing.into_iter().collect()
    }

    /// Runs that the Rollout controls.
    pub fn runs_of(&self, ro: &Rollout) -> Vec<Arc<AnalysisRun>> {
        let mut runs = self.runs.by_index(BY_OWNER, &ro.metadata.uid);
        runs.retain(|run| run.metadata.namespace == ro.metadata.namespace);
        runs
    }

    /// Names of runs that begin like those of the Rollout but are not its own.
    pub fn foreign_runs(&self, ro: &Rollout) -> BTreeSet<String> {
        let namespace = ro.metadata.namespace.as_str();
        let prefix = format!("{}-", ro.metadata.name);
        let is_foreign = |meta: &ObjectMeta| {
            meta.name.starts_with(&prefix) && meta.controller().is_none_or(|c| c.uid != ro.metadata.uid)
        };
        let (whole, malformed) = (self.runs.list(Some(namespace)), self.runs.malformed(Some(namespace)));
        let whole = whole.iter().map(|run| &run.metadata).filter(|meta| is_foreign(meta));
        // What cannot be read is nobody's, but has its name.
        let malformed = malformed.iter().map(|run| &run.meta).filter(|meta| meta.name.starts_with(&prefix));
        whole.chain(malformed).map(|meta| meta.name.clone()).collect()
    }

    /// The templates that the Rollout depends on.
    pub fn templates_of(&self, ro: &Rollout) -> TemplateClosure {
        template_closure(ro, |reference: &AnalysisTemplateRef| {
            let (cache, namespace) = match reference.cluster_scope {
                true => (self.cluster_templates.as_ref()?, ""),
                false => (&self.templates, ro.metadata.namespace.as_str()),
            };
            Some(cache.get(namespace, &reference.template_name)?.spec.clone())
        })
    }

    /// What keeps these templates and their runs from being known at all; then nothing can be said about them.
    pub fn unreadable(&self, closure: &TemplateClosure) -> Option<String> {
        let of_cluster = self.cluster_templates.as_ref().filter(|_| closure.references.iter().any(|r| r.cluster_scope));
        let missing = unfilled(&self.runs).or_else(|| unfilled(&self.templates));
        missing.or_else(|| of_cluster.and_then(unfilled))
    }
}

fn unfilled<T: Cached>(cache: &Cache<T>) -> Option<String> {
    let health = cache.health();
    if health.synced {
        return None;
    }
    let why = health.lost.unwrap_or_else(|| "not listed yet".into());
    Some(format!("cannot read {}: {why}", cache.resource()))
}

/// Whether the Rollout refers to any template.
pub(crate) fn is_analysed(ro: &Rollout) -> bool {
    !validation::template_refs(ro).is_empty()
}

/// The Rollout that controls a run.
fn owner(meta: &ObjectMeta) -> Option<Key> {
    let owner = meta.controller().filter(|c| c.kind == "Rollout" && c.api_version.starts_with(names::GROUP))?;
    Some(Key::new(meta.namespace.as_str(), owner.name.as_str()))
}

/// Puts the Rollouts into the queue that may refer to a template, be it through others: all that are analysed, where it
/// can be referred to. Templates seldom change.
fn enqueue_users(RolloutListener { rollouts, queue }: &RolloutListener, change: &Change<AnalysisTemplate>) {
    if let Change::Updated { old, new } = change
        && old.spec == new.spec
    {
        return;
    }
    if !rollouts.health().synced {
        // Their first list is to put all of them into the queue.
        return;
    }
    let Key { namespace, .. } = change.key();
    let all = rollouts.list(Some(&*namespace).filter(|namespace| !namespace.is_empty()));
    all.iter().filter(|ro| is_analysed(ro)).for_each(|ro| queue.add(Key::of(&ro.metadata)));
}

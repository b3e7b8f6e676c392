//! AnalysisRuns and templates, and which Rollouts and Experiments a change of them concerns.

use crate::Options;
use crate::owners::{BY_OWNER, controller_uid, foreign_names, owned_by, owner};
use crate::queues::Queues;
use rollouts_api::analysis::{AnalysisRun, AnalysisTemplate, AnalysisTemplateSpec};
use rollouts_api::rollout::AnalysisTemplateRef;
use rollouts_api::{Experiment, ObjectMeta, Rollout};
use rollouts_core::{TemplateClosure, experiment_template_closure, template_closure};
use rollouts_kube::cache::{Cached, Change};
use rollouts_kube::{Cache, Key, Queue, Troubles, resource};
use rollouts_snapshots::is_analysed;
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

/// Who depends on them.
#[derive(Clone)]
pub(crate) struct Users {
    pub rollouts: Cache<Rollout>,
    pub experiments: Cache<Experiment>,
    pub queues: Queues,
}

impl Analyses {
    /// Starts to fill the caches. `queue` is that of AnalysisRuns; `users` are told of what concerns them.
    pub fn start(
        client: &kube::Client,
        options: &Options,
        queue: &Queue<Key>,
        users: Option<&Users>,
        troubles: &Troubles,
        stop: &CancellationToken,
    ) -> Self {
        let namespace = options.namespace.as_deref();
        let (queue, queues) = (queue.clone(), users.map(|users| users.queues.clone()));
        let runs = Cache::builder(client.clone(), resource::ANALYSIS_RUNS)
            .troubles(troubles)
            .namespace(namespace)
            .labels(options.instance_selector())
            .index(BY_OWNER, controller_uid)
            .on_change(move |change: &Change<AnalysisRun>| {
                if let Change::Malformed { new, .. } = change {
                    tracing::error!(analysisrun = %change.key(), "Cannot read AnalysisRun: {}", new.error);
                }
                queue.add(change.key());
                if let Some(queues) = &queues {
                    owner(change.meta(), "Rollout").into_iter().for_each(|key| queues.rollouts.add(key));
                    owner(change.meta(), "Experiment").into_iter().for_each(|key| queues.experiments.add(key));
                }
            })
            .start(stop);
        let templates = |resource, namespace: Option<&str>| {
            let users = users.cloned();
            Cache::builder(client.clone(), resource)
                .troubles(troubles)
                .namespace(namespace)
                .on_change(move |change: &Change<AnalysisTemplate>| {
                    if let Some(users) = &users {
                        users.enqueue(change);
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

    /// Runs that this Rollout or Experiment controls.
    pub fn runs_of(&self, owner: &ObjectMeta) -> Vec<Arc<AnalysisRun>> {
        owned_by(&self.runs, owner)
    }

    /// Names of runs that begin like those of this Rollout or Experiment but are not its own.
    pub fn foreign_runs(&self, owner: &ObjectMeta) -> BTreeSet<String> {
        foreign_names(&self.runs, owner)
    }

    /// The templates that the Rollout depends on.
    pub fn templates_of(&self, ro: &Rollout) -> TemplateClosure {
        template_closure(ro, |reference| self.template(&ro.metadata.namespace, reference))
    }

    /// The templates that the Experiment depends on.
    pub fn templates_of_experiment(&self, experiment: &Experiment) -> TemplateClosure {
        let namespace = &experiment.metadata.namespace;
        experiment_template_closure(experiment, |reference| self.template(namespace, reference))
    }

    fn template(&self, namespace: &str, reference: &AnalysisTemplateRef) -> Option<AnalysisTemplateSpec> {
        let (cache, namespace) = match reference.cluster_scope {
            true => (self.cluster_templates.as_ref()?, ""),
            false => (&self.templates, namespace),
        };
        Some(cache.get(namespace, &reference.template_name)?.spec.clone())
    }

    /// What keeps these templates and their runs from being known at all; then nothing can be said about them.
    pub fn unreadable(&self, closure: &TemplateClosure) -> Option<String> {
        let of_cluster = self.cluster_templates.as_ref().filter(|_| closure.references.iter().any(|r| r.cluster_scope));
        let missing = unfilled(&self.runs).or_else(|| unfilled(&self.templates));
        missing.or_else(|| of_cluster.and_then(unfilled))
    }
}

/// Why a cache does not hold yet what the API server held at the start.
pub(crate) fn unfilled<T: Cached>(cache: &Cache<T>) -> Option<String> {
    let health = cache.health();
    if health.synced {
        return None;
    }
    let why = health.lost.unwrap_or_else(|| "not listed yet".into());
    Some(format!("cannot read {}: {why}", cache.resource()))
}

impl Users {
    /// Puts those into the queues that may refer to a template, be it through others: all that are analysed, where it
    /// can be referred to. Templates seldom change.
    fn enqueue(&self, change: &Change<AnalysisTemplate>) {
        if let Change::Updated { old, new } = change
            && old.spec == new.spec
        {
            return;
        }
        let Key { namespace, .. } = change.key();
        let namespace = Some(&*namespace).filter(|namespace| !namespace.is_empty());
        // Those whose first list is not here yet are put into the queue by it.
        if self.rollouts.health().synced {
            let all = self.rollouts.list(namespace);
            all.iter().filter(|ro| is_analysed(ro)).for_each(|ro| self.queues.rollouts.add(Key::of(&ro.metadata)));
        }
        if self.experiments.health().synced {
            let all = self.experiments.list(namespace);
            let analysed = all.iter().filter(|e| !e.spec.analyses.is_empty());
            analysed.for_each(|e| self.queues.experiments.add(Key::of(&e.metadata)));
        }
    }
}

//! Objects as the API server has them now, read once with the rights of whoever asks.

use crate::{Analyses, Experiments, Found, Looks, Source, closure, has_experiments, is_analysed, parts, resource_of};
use futures::future::join;
use rollouts_api::analysis::{AnalysisRun, AnalysisTemplate, AnalysisTemplateSpec};
use rollouts_api::rollout::{AnalysisTemplateRef, WorkloadKind};
use rollouts_api::{Experiment, ObjectMeta, Rollout, names, validation};
use rollouts_core::{Debt, Pod, Referenced, ReplicaSet, Service, Workload, template_closure};
use rollouts_kube::rest::Query;
use rollouts_kube::{RequestError, Resource, Rest, resource};
use rollouts_traffic::{Settings, Want};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// What, such as `pods`.
    pub what: String,
    /// The API server's words.
    pub why: String,
}

/// The objects of one Rollout, read once. It only ever reads. A snapshot of it is complete if there are no [`Live::gaps`].
pub struct Live {
    rest: Rest,
    settings: Arc<Settings>,
    sets: Held<ReplicaSet>,
    services: BTreeMap<String, Arc<Service>>,
    scaled_down: Held<Workload>,
    runs: Held<AnalysisRun>,
    experiments: Held<Experiment>,
    templates: BTreeMap<AnalysisTemplateRef, AnalysisTemplateSpec>,
    gaps: Mutex<BTreeSet<Gap>>,
}

/// What was listed, whole: an explanation looks at more of it than decisions do.
#[derive(Debug, Default)]
pub struct Listed {
    /// ReplicaSets with the hash label.
    pub replica_sets: Vec<Value>,
    /// AnalysisRuns.
    pub analysis_runs: Vec<Value>,
    /// Experiments.
    pub experiments: Vec<Value>,
}

/// Objects of a namespace.
struct Held<T> {
    raw: Vec<Value>,
    whole: Vec<Arc<T>>,
    /// Names of those that cannot be read.
    malformed: Vec<String>,
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Held { raw: Vec::new(), whole: Vec::new(), malformed: Vec::new() }
    }
}

/// The part of an object that everything has.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    metadata: ObjectMeta,
}

impl Live {
    /// Reads what decisions about `ro` may need, but for what is found only by way of other objects.
    ///
    /// # Errors
    /// If a request fails for another reason than a missing right.
    pub async fn read(rest: Rest, ro: &Rollout) -> Result<Live, RequestError> {
        let mut live = Live {
            rest,
            settings: Arc::default(),
            sets: Held::default(),
            services: BTreeMap::new(),
            scaled_down: Held::default(),
            runs: Held::default(),
            experiments: Held::default(),
            templates: BTreeMap::new(),
            gaps: Mutex::default(),
        };
        let namespace = ro.metadata.namespace.as_str();
        let all = Query::default();
        let hashed = Query::default().labels(names::POD_TEMPLATE_HASH);
        let owed = Query::default().labels(names::SCALED_DOWN_BY);
        let (sets, scaled_down) = join(
            live.list::<ReplicaSet>(&resource::REPLICA_SETS, namespace, &hashed),
            live.list::<Workload>(&resource::DEPLOYMENTS, namespace, &owed),
        )
        .await;
        let (runs, experiments) = join(
            live.list(&resource::ANALYSIS_RUNS, namespace, &all),
            live.list(&resource::EXPERIMENTS, namespace, &all),
        )
        .await;
        (live.sets, live.scaled_down) = (sets?, scaled_down?);
        (live.runs, live.experiments) = (runs?, experiments?);
        for name in validation::service_names(ro) {
            let service = live.allowed("services", live.rest.get_opt(&resource::SERVICES, namespace, name).await)?;
            live.services.extend(service.flatten().map(|service| (name.to_owned(), Arc::new(service))));
        }
        if is_analysed(ro) {
            live.read_templates(ro).await?;
        }
        Ok(live)
    }

    /// Follows the references to templates one by one: most people may read single ones of the cluster, if any.
    async fn read_templates(&mut self, ro: &Rollout) -> Result<(), RequestError> {
        let mut asked = BTreeSet::new();
        loop {
            let references = template_closure(ro, |reference| self.templates.get(reference).cloned()).references;
            let Some(next) = references.into_iter().find(|reference| !asked.contains(reference)) else { return Ok(()) };
            let (resource, namespace) = match next.cluster_scope {
                true => (resource::CLUSTER_ANALYSIS_TEMPLATES, ""),
                false => (resource::ANALYSIS_TEMPLATES, ro.metadata.namespace.as_str()),
            };
            let answer = self.rest.get_opt::<Value>(&resource, namespace, &next.template_name).await;
            let found = self.allowed(&resource.to_string(), answer)?.flatten();
            // What cannot be read is as good as missing: so the controller's caches have it, too.
            let template = found.and_then(|object| AnalysisTemplate::deserialize(object).ok());
            self.templates.extend(template.map(|template| (next.clone(), template.spec)));
            asked.insert(next);
        }
    }

    /// All objects of the namespace that were listed.
    pub fn into_listed(self) -> Listed {
        Listed { replica_sets: self.sets.raw, analysis_runs: self.runs.raw, experiments: self.experiments.raw }
    }

    /// What could not be looked at so far. Of what depends on it nothing can be said.
    pub fn gaps(&self) -> Vec<Gap> {
        self.gaps.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Where the right is missing, that is noted, and there is nothing.
    fn allowed<T>(&self, what: &str, answer: Result<T, RequestError>) -> Result<Option<T>, RequestError> {
        match answer {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_forbidden() => {
                let gap = Gap { what: what.to_owned(), why: error.to_string() };
                self.gaps.lock().unwrap_or_else(PoisonError::into_inner).insert(gap);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn list<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        namespace: &str,
        query: &Query,
    ) -> Result<Held<T>, RequestError> {
        let page = match self.rest.list::<Value>(resource, Some(namespace), query).await {
            // The kind is not installed.
            Err(error) if error.is_not_found() => return Ok(Held::default()),
            answer => self.allowed(&resource.plural, answer)?,
        };
        let mut held = Held::default();
        for object in page.into_iter().flat_map(|page| page.items) {
            // One that cannot be read must not hide the others, as in a cache.
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            match T::deserialize(&object) {
                Ok(whole) => held.whole.push(Arc::new(whole)),
                Err(_) => held.malformed.push(name),
            }
            held.raw.push(object);
        }
        Ok(held)
    }
}

/// Those that `owner` controls, and the names of those that only look like it.
fn divide<T>(all: &Held<T>, owner: &ObjectMeta, meta: impl Fn(&T) -> &ObjectMeta) -> (Vec<Arc<T>>, BTreeSet<String>) {
    let is_own = |o: &&Arc<T>| meta(o).controller().is_some_and(|c| c.uid == owner.uid);
    let own = all.whole.iter().filter(is_own).cloned().collect();
    let prefix = format!("{}-", owner.name);
    let others = all.whole.iter().filter(|o| !is_own(o)).map(|o| &meta(o).name);
    let foreign = others.chain(&all.malformed).filter(|name| name.starts_with(&prefix)).cloned().collect();
    (own, foreign)
}

impl Source for Live {
    fn rest(&self) -> &Rest {
        &self.rest
    }

    fn router_settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    async fn workload(&self, ro: &Rollout) -> Result<Referenced, RequestError> {
        let Some(reference) = &ro.spec.workload_ref else { return Ok(Referenced::Missing) };
        let resource = match reference.workload_kind() {
            Ok(WorkloadKind::Deployment) => resource::DEPLOYMENTS,
            Ok(WorkloadKind::ReplicaSet) => resource::REPLICA_SETS,
            Ok(WorkloadKind::PodTemplate) => resource::POD_TEMPLATES,
            Err(_) => return Ok(Referenced::Missing),
        };
        let answer = self.rest.get_opt::<Workload>(&resource, &ro.metadata.namespace, &reference.name).await;
        Ok(match self.allowed(&resource.plural, answer)? {
            Some(Some(workload)) => Referenced::Found(Arc::new(workload)),
            Some(None) => Referenced::Missing,
            None => Referenced::Unreadable(format!("{} cannot be read", resource.kind)),
        })
    }

    async fn debtor(&self, workload: &Workload, debt: &Debt) -> Result<Option<String>, RequestError> {
        let namespace = Some(workload.metadata.namespace.as_str());
        let answer = self.rest.list::<Named>(&resource::ROLLOUTS, namespace, &Query::default()).await;
        let rollouts = self.allowed(&resource::ROLLOUTS.plural, answer)?.into_iter().flat_map(|page| page.items);
        let lives = |meta: &ObjectMeta| meta.uid == debt.by && meta.deletion_timestamp.is_none();
        Ok(rollouts.map(|ro| ro.metadata).find(lives).map(|meta| meta.name))
    }

    fn scaled_down(&self, by: &ObjectMeta) -> Vec<Arc<Workload>> {
        let owes = |d: &&Arc<Workload>| Debt::of(d).is_some_and(|debt| debt.by == by.uid);
        self.scaled_down.whole.iter().filter(owes).cloned().collect()
    }

    fn replica_sets(&self, owner: &ObjectMeta) -> Vec<Arc<ReplicaSet>> {
        let is_own = |s: &&Arc<ReplicaSet>| s.metadata.controller().is_some_and(|c| c.uid == owner.uid);
        self.sets.whole.iter().filter(is_own).cloned().collect()
    }

    fn orphans(&self, _: &str) -> Vec<Arc<ReplicaSet>> {
        self.sets.whole.iter().filter(|s| s.metadata.controller().is_none()).cloned().collect()
    }

    fn replica_set(&self, _: &str, name: &str) -> Option<Arc<ReplicaSet>> {
        self.sets.whole.iter().find(|s| s.metadata.name == name).cloned()
    }

    fn service(&self, _: &str, name: &str) -> Option<Arc<Service>> {
        self.services.get(name).cloned()
    }

    fn analyses(&self, ro: &Rollout) -> Analyses {
        let (runs, foreign) = divide(&self.runs, &ro.metadata, |run| &run.metadata);
        let foreign = if is_analysed(ro) { foreign } else { BTreeSet::new() };
        let templates = template_closure(ro, |reference| self.templates.get(reference).cloned());
        Analyses { runs, foreign, templates, unreadable: None }
    }

    fn experiments(&self, ro: &Rollout) -> Experiments {
        let (own, foreign) = divide(&self.experiments, &ro.metadata, |experiment| &experiment.metadata);
        let foreign = if has_experiments(ro) { foreign } else { BTreeSet::new() };
        Experiments { own, foreign, unreadable: None }
    }

    async fn routers(&self, ro: &Rollout) -> Result<Found, RequestError> {
        Ok(closure(ro, &self.settings, self).await?.0)
    }

    async fn pods(&self, namespace: &str, sets: &[Arc<ReplicaSet>]) -> Result<Vec<Arc<Pod>>, RequestError> {
        Ok(self.allowed("pods", parts::pods(namespace, sets, &self.rest).await)?.unwrap_or_default())
    }
}

impl Looks for Live {
    async fn look(&self, want: &Want, found: &mut Found) -> Result<(), RequestError> {
        let (kind, namespace) = match want {
            Want::Named(at) => (&at.kind, &at.namespace),
            Want::Selected { kind, namespace, .. } => (kind, namespace),
        };
        let resource = resource_of(kind);
        let answer = match want {
            Want::Named(at) => self.rest.get::<Value>(&resource, namespace, &at.name).await.map(|object| vec![object]),
            Want::Selected { selector, .. } => {
                let Ok(selector) = selector.compile() else { return Ok(()) };
                let query = Query::default().labels(selector.to_string());
                self.rest.list::<Value>(&resource, Some(namespace), &query).await.map(|page| page.items)
            }
        };
        let objects = match answer {
            Err(error) if error.is_not_found() => {
                // Of one that is missing the API server knows the kind.
                if error.status().is_none_or(|status| !status.message.contains(resource.plural.as_ref())) {
                    found.objects.unserved.insert(kind.clone());
                }
                return Ok(());
            }
            answer => self.allowed(&resource.to_string(), answer)?.unwrap_or_default(),
        };
        for mut object in objects {
            object["apiVersion"] = kind.api_version().into();
            object["kind"] = kind.kind.as_ref().into();
            if let Some(meta) = object["metadata"].as_object_mut() {
                meta.remove("managedFields");
            }
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            found.objects.insert(kind.named(namespace, &name), Arc::new(object));
        }
        Ok(())
    }
}

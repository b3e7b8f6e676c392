//! From caches to a [`Snapshot`].

use crate::analysis::{is_analysed, unfilled};
use crate::caches::{Caches, ORPHANS, selects};
use crate::debts::{self, BY_DEBTOR};
use crate::hidden::Hidden;
use crate::owners::{BY_OWNER, foreign_names, owned_by};
use rollouts_api::{Experiment, Rollout, names, validation};
use rollouts_core::{Debt, Pod, Referenced, ReplicaSet, Snapshot, TemplateHash, Workload};
use rollouts_kube::rest::Query;
use rollouts_kube::{Key, RequestError, Rest, resource};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything the decisions about `ro` may read.
pub(crate) async fn take(
    ro: Arc<Rollout>,
    caches: &Caches,
    hidden: &Hidden,
    rest: &Rest,
) -> Result<Snapshot, RequestError> {
    let found = caches.workloads.find(&ro).await?;
    let (ro, mut unresolved) = match rollouts_core::resolve(&ro, &found) {
        Ok(ro) => (ro, None),
        Err(problem) => (ro, Some(problem)),
    };
    let workload = match found {
        Referenced::Found(workload) => Some(workload),
        Referenced::Missing | Referenced::Unreadable(_) => None,
    };
    let taken_by = match &workload {
        Some(workload) => taken_by(&ro, workload, caches, rest).await?,
        None => None,
    };
    let mut scaled_down = caches.scaled_down.by_index(BY_DEBTOR, &ro.metadata.uid);
    scaled_down.retain(|d| d.metadata.namespace == ro.metadata.namespace);
    let namespace = ro.metadata.namespace.as_str();
    let mut replica_sets = caches.replica_sets.by_index(BY_OWNER, &ro.metadata.uid);
    let orphans = caches.replica_sets.by_index(ORPHANS, namespace);
    replica_sets.extend(orphans.into_iter().filter(|s| selects(&ro, &s.metadata.labels)));
    replica_sets.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));

    let mut foreign_replica_sets = BTreeMap::new();
    let template_hash = TemplateHash::default();
    let wanted = template_hash.replica_set_name(&ro);
    if !replica_sets.iter().any(|s| s.metadata.name == wanted) {
        let key = Key::new(namespace, wanted.as_str());
        let other = caches.replica_sets.get(namespace, &wanted).or_else(|| hidden.take_set(&key));
        foreign_replica_sets.extend(other.map(|s| (wanted, s)));
    }

    let analysed = is_analysed(&ro);
    let mut analysis_runs = caches.analyses.runs_of(&ro.metadata);
    let mut foreign_analysis_runs = match analysed {
        true => caches.analyses.foreign_runs(&ro.metadata),
        false => Default::default(),
    };
    for run in hidden.runs_of(&Key::of(&ro.metadata)) {
        let is_known = |name: &str| analysis_runs.iter().any(|r| r.metadata.name == name);
        match run.metadata.controller() {
            Some(owner) if owner.uid == ro.metadata.uid && !is_known(&run.metadata.name) => analysis_runs.push(run),
            Some(owner) if owner.uid == ro.metadata.uid => {}
            _ => drop(foreign_analysis_runs.insert(run.metadata.name.clone())),
        }
    }
    let closure = caches.analyses.templates_of(&ro);
    if analysed && unresolved.is_none() {
        unresolved = caches.analyses.unreadable(&closure);
    }

    let (experiments, foreign_experiments) = experiments(&ro, caches, hidden);
    if unresolved.is_none() && has_experiments(&ro) {
        unresolved = unfilled(&caches.experiments);
    }

    let routers = caches.routers.find(&ro).await?;
    unresolved = unresolved.or(routers.unreadable);

    let services = validation::service_names(&ro).into_iter();
    let services =
        services.filter_map(|name| Some((name.to_string(), caches.services.get(namespace, name)?))).collect();
    let pods = match rollouts_core::reads_pods(&ro, &replica_sets) {
        true => pods(namespace, &replica_sets, rest).await?,
        false => Vec::new(),
    };
    let endpoints =
        endpoints(rollouts_core::reads_endpoints(&ro, &replica_sets, &experiments, &routers.objects), &ro, rest)
            .await?;
    Ok(Snapshot {
        rollout: ro,
        workload,
        unresolved,
        taken_by,
        scaled_down,
        replica_sets,
        foreign_replica_sets,
        pods,
        services,
        endpoints,
        analysis_runs,
        foreign_analysis_runs,
        analysis_templates: closure.found,
        experiments,
        foreign_experiments,
        routers: routers.objects,
        router_settings: Arc::clone(caches.routers.settings()),
        answers: BTreeMap::new(),
        template_hash,
    })
}

/// The Experiments of a Rollout, and the names of others that a new one could collide with.
fn experiments(ro: &Rollout, caches: &Caches, hidden: &Hidden) -> (Vec<Arc<Experiment>>, BTreeSet<String>) {
    let meta = &ro.metadata;
    let mut own = owned_by(&caches.experiments, meta);
    let mut foreign = match has_experiments(ro) {
        true => foreign_names(&caches.experiments, meta),
        false => BTreeSet::new(),
    };
    for met in hidden.experiments_of(&Key::of(meta)) {
        let is_known = own.iter().any(|e| e.metadata.name == met.metadata.name);
        match met.metadata.controller().is_some_and(|owner| owner.uid == meta.uid) {
            true if is_known => {}
            true => own.push(met),
            false => drop(foreign.insert(met.metadata.name.clone())),
        }
    }
    (own, foreign)
}

fn has_experiments(ro: &Rollout) -> bool {
    ro.spec.canary_steps().iter().any(|step| step.experiment.is_some())
}

/// The name of another Rollout that has scaled the workload down.
async fn taken_by(
    ro: &Rollout,
    workload: &Workload,
    caches: &Caches,
    rest: &Rest,
) -> Result<Option<String>, RequestError> {
    match Debt::of(workload) {
        Some(debt) if debt.by != ro.metadata.uid => {
            let debtor = debts::debtor_of(&Key::of(&workload.metadata), &debt, caches, rest).await?;
            Ok(debtor.map(|key| key.name.to_string()))
        }
        _ => Ok(None),
    }
}

/// The part of Endpoints that decisions read.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Endpoints {
    subsets: Option<Vec<Subset>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subset {
    addresses: Option<Vec<Address>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Address {
    target_ref: Target,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    name: String,
}

/// The ready pods that the Services of a routed Rollout lead to, asked for while it matters. Without the right to read them
/// nothing is known, and they are believed to follow at once.
async fn endpoints(
    services: Option<BTreeSet<String>>,
    ro: &Rollout,
    rest: &Rest,
) -> Result<BTreeMap<String, BTreeSet<String>>, RequestError> {
    let mut found = BTreeMap::new();
    let Some(services) = services else { return Ok(found) };
    let named = validation::service_names(ro);
    for service in services {
        let endpoints = match rest.get_opt::<Endpoints>(&resource::ENDPOINTS, &ro.metadata.namespace, &service).await {
            // The host of a mesh may be none of the cluster's Services.
            Ok(None) if !named.contains(&service.as_str()) => continue,
            Ok(endpoints) => endpoints.unwrap_or_default(),
            Err(error) if error.is_forbidden() => continue,
            Err(error) => return Err(error),
        };
        let addresses = endpoints.subsets.into_iter().flatten().flat_map(|subset| subset.addresses.unwrap_or_default());
        found.insert(service, addresses.map(|address| address.target_ref.name).collect());
    }
    Ok(found)
}

/// The pods of the ReplicaSets. Asked for when a decision needs them: a cache of all pods of a cluster would cost more
/// than everything else together.
async fn pods(namespace: &str, sets: &[Arc<ReplicaSet>], rest: &Rest) -> Result<Vec<Arc<Pod>>, RequestError> {
    if sets.is_empty() {
        // "in ()" would ask for pods with an empty hash.
        return Ok(Vec::new());
    }
    let hashes: Vec<&str> = sets.iter().map(|s| s.hash()).collect();
    let query = Query::default().labels(format!("{} in ({})", names::POD_TEMPLATE_HASH, hashes.join(",")));
    let page = rest.list::<Pod>(&resource::PODS, Some(namespace), &query).await?;
    let ours = |p: &Pod| p.metadata.controller().is_some_and(|c| sets.iter().any(|s| s.metadata.uid == c.uid));
    Ok(page.items.into_iter().filter(ours).map(Arc::new).collect())
}

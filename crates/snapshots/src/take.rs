//! Which objects belong to a snapshot.

use crate::Source;
use rollouts_api::{Rollout, validation};
use rollouts_core::{Debt, Referenced, Snapshot, TemplateHash};
use rollouts_kube::RequestError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything the decisions about `ro` may read, but for answers to questions of earlier plans.
///
/// # Errors
/// Of a request that may work the next time.
pub async fn take(ro: Arc<Rollout>, source: &impl Source) -> Result<Snapshot, RequestError> {
    let found = source.workload(&ro).await?;
    let (ro, mut unresolved) = match rollouts_core::resolve(&ro, &found) {
        Ok(ro) => (ro, None),
        Err(problem) => (ro, Some(problem)),
    };
    let workload = match found {
        Referenced::Found(workload) => Some(workload),
        Referenced::Missing | Referenced::Unreadable(_) => None,
    };
    let debt = workload.as_ref().and_then(|workload| Some((workload, Debt::of(workload)?)));
    let taken_by = match debt.filter(|(_, debt)| debt.by != ro.metadata.uid) {
        Some((workload, debt)) => source.debtor(workload, &debt).await?,
        None => None,
    };
    let mut scaled_down = source.scaled_down(&ro.metadata);
    scaled_down.retain(|d| d.metadata.namespace == ro.metadata.namespace);
    let namespace = ro.metadata.namespace.as_str();
    let mut replica_sets = source.replica_sets(&ro.metadata);
    replica_sets.extend(source.orphans(namespace).into_iter().filter(|s| selects(&ro, &s.metadata.labels)));
    replica_sets.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));

    let mut foreign_replica_sets = BTreeMap::new();
    let template_hash = TemplateHash::default();
    let wanted = template_hash.replica_set_name(&ro);
    if !replica_sets.iter().any(|s| s.metadata.name == wanted) {
        let other = source.replica_set(namespace, &wanted);
        foreign_replica_sets.extend(other.map(|s| (wanted, s)));
    }

    let analyses = source.analyses(&ro);
    if is_analysed(&ro) && unresolved.is_none() {
        unresolved = analyses.unreadable;
    }
    let experiments = source.experiments(&ro);
    if unresolved.is_none() && has_experiments(&ro) {
        unresolved = experiments.unreadable;
    }
    let routers = source.routers(&ro).await?;
    unresolved = unresolved.or(routers.unreadable);

    let services = validation::service_names(&ro).into_iter();
    let services = services.filter_map(|name| Some((name.to_string(), source.service(namespace, name)?))).collect();
    let pods = match rollouts_core::reads_pods(&ro, &replica_sets) {
        true => source.pods(namespace, &replica_sets).await?,
        false => Vec::new(),
    };
    let endpoints = match rollouts_core::reads_endpoints(&ro, &replica_sets, &experiments.own, &routers.objects) {
        Some(services) => source.endpoints(&ro, services).await?,
        None => BTreeMap::new(),
    };
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
        analysis_runs: analyses.runs,
        foreign_analysis_runs: analyses.foreign,
        analysis_templates: analyses.templates.found,
        experiments: experiments.own,
        foreign_experiments: experiments.foreign,
        routers: routers.objects,
        router_settings: Arc::clone(source.router_settings()),
        answers: BTreeMap::new(),
        template_hash,
    })
}

/// Whether the Rollout refers to any template.
pub fn is_analysed(ro: &Rollout) -> bool {
    !validation::template_refs(ro).is_empty()
}

/// Whether any step of the Rollout is an Experiment.
pub fn has_experiments(ro: &Rollout) -> bool {
    ro.spec.canary_steps().iter().any(|step| step.experiment.is_some())
}

/// Whether the Rollout's selector matches; one that cannot be read matches nothing.
pub fn selects(ro: &Rollout, labels: &BTreeMap<String, String>) -> bool {
    ro.spec.selector.as_ref().and_then(|s| s.compile().ok()).is_some_and(|s| s.matches(labels))
}

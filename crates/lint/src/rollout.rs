//! Rollouts: the controller's own checks, with the objects of the input in place of the cluster.

mod routers;

use crate::analysis;
use crate::expected;
use crate::experiment;
use crate::finding::About;
use crate::object::Object;
use crate::rules;
use crate::warnings;
use crate::world::World;
use rollouts_api::rollout::{AnalysisTemplateRef, WorkloadKind};
use rollouts_api::validation::service_names;
use rollouts_api::{Rollout, names};
use rollouts_core::{Concern, Referenced, Service, Snapshot, Workload};
use std::sync::Arc;

/// A Rollout that could be read.
pub(crate) struct Subject<'a> {
    /// As written.
    pub written: Arc<Rollout>,
    /// As the controller would see it.
    pub snapshot: Snapshot,
    /// The other objects.
    pub world: &'a World<'a>,
}

impl Subject<'_> {
    /// With the template and selector of its workload, if that is known.
    pub fn rollout(&self) -> &Rollout {
        &self.snapshot.rollout
    }
}

pub(crate) fn check(object: &Object, world: &World<'_>, found: &mut About<'_>) {
    if !object.is_sound {
        return;
    }
    let Some(written) = read(object, found) else { return };
    let (snapshot, missing) = snapshot(object, &written, world, found);
    for problem in rollouts_core::problems(&snapshot) {
        let (field, message) = (problem.error.path.as_str(), problem.error.body());
        match problem.concern {
            Concern::Spec => found.add(&rules::INVALID, field, message),
            Concern::Reference => found.add(&rules::INVALID_REFERENCE, field, message),
            Concern::Absent(kind) => {
                let what = problem.error.detail.strip_suffix(" found").unwrap_or(&problem.error.detail);
                expected::absent(world, kind, field, what, found);
            }
            // A router cannot do much with objects that may be in the cluster.
            Concern::Router if missing.is_needed || !missing.named.is_empty() => {}
            Concern::Router => found.add(&rules::UNUSABLE_ROUTE, field, problem.error.detail),
        }
    }
    for at in missing.named.iter().filter(|at| at.kind.kind != "VirtualService") {
        let what = at.not_found();
        let what = what.strip_suffix(" found").unwrap_or(&what);
        expected::absent(world, &at.kind.kind, "spec.strategy.canary.trafficRouting", what, found);
    }
    expected::required(object, found);
    let subject = Subject { written, snapshot, world };
    analysis::check_attachments(&subject, found);
    experiment::check_steps(&subject, found);
    warnings::of_rollout(&subject, found);
}

fn read(object: &Object, found: &mut About<'_>) -> Option<Arc<Rollout>> {
    match serde_json::from_value::<Rollout>(object.value.clone()) {
        Ok(mut rollout) => {
            rollout.metadata.namespace.clone_from(&object.id.namespace);
            Some(Arc::new(rollout))
        }
        Err(error) => {
            let text = format!("error unmarshaling JSON: while decoding JSON: json: {error}");
            found.add_at(&rules::WRONG_TYPE, object.at, "", error.to_string(), Some(text));
            None
        }
    }
}

/// What the controller would see, and which objects of routers are missing from it.
fn snapshot(
    object: &Object,
    written: &Arc<Rollout>,
    world: &World<'_>,
    found: &mut About<'_>,
) -> (Snapshot, routers::Missing) {
    let namespace = object.id.namespace.as_str();
    let workload = workload(written, namespace, world, found);
    let resolved = workload.clone().and_then(|w| rollouts_core::resolve(written, &Referenced::Found(w)).ok());
    let mut snapshot = Snapshot {
        workload: workload.filter(|_| resolved.is_some()),
        rollout: resolved.unwrap_or_else(|| Arc::clone(written)),
        ..Snapshot::default()
    };
    for name in service_names(written) {
        if let Some(service) = world.find("", "Service", namespace, name) {
            snapshot.services.insert(name.to_string(), Arc::new(service_of(service, namespace, name, world)));
        }
    }
    let find = |reference: &AnalysisTemplateRef| analysis::find_template(world, namespace, reference);
    snapshot.analysis_templates = rollouts_core::template_closure(written, find).found;
    let missing = routers::add(&mut snapshot, world);
    (snapshot, missing)
}

fn workload(written: &Rollout, namespace: &str, world: &World<'_>, found: &mut About<'_>) -> Option<Arc<Workload>> {
    let reference = written.spec.workload_ref.as_ref()?;
    let kind = match reference.workload_kind() {
        Ok(kind) => kind,
        Err(problem) => {
            found.add(&rules::INVALID, "spec.workloadRef", problem);
            return None;
        }
    };
    let group = if kind == WorkloadKind::PodTemplate { "" } else { "apps" };
    let Some(object) = world.find(group, kind.kind(), namespace, &reference.name) else {
        let what = kind.not_found(namespace, &reference.name);
        let what = what.strip_suffix(" found").unwrap_or(&what);
        expected::absent(world, kind.kind(), "spec.workloadRef", what, found);
        return None;
    };
    match serde_json::from_value(object.value.clone()) {
        Ok(workload) => Some(Arc::new(workload)),
        Err(error) => {
            let message = format!("{} {} cannot be read: {error}", kind.kind(), reference.name);
            found.add(&rules::INVALID_REFERENCE, "spec.workloadRef", message);
            None
        }
    }
}

/// A Service as it will be: the last Rollout of the input that names it has it.
fn service_of(object: &Object, namespace: &str, name: &str, world: &World<'_>) -> Service {
    let mut service: Service = serde_json::from_value(object.value.clone()).unwrap_or_default();
    if let Some(owner) = world.owner_of(name, namespace) {
        service.metadata.annotations.insert(names::MANAGED_BY_ROLLOUTS.into(), owner.id.name.clone());
    }
    service
}

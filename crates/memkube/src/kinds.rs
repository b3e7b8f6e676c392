//! The built-in kinds as the server stores them: names come from `rollouts_schema::builtin`, rules from here.

use crate::resource::{Generation, Resource, ScalePaths, SubResource};
use rollouts_schema::builtin;

/// Groups whose objects are never stored: a create is a question.
pub fn is_virtual(group: &str, plural: &str) -> bool {
    matches!(group, "authentication.k8s.io" | "authorization.k8s.io") || (group.is_empty() && plural == "bindings")
}

/// Which changes bump `metadata.generation`, kind by kind as in Kubernetes 1.34.
fn generation(group: &str, plural: &str) -> Generation {
    match (group, plural) {
        ("apps", "deployments") => Generation::SpecAndAnnotations,
        ("" | "apps" | "batch" | "policy" | "networking.k8s.io" | "apiextensions.k8s.io", _)
            if matches!(
                plural,
                "pods"
                    | "replicationcontrollers"
                    | "daemonsets"
                    | "replicasets"
                    | "statefulsets"
                    | "cronjobs"
                    | "jobs"
                    | "poddisruptionbudgets"
                    | "ingresses"
                    | "networkpolicies"
                    | "customresourcedefinitions"
            ) =>
        {
            Generation::Spec
        }
        (_, "podtemplates" | "endpointslices" | "ingressclasses" | "priorityclasses") => Generation::All,
        ("admissionregistration.k8s.io", _) => Generation::All,
        _ => Generation::None,
    }
}

fn build(r: &builtin::Resource) -> Resource {
    // Events live in one store under the core group, HPAs in their newest version.
    let storage_group = if r.group == "events.k8s.io" { "" } else { r.group };
    let storage_version = if r.group == "autoscaling" { "v2" } else { r.version };
    let has = |name: &str| r.subresources.iter().any(|s| s.name == name);
    Resource {
        group: r.group.into(),
        version: r.version.into(),
        kind: r.kind.into(),
        list_kind: format!("{}List", r.kind),
        plural: r.plural.into(),
        singular: r.singular.into(),
        short_names: r.short_names.iter().map(|s| (*s).to_owned()).collect(),
        categories: r.categories.iter().map(|s| (*s).to_owned()).collect(),
        namespaced: r.namespaced,
        verbs: r.verbs.to_vec(),
        status: has("status"),
        scale: has("scale").then(|| ScalePaths {
            spec_replicas: ".spec.replicas".into(),
            status_replicas: ".status.replicas".into(),
            selector: Some(".spec.selector".into()),
        }),
        subresources: r
            .subresources
            .iter()
            .map(|s| SubResource { name: s.name, group: s.group, version: s.version, kind: s.kind, verbs: s.verbs })
            .collect(),
        generation: generation(r.group, r.plural),
        storage_group: storage_group.into(),
        storage_version: storage_version.into(),
        schema: builtin::schema(r.group, r.version, r.kind).cloned(),
        crd: None,
    }
}

/// Every built-in resource, in the order of discovery.
pub fn builtin() -> Vec<Resource> {
    builtin::resources().iter().map(build).collect()
}

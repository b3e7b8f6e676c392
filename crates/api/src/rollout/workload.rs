//! What `spec.workloadRef` may refer to (rollout.md §10).

use super::ObjectRef;

/// A kind of objects whose pod template a Rollout may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// `Deployment` of the group `apps`, the only kind that is scaled down.
    Deployment,
    /// `ReplicaSet` of the group `apps`.
    ReplicaSet,
    /// `PodTemplate` of the core group: a template without selector and replicas.
    PodTemplate,
}

/// What becomes of the pods of a referenced Deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleDown {
    /// They stay.
    Never,
    /// They go once the Rollout is healthy.
    OnSuccess,
    /// They go one by one as pods of the Rollout become available.
    Progressively,
}

impl WorkloadKind {
    /// Every kind.
    pub const ALL: [WorkloadKind; 3] = [WorkloadKind::Deployment, WorkloadKind::ReplicaSet, WorkloadKind::PodTemplate];

    /// `kind`, as objects spell it.
    pub fn kind(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::ReplicaSet => "ReplicaSet",
            WorkloadKind::PodTemplate => "PodTemplate",
        }
    }

    /// The error of an absent object.
    pub fn not_found(self, namespace: &str, name: &str) -> String {
        let resource = match self {
            WorkloadKind::Deployment => "deployments.apps",
            WorkloadKind::ReplicaSet => "replicasets.apps",
            WorkloadKind::PodTemplate => "podtemplates",
        };
        format!("{resource} \"{namespace}/{name}\" not found")
    }
}

impl ObjectRef {
    /// The kind that is meant, of whatever version.
    ///
    /// # Errors
    /// Kinds that are not supported; the text is what users see.
    pub fn workload_kind(&self) -> Result<WorkloadKind, String> {
        let group = match self.api_version.split('/').collect::<Vec<_>>()[..] {
            [group, _version] => group,
            // A version alone is of the core group; anything else is no group at all.
            _ => "",
        };
        match (group, self.kind.as_str()) {
            ("apps", "Deployment") => Ok(WorkloadKind::Deployment),
            ("apps", "ReplicaSet") => Ok(WorkloadKind::ReplicaSet),
            ("", "PodTemplate") => Ok(WorkloadKind::PodTemplate),
            (group, kind) => Err(format!("workload of type {group}/{kind} is not supported")),
        }
    }

    /// What `scaleDown` asks for. Unknown words are not refused, and scale nothing down.
    pub fn scale_down_mode(&self) -> ScaleDown {
        match self.scale_down.as_str() {
            "onsuccess" => ScaleDown::OnSuccess,
            "progressively" => ScaleDown::Progressively,
            _ => ScaleDown::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(api_version: &str, kind: &str) -> Result<WorkloadKind, String> {
        ObjectRef { api_version: api_version.into(), kind: kind.into(), ..Default::default() }.workload_kind()
    }

    #[test]
    fn group_and_kind_count_and_the_version_does_not() {
        assert_eq!(kind("apps/v1", "Deployment"), Ok(WorkloadKind::Deployment));
        assert_eq!(kind("apps/v1beta1", "ReplicaSet"), Ok(WorkloadKind::ReplicaSet));
        assert_eq!(kind("v1", "PodTemplate"), Ok(WorkloadKind::PodTemplate));
        let refused = |api_version, of| kind(api_version, of).unwrap_err();
        assert_eq!(refused("apps/v1", "StatefulSet"), "workload of type apps/StatefulSet is not supported");
        assert_eq!(
            refused("extensions/v1beta1", "Deployment"),
            "workload of type extensions/Deployment is not supported"
        );
        assert_eq!(refused("v1", "Deployment"), "workload of type /Deployment is not supported");
        assert_eq!(refused("a/b/c", ""), "workload of type / is not supported");
    }

    #[test]
    fn absent_objects_are_named_with_their_resource() {
        assert_eq!(WorkloadKind::Deployment.not_found("ns", "a"), "deployments.apps \"ns/a\" not found");
        assert_eq!(WorkloadKind::PodTemplate.not_found("ns", "a"), "podtemplates \"ns/a\" not found");
    }
}

//! Resources of the API: which kind, where it is served.

use std::borrow::Cow;
use std::fmt;

/// One resource the API server serves, enough to build its paths without asking discovery.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// Version within the group.
    pub version: Cow<'static, str>,
    /// Kind, in CamelCase.
    pub kind: Cow<'static, str>,
    /// Plural name, as in paths.
    pub plural: Cow<'static, str>,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
}

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident = ($group:literal, $version:literal, $kind:literal, $plural:literal, $namespaced:literal);)*) => {
        $($(#[$doc])* pub const $name: Resource = Resource::fixed($group, $version, $kind, $plural, $namespaced);)*
    };
}

resources! {
    /// Pods.
    PODS = ("", "v1", "Pod", "pods", true);
    /// Services.
    SERVICES = ("", "v1", "Service", "services", true);
    /// ConfigMaps.
    CONFIG_MAPS = ("", "v1", "ConfigMap", "configmaps", true);
    /// Secrets.
    SECRETS = ("", "v1", "Secret", "secrets", true);
    /// Namespaces.
    NAMESPACES = ("", "v1", "Namespace", "namespaces", false);
    /// Endpoints.
    ENDPOINTS = ("", "v1", "Endpoints", "endpoints", true);
    /// Events of the core group.
    EVENTS = ("", "v1", "Event", "events", true);
    /// ReplicaSets.
    REPLICA_SETS = ("apps", "v1", "ReplicaSet", "replicasets", true);
    /// Deployments.
    DEPLOYMENTS = ("apps", "v1", "Deployment", "deployments", true);
    /// PodTemplates.
    POD_TEMPLATES = ("", "v1", "PodTemplate", "podtemplates", true);
    /// Jobs.
    JOBS = ("batch", "v1", "Job", "jobs", true);
    /// Ingresses.
    INGRESSES = ("networking.k8s.io", "v1", "Ingress", "ingresses", true);
    /// HorizontalPodAutoscalers.
    HORIZONTAL_POD_AUTOSCALERS =
        ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true);
    /// EndpointSlices.
    ENDPOINT_SLICES = ("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);
    /// Leases.
    LEASES = ("coordination.k8s.io", "v1", "Lease", "leases", true);
    /// CustomResourceDefinitions.
    CUSTOM_RESOURCE_DEFINITIONS =
        ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false);
    /// Rollouts.
    ROLLOUTS = ("argoproj.io", "v1alpha1", "Rollout", "rollouts", true);
    /// AnalysisTemplates.
    ANALYSIS_TEMPLATES = ("argoproj.io", "v1alpha1", "AnalysisTemplate", "analysistemplates", true);
    /// ClusterAnalysisTemplates.
    CLUSTER_ANALYSIS_TEMPLATES =
        ("argoproj.io", "v1alpha1", "ClusterAnalysisTemplate", "clusteranalysistemplates", false);
    /// AnalysisRuns.
    ANALYSIS_RUNS = ("argoproj.io", "v1alpha1", "AnalysisRun", "analysisruns", true);
    /// Experiments.
    EXPERIMENTS = ("argoproj.io", "v1alpha1", "Experiment", "experiments", true);
}

impl Resource {
    /// A resource known when the program is written.
    pub const fn fixed(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        plural: &'static str,
        namespaced: bool,
    ) -> Self {
        Resource {
            group: Cow::Borrowed(group),
            version: Cow::Borrowed(version),
            kind: Cow::Borrowed(kind),
            plural: Cow::Borrowed(plural),
            namespaced,
        }
    }

    /// `group/version`, or `version` alone in the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Path of the collection: of one namespace, or of all of them when `namespace` is `None` or empty.
    pub fn collection(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let api_version = self.api_version();
        match namespace.filter(|n| self.namespaced && !n.is_empty()) {
            Some(namespace) => format!("{root}/{api_version}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{api_version}/{}", self.plural),
        }
    }

    /// Path of one object, or of its `subresource` (such as `status`, `scale`).
    pub fn object(&self, namespace: &str, name: &str, subresource: Option<&str>) -> String {
        let mut path = self.collection(Some(namespace));
        path.push('/');
        path.push_str(name);
        if let Some(subresource) = subresource {
            path.push('/');
            path.push_str(subresource);
        }
        path
    }
}

/// `plural.group`, as `kubectl` names resources.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plural)?;
        if self.group.is_empty() { Ok(()) } else { write!(f, ".{}", self.group) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(PODS.collection(None), "/api/v1/pods");
        assert_eq!(PODS.collection(Some("")), "/api/v1/pods");
        assert_eq!(
            ROLLOUTS.object("ns", "a", Some("status")),
            "/apis/argoproj.io/v1alpha1/namespaces/ns/rollouts/a/status"
        );
        assert_eq!(NAMESPACES.object("", "ns", None), "/api/v1/namespaces/ns");
        assert_eq!(ROLLOUTS.to_string(), "rollouts.argoproj.io");
    }
}

//! What the controller's flags say about routers (traffic.md §0).

use crate::Kind;

/// API versions and switches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `--istio-api-version`.
    pub istio_version: String,
    /// `--ambassador-api-version`: `group/version`.
    pub ambassador_api_version: String,
    /// `--traffic-split-api-version`.
    pub traffic_split_version: String,
    /// `--traefik-api-group`.
    pub traefik_group: String,
    /// `--traefik-api-version`: `group/version`.
    pub traefik_api_version: String,
    /// `--appmesh-crd-version`.
    pub app_mesh_version: String,
    /// `--aws-verify-target-group`.
    pub aws_verify_target_group: bool,
    /// `--aws-target-group-binding-api-version`: `group/version`.
    pub target_group_binding_api_version: String,
    /// `--alb-tag-key-resource-id`: the tag by which target groups are told apart.
    pub target_group_tag: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            istio_version: "v1alpha3".into(),
            ambassador_api_version: "getambassador.io/v2".into(),
            traffic_split_version: "v1alpha1".into(),
            traefik_group: "traefik.io".into(),
            traefik_api_version: "traefik.io/v1alpha1".into(),
            app_mesh_version: "v1beta2".into(),
            aws_verify_target_group: false,
            target_group_binding_api_version: "elbv2.k8s.aws/v1beta1".into(),
            target_group_tag: "ingress.k8s.aws/resource".into(),
        }
    }
}

/// Ingresses of the API that every supported cluster serves.
pub const INGRESSES: Kind = Kind::fixed("networking.k8s.io", "v1", "Ingress", "ingresses");

//! Names of labels, annotations, kinds and components that users, dashboards and other controllers see
//! (rollout.md §1.3).

/// API group of all custom resources.
pub const GROUP: &str = "argoproj.io";
/// The only version of [`GROUP`].
pub const VERSION: &str = "v1alpha1";
/// `group/version` of all custom resources.
pub const API_VERSION: &str = "argoproj.io/v1alpha1";
/// Label on ReplicaSets and pods, key in ReplicaSet and Service selectors: the hash of the pod template.
pub const POD_TEMPLATE_HASH: &str = "rollouts-pod-template-hash";
/// Annotation on a ReplicaSet: RFC 3339 time at which it is scaled to zero. It has no domain prefix.
pub const SCALE_DOWN_DEADLINE: &str = "scale-down-deadline";
/// Annotation on a Service (and DestinationRule): name of the Rollout that switches its selector.
pub const MANAGED_BY_ROLLOUTS: &str = "argo-rollouts.argoproj.io/managed-by-rollouts";
/// Label on a Rollout: the controller instance that owns it.
pub const INSTANCE_ID: &str = "argo-rollouts.argoproj.io/controller-instance-id";
/// Annotation on ReplicaSets and the Rollout: revision number in decimal.
pub const REVISION: &str = "rollout.argoproj.io/revision";
/// Annotation on a ReplicaSet: comma separated earlier revisions.
pub const REVISION_HISTORY: &str = "rollout.argoproj.io/revision-history";
/// Annotation on a ReplicaSet: `spec.replicas` of the Rollout when it was last scaled.
pub const DESIRED_REPLICAS: &str = "rollout.argoproj.io/desired-replicas";
/// Annotation on a Rollout: generation of the referenced workload.
pub const WORKLOAD_GENERATION: &str = "rollout.argoproj.io/workload-generation";
/// Label on a Deployment: uid of the Rollout that scaled it down and owes it replicas, a dot, and the beginning of the
/// Deployment's own uid. A label, so that these few Deployments can be watched alone, and so that ReplicaSets do not
/// inherit it as they do annotations.
pub const SCALED_DOWN_BY: &str = "argo-rollouts.argoproj.io/scaled-down-by";
/// Label on such a Deployment: its replicas before.
pub const SCALED_DOWN_FROM: &str = "argo-rollouts.argoproj.io/scaled-down-from";
/// Label on such a Deployment: the replicas that the Rollout left it. Other replicas are somebody else's decision.
pub const SCALED_DOWN_TO: &str = "argo-rollouts.argoproj.io/scaled-down-to";
/// Annotation on a ReplicaSet: JSON `{"labels":{},"annotations":{}}` of what was injected into its template.
pub const EPHEMERAL_METADATA: &str = "rollout.argoproj.io/ephemeral-metadata";
/// Label on an AnalysisRun of a Rollout: `Step`, `Background`, `PrePromotion` or `PostPromotion`.
pub const ROLLOUT_TYPE: &str = "rollout-type";
/// Label on an AnalysisRun of a canary's step: the index of that step.
pub const STEP_INDEX: &str = "step-index";
/// Annotation on a Rollout: JSON of the Services and routers (fields of `spec.strategy.canary`) that were told where its
/// traffic goes. Never copied to ReplicaSets.
pub const TRAFFIC_ROUTING: &str = "argo-rollouts.argoproj.io/traffic-routing";
/// Key of `trafficRouting.plugins` under which manifests written for the plugin of that name configure the Gateway API.
pub const GATEWAY_API_PLUGIN: &str = "argoproj-labs/gatewayAPI";
/// Annotation of kubectl, never copied to ReplicaSets.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Annotation of the notification engine, never copied to ReplicaSets.
pub const NOTIFIED: &str = "notified.notifications.argoproj.io";
/// `source.component` of events.
pub const EVENT_COMPONENT: &str = "rollouts-controller";

//! Every decision of the controller, as pure functions: [`plan`] takes a [`Snapshot`] and the present time and gives a
//! [`Plan`]. No async, no client, no clock, no randomness.
//!
//! The way of one decision: [`reconcile`] walks the fixed order of a reconcile (rollout.md §1.5), works on copies of
//! the objects so that later rules see what earlier ones decided, and records each decision as an [`Effect`] with
//! its reason. Bad input is not an error but a condition.

mod analyses;
pub mod analysis;
mod blue_green;
mod canary;
mod conditions;
mod creation;
mod duration;
mod ephemeral;
pub mod experiment;
mod experiments;
mod frozen;
mod history;
mod inquiries;
mod invalid;
mod migration;
mod pauses;
mod phase;
mod plan;
mod planning;
mod reconcile;
mod refused;
pub mod replicas;
mod restart;
mod roles;
mod routing;
mod scaling;
mod services;
mod snapshot;
mod status;
mod steps;
mod waits;
mod workload;

pub use analyses::{TemplateClosure, experiment_template_closure, template_closure};
pub use experiments::additional_destinations;
pub use inquiries::{Answered, Ask};
pub use invalid::{Concern, Problem, problems};
pub use migration::{Debt, size_given_back};
pub use plan::{AnnotationChanges, Due, Effect, EventType, Plan, Warning};
pub use planning::Step;
pub use reconcile::{plan, plan_after_create_error, plan_after_refusal, plan_after_route_error, reads_pods};
pub use refused::Wanted;
pub use roles::owner_reference;
pub use routing::{reads_endpoints, router_wants};
pub use snapshot::{Pod, PodStatus, ReplicaSet, ReplicaSetSpec, ReplicaSetStatus, Service, Snapshot, TemplateHash};
pub use steps::describe as describe_step;
pub use workload::{Referenced, Workload, WorkloadSpec, resolve};

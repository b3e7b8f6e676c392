//! The five custom resources of `argoproj.io/v1alpha1` as types, with the names, defaults, validation and
//! formats (durations, quantities, hashes) that every other crate shares.
//!
//! Types keep the JSON names of the Kubernetes API in camelCase and Rust names in snake_case. A field that Go
//! declares as a pointer, or omits when empty and where absence means something, is an `Option` here.

pub mod analysis;
pub mod crd;
pub mod experiment;
pub mod field;
pub mod field_path;
pub mod go_duration;
pub mod go_json;
pub mod int_or_string;
pub mod label;
pub mod meta;
pub mod names;
pub mod pod_template;
pub mod quantity;
pub mod rollout;
pub mod rollout_path;
pub mod selector;
pub mod step_hash;
pub mod syntax;
pub mod time;
pub mod validation;
pub mod yaml;

pub use analysis::{AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate};
pub use experiment::Experiment;
pub use go_duration::GoDuration;
pub use int_or_string::IntOrString;
pub use meta::{LabelSelector, ObjectMeta, OwnerReference};
pub use pod_template::PodTemplate;
pub use rollout::{Rollout, RolloutSpec, RolloutStatus};
pub use selector::Selector;
pub use time::{Clock, Time};

//! The objects that decisions read, as caches hold them.

use super::Cached;
use rollouts_api::{ObjectMeta, Rollout};
use rollouts_core::{Pod, ReplicaSet, Service, Workload};

macro_rules! cached {
    ($($kind:ty),*) => {
        $(impl Cached for $kind {
            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }
        })*
    };
}

cached!(Rollout, ReplicaSet, Pod, Service, Workload);

//! The objects that decisions read, as caches hold them.

use super::Cached;
use rollouts_api::{ObjectMeta, Rollout, names};
use rollouts_core::{Pod, ReplicaSet, Service, Workload};

macro_rules! cached {
    ($($kind:ty),*) => {
        $(impl Cached for $kind {
            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn slim(&mut self) {
                // A copy of the whole object, written by and for `kubectl apply`.
                self.metadata.annotations.remove(names::LAST_APPLIED);
            }
        })*
    };
}

cached!(Rollout, ReplicaSet, Pod, Service, Workload);

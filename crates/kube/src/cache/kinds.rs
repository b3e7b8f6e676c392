//! The objects that decisions read, as caches hold them.

use super::Cached;
use rollouts_api::analysis::{AnalysisRun, AnalysisTemplate};
use rollouts_api::{Experiment, ObjectMeta, Rollout, names};
use rollouts_core::{Pod, ReplicaSet, Service, Workload};

impl Cached for Rollout {
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn slim(&mut self) {
        slim(&mut self.metadata);
        // Lists grow by doubling while they are decoded, and a step has half a kilobyte.
        if let Some(canary) = &mut self.spec.strategy.canary {
            canary.steps.shrink_to_fit();
        }
        self.status.conditions.shrink_to_fit();
    }
}

macro_rules! cached {
    ($($kind:ty),*) => {
        $(impl Cached for $kind {
            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn slim(&mut self) {
                slim(&mut self.metadata);
            }
        })*
    };
}

cached!(ReplicaSet, Pod, Service, Workload, AnalysisRun, AnalysisTemplate, Experiment);

fn slim(meta: &mut ObjectMeta) {
    // A copy of the whole object, written by and for `kubectl apply`.
    meta.annotations.remove(names::LAST_APPLIED);
    meta.owner_references.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubectl_applied_last_is_not_kept() {
        let mut service = Service::default();
        let annotations = &mut service.metadata.annotations;
        annotations.insert(names::LAST_APPLIED.into(), "{}".into());
        annotations.insert("team".into(), "a".into());
        service.slim();
        assert_eq!(service.metadata.annotations.into_keys().collect::<Vec<_>>(), ["team"]);
    }
}

//! `spec.strategy.blueGreen`.

use super::counts;
use super::strategy::anti_affinity;
use crate::field::{FieldError, Path};
use crate::rollout::{BlueGreenStrategy, RolloutSpec};

pub(super) fn validate(spec: &RolloutSpec, blue_green: &BlueGreenStrategy, path: &Path) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if blue_green.active_service == blue_green.preview_service {
        let detail = "This rollout uses the same service for the active and preview services, but two different \
                      services are required.";
        errors.push(FieldError::invalid(&path.child("activeService"), &blue_green.active_service, detail));
    }
    let limit = blue_green.scale_down_delay_revision_limit;
    if let Some(limit) = limit.filter(|limit| *limit > spec.revision_history_limit()) {
        let detail = "This rollout's revision history limit can not be smaller than the rollout's scale down limit";
        errors.push(FieldError::invalid(&path.child("scaleDownDelayRevisionLimit"), limit, detail));
    }
    anti_affinity(blue_green.anti_affinity.as_ref(), path, &mut errors);
    counts::share(blue_green.max_unavailable.as_ref(), &path.child("maxUnavailable"), &mut errors);
    counts::pods(blue_green.preview_replica_count, &path.child("previewReplicaCount"), &mut errors);
    errors
}

//! What numbers about analyses and Experiments have in common: whose they are, and one series for each phase.

use super::text::Text;
use rollouts_api::ObjectMeta;
use rollouts_core::analysis::Phase;

/// The phases of the numbers that have one series for each.
pub(super) const PHASES: [Phase; 6] =
    [Phase::Pending, Phase::Running, Phase::Successful, Phase::Failed, Phase::Error, Phase::Inconclusive];

/// What tells an object from all others of its kind.
pub(super) fn labels(meta: &ObjectMeta) -> [(&str, &str); 2] {
    [("namespace", &meta.namespace), ("name", &meta.name)]
}

/// What has not begun is pending.
pub(super) fn phase(phase: &str) -> &str {
    if phase.is_empty() { Phase::Pending.as_str() } else { phase }
}

/// One series for each phase: 1 for the present one, 0 for the others.
pub(super) fn by_phase(text: &mut Text, family: &str, labels: &[(&str, &str)], present: &str) {
    for each in PHASES.map(Phase::as_str) {
        let is_present = phase(present) == each;
        text.sample(family, &[labels, &[("phase", each)]].concat(), if is_present { 1.0 } else { 0.0 });
    }
}

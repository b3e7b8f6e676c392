//! What a controller is told at its start.

use rollouts_api::Clock;

/// Options of [`crate::run`].
#[derive(Debug, Clone)]
pub struct Options {
    /// The present.
    pub clock: Clock,
    /// Watch only this namespace.
    pub namespace: Option<String>,
    /// Handle only Rollouts with this value of the instance-id label; without it only those that lack the label.
    pub instance_id: Option<String>,
    /// How many Rollouts are reconciled at once.
    pub workers: usize,
}

impl Options {
    /// Upstream's defaults (rollout.md §1.4).
    pub fn new(clock: Clock) -> Self {
        Options { clock, namespace: None, instance_id: None, workers: 10 }
    }
}

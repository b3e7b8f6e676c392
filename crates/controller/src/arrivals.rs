//! Events of Rollouts that come and go (rollout.md §8).

use rollouts_api::Rollout;
use rollouts_kube::cache::Change;
use rollouts_kube::events::{EventType, ObjectReference, Recorder};
use rollouts_kube::{Key, resource};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Arrivals of Rollouts that have been looked after before that are written as events within [`PERIOD`]; more are only
/// counted. At a start they all arrive, and what has really happened must not wait behind that. A new Rollout is told
/// of in any case.
const WRITTEN_MAX: u32 = 100;

/// How long arrivals are counted together.
const PERIOD: Duration = Duration::from_secs(60);

/// Tells who comes and goes.
#[derive(Default)]
pub(crate) struct Arrivals(Mutex<Option<Burst>>);

/// Arrivals of one period.
struct Burst {
    since: Instant,
    arrivals: u32,
}

impl Arrivals {
    /// Tells of a change, if it is one of these.
    pub fn tell(&self, events: &Recorder, change: &Change<Rollout>) {
        let reference = ObjectReference::new(&resource::ROLLOUTS, change.meta());
        let Key { namespace, name } = change.key();
        match change {
            Change::Added(ro) => {
                let reason = "RolloutAddedToInformer";
                if is_new(ro) || self.may_be_written() {
                    let message = format!("Rollout resource added to informer: {namespace}/{name}");
                    events.event(&reference, EventType::Normal, reason, message);
                } else {
                    events.count(&reference, EventType::Normal, reason);
                }
            }
            Change::Deleted(_) => {
                // Name first: that is how it is written.
                let message = format!("Rollout {name}/{namespace} is deleted.");
                events.event(&reference, EventType::Normal, "RolloutDeleted", message);
            }
            _ => {}
        }
    }

    fn may_be_written(&self) -> bool {
        // Nothing inside panics.
        let mut burst = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let burst = match &mut *burst {
            Some(burst) if burst.since.elapsed() < PERIOD => burst,
            over => over.insert(Burst { since: Instant::now(), arrivals: 0 }),
        };
        burst.arrivals = burst.arrivals.saturating_add(1);
        burst.arrivals <= WRITTEN_MAX
    }
}

/// Whether no controller has looked at it yet.
fn is_new(ro: &Rollout) -> bool {
    ro.status.observed_generation.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_without_a_status_is_new() {
        let mut ro = Rollout::default();
        assert!(is_new(&ro));
        ro.status.observed_generation = "1".into();
        assert!(!is_new(&ro));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_counted_alone() {
        let arrivals = Arrivals::default();
        let written = || (0..5000).filter(|_| arrivals.may_be_written()).count();
        assert_eq!(written(), 100);
        tokio::time::sleep(PERIOD / 2).await;
        assert_eq!(written(), 0);
        tokio::time::sleep(PERIOD / 2).await;
        assert_eq!(written(), 100);
    }
}

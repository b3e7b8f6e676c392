//! A limit to how often one object is planned and written. Two controllers that see different things, because both work without an
//! election and the watches of one lag, undo each other's writes as fast as they can: what is lost is the API server's
//! time, and the limit bounds it.

use rollouts_kube::Key;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Plans of one object that may be applied within [`WINDOW`]. The pods of a large ReplicaSet that become ready one by one
/// take fewer.
const PLANS_MAX: u32 = 200;
const WINDOW: Duration = Duration::from_secs(10);

/// Plans that were applied, by object of one kind, since the beginning of a window.
#[derive(Debug)]
pub(crate) struct Pace {
    kind: &'static str,
    known: Mutex<BTreeMap<Key, (Instant, u32)>>,
}

impl Pace {
    /// For objects of a kind, as logs name it: `rollout`.
    pub fn of(kind: &'static str) -> Self {
        Pace { kind, known: Mutex::default() }
    }

    /// A plan that changes something is about to be applied.
    pub fn note(&self, key: &Key) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (begin, plans) = known.entry(key.clone()).or_insert((Instant::now(), 0));
        if begin.elapsed() >= WINDOW {
            (*begin, *plans) = (Instant::now(), 0);
        }
        *plans += 1;
        if *plans == PLANS_MAX {
            tracing::warn!(
                "{} {key} was planned {PLANS_MAX} times within {WINDOW:?}; going on when that is over. Does another \
                 controller work on it?",
                self.kind
            );
        }
    }

    /// How long to wait before the next plan, if there were too many.
    pub fn rest(&self, key: &Key) -> Option<Duration> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (begin, plans) = known.get(key)?;
        let left = WINDOW.checked_sub(begin.elapsed()).filter(|left| !left.is_zero())?;
        (*plans >= PLANS_MAX).then_some(left)
    }

    /// The object is gone.
    pub fn forget(&self, key: &Key) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_quarrel_rests_until_its_window_is_over() {
        let (pace, key, other) = (Pace::of("rollout"), Key::new("ns", "web"), Key::new("ns", "shop"));
        for _ in 1..PLANS_MAX {
            pace.note(&key);
        }
        assert_eq!(pace.rest(&key), None);
        tokio::time::advance(WINDOW / 2).await;
        pace.note(&key);
        assert_eq!((pace.rest(&key), pace.rest(&other)), (Some(WINDOW / 2), None));
        tokio::time::advance(WINDOW / 2).await;
        assert_eq!(pace.rest(&key), None);
        pace.note(&key);
        assert_eq!(pace.rest(&key), None, "another window");
    }
}

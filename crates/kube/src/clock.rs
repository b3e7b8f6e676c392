//! Where the edges get the present from.

use jiff::{SignedDuration, Timestamp};
use rollouts_api::Clock;
use tokio::time::Instant;

/// The machine's clock.
pub fn system_clock() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the edge where the machine's time comes in")]
    Clock::new(Timestamp::now)
}

/// A clock that shows `start` now and advances with tokio's time: paused and driven by timers in tests and
/// simulations, so that a run depends on nothing but its inputs. Must be called inside a tokio runtime.
pub fn tokio_clock(start: Timestamp) -> Clock {
    let origin = Instant::now();
    Clock::new(move || {
        let elapsed = SignedDuration::try_from(origin.elapsed()).unwrap_or(SignedDuration::MAX);
        start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn follows_virtual_time() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let clock = tokio_clock(start);
        assert_eq!(clock.now(), start);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now().to_string(), "2026-01-01T01:00:00Z");
    }
}

//! Exponential waits without randomness: equal runs wait equally long.

use std::time::Duration;

/// Doubles from `min` to `max`, one step a failure.
#[derive(Debug, Clone)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    /// A backoff that has seen no failure.
    pub const fn new(min: Duration, max: Duration) -> Self {
        Backoff { min, max, failures: 0 }
    }

    /// Counts a failure and says how long to wait: `min`, `2·min`, `4·min` … `max`.
    pub fn failed(&mut self) -> Duration {
        let wait = exponential(self.min, self.max, self.failures);
        self.failures = self.failures.saturating_add(1);
        wait
    }

    /// Forgets all failures.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// `min · 2^failures`, at most `max`.
pub fn exponential(min: Duration, max: Duration, failures: u32) -> Duration {
    let factor = 1u32.checked_shl(failures).unwrap_or(u32::MAX);
    min.checked_mul(factor).unwrap_or(max).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_maximum_and_forgets() {
        let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_secs(10));
        let waits: Vec<u128> = (0..16).map(|_| backoff.failed().as_millis()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 10_000, 10_000]);
        backoff.reset();
        assert_eq!(backoff.failed(), Duration::from_millis(1));
        assert_eq!(exponential(Duration::from_millis(1), Duration::from_secs(10), 1_000_000), Duration::from_secs(10));
    }
}

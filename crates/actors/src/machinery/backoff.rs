use std::time::Duration;

/// Exponential delays without jitter, so that runs repeat.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(base: Duration, cap: Duration) -> Self {
        Backoff { base, cap, failures: 0 }
    }

    /// The delay before the next attempt: `base`, then twice as long each time, at most `cap`.
    pub(crate) fn next(&mut self) -> Duration {
        let delay = Self::nth(self.base, self.cap, self.failures);
        self.failures = self.failures.saturating_add(1);
        delay
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The delay after `failures` earlier failures.
    pub(crate) fn nth(base: Duration, cap: Duration, failures: u32) -> Duration {
        base.saturating_mul(2u32.saturating_pow(failures.min(30))).min(cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_cap() {
        let mut b = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        let delays: Vec<u128> = (0..4).map(|_| b.next().as_millis()).collect();
        assert_eq!(delays, [100, 200, 350, 350]);
        b.reset();
        assert_eq!(b.next().as_millis(), 100);
    }
}

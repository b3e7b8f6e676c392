//! Configuration.

use crate::log::History;
use rollouts_api::Clock;
use std::time::Duration;

/// How a server behaves.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where timestamps come from.
    pub clock: Clock,
    /// Seed of uids, name suffixes and tokens.
    pub seed: u64,
    /// Events each resource remembers for watches at most; older resourceVersions give 410.
    pub watch_history_events: usize,
    /// Memory they may take, in bytes, roughly and for each resource; the newest 100 stay in any case.
    pub watch_history_bytes: usize,
    /// How long they are remembered, to half a minute; the newest 100 stay in any case.
    pub watch_history_age: Duration,
    /// How long an Event stays after its last write, to half a minute.
    pub event_ttl: Duration,
    /// Time between two bookmarks of a watch that wants them.
    pub bookmark_interval: Duration,
    /// Shortest life of a watch without `timeoutSeconds`; the longest is twice that.
    pub watch_timeout: Duration,
}

impl Config {
    /// Defaults of the real server, where it has any.
    pub fn new(clock: Clock) -> Self {
        Config {
            clock,
            seed: 0,
            watch_history_events: 20_000,
            watch_history_bytes: 64 << 20,
            watch_history_age: Duration::from_secs(300),
            event_ttl: Duration::from_secs(3600),
            bookmark_interval: Duration::from_secs(60),
            watch_timeout: Duration::from_secs(1800),
        }
    }

    pub(crate) fn history(&self) -> History {
        History { events: self.watch_history_events, bytes: self.watch_history_bytes, age: self.watch_history_age }
    }
}

//! What is wrong with the API server as a whole, or with the way of one client to it, for a time.

use bytes::Bytes;
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// How the API server answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Weather {
    /// As it should.
    #[default]
    Fair,
    /// Not at all: connections are refused, and those that exist break.
    Down,
    /// Not at all, and nobody says so: requests and watches hang.
    Cut,
    /// 429 with `Retry-After: 1` to every request; watches that exist go on.
    Busy,
    /// 500 to every request; watches that exist go on.
    Failing,
    /// Every write is carried out, and its answer is lost.
    Lossy,
    /// Lists show what they showed the last time when it was fair.
    Stale,
}

/// The weather of one client.
#[derive(Default)]
pub(super) struct Sky {
    pub weather: Weather,
    /// Cancelled when the watches that exist break.
    pub broken: CancellationToken,
    /// Cancelled when the watches that exist fall silent for ever.
    pub silent: CancellationToken,
    /// The last fair answer to each list, by URL.
    lists: BTreeMap<String, Bytes>,
}

impl Sky {
    pub fn change(&mut self, weather: Weather) {
        self.weather = weather;
        match weather {
            Weather::Down => self.break_watches(),
            Weather::Cut => self.silence_watches(),
            _ => {}
        }
    }

    pub fn break_watches(&mut self) {
        std::mem::take(&mut self.broken).cancel();
    }

    pub fn silence_watches(&mut self) {
        std::mem::take(&mut self.silent).cancel();
    }

    /// What the client gets for the answer `now` to a list.
    pub fn list(&mut self, url: &str, now: Bytes) -> Bytes {
        if self.weather == Weather::Stale {
            return self.lists.get(url).cloned().unwrap_or(now);
        }
        self.lists.insert(url.to_owned(), now.clone());
        now
    }
}

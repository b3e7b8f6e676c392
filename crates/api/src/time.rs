//! Points in time as Kubernetes writes them.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

/// `metav1.Time`: a point in time with a resolution of one second, written as RFC 3339 in UTC
/// (`2026-01-02T03:04:05Z`). Fractions are cut when it is made, as they are when it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Timestamp);

impl Time {
    /// Cuts `t` to whole seconds.
    pub fn new(t: Timestamp) -> Self {
        Time(Timestamp::from_second(t.as_second()).unwrap_or(t))
    }

    /// The instant, at a whole second.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }

    /// `seconds` later; saturates at the end of time.
    pub fn plus_seconds(self, seconds: i64) -> Timestamp {
        self.0.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// Parses RFC 3339 with any offset and fraction.
    pub fn parse(s: &str) -> Option<Self> {
        s.parse::<Timestamp>().ok().map(Time::new)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let s = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Time::parse(&s).ok_or_else(|| D::Error::custom(format!("{s:?} is not an RFC 3339 time")))
    }
}

/// Where the present comes from. The edges hand one in: the machine's clock in production, tokio's paused clock
/// in tests and simulation.
#[derive(Clone)]
pub struct Clock(std::sync::Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `now` each time.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Clock(std::sync::Arc::new(now))
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

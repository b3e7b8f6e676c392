//! Sources of metrics that lie, fail, hang and flap.

use super::{Answer, echo};
use crate::metrics_source::prometheus;
use rollouts_providers::Request;
use rollouts_providers::http::{BODY_MAX, Problem};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of a text that is much too long to be kept, but not too long to be read.
const HUGE_BYTES: usize = 256 << 10;

/// What a source answers, whatever it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// 1: all is well.
    Good,
    /// 0.
    Bad,
    /// 5, which is neither.
    Odd,
    /// No data.
    Empty,
    /// 1, after so many seconds.
    Slow(u64),
    /// 500, with all that was sent, its secrets included.
    Failing,
    /// 200, and a text with all that was sent.
    Garbage,
    /// A text much longer than a measurement may keep.
    Huge,
    /// More than anybody reads.
    Endless,
    /// No answer, ever.
    Hanging,
    /// Nobody listens.
    Refusing,
}

/// How the mood of a source changes: each lasts so long, and after the last the first comes again.
pub type Timeline = Vec<(Duration, Mood)>;

/// The moods of all sources.
#[derive(Debug, Default)]
pub(super) struct Moods {
    begun: Option<Instant>,
    sources: BTreeMap<String, Timeline>,
    /// What all of them are in, whatever their own.
    all: Option<Mood>,
}

impl Moods {
    /// Gives `source` moods of its own, from now on.
    pub fn set(&mut self, source: &str, timeline: Timeline) {
        self.begun.get_or_insert_with(Instant::now);
        self.sources.insert(source.to_owned(), timeline);
    }

    /// Puts every source into `mood`; with `None` each returns to its own.
    pub fn set_all(&mut self, mood: Option<Mood>) {
        self.all = mood;
    }

    /// The mood that all are in, if they share one.
    pub fn shared(&self) -> Option<Mood> {
        self.all
    }

    /// The mood that `source` is in; good without moods.
    pub fn of(&self, source: &str) -> Mood {
        let own = || {
            let timeline = self.sources.get(source).filter(|timeline| !timeline.is_empty())?;
            let whole: Duration = timeline.iter().map(|(lasts, _)| *lasts).sum();
            let since = self.begun?.elapsed().as_millis();
            let mut left = since.checked_rem(whole.as_millis())?;
            let present = timeline.iter().find(|(lasts, _)| {
                let is_now = left < lasts.as_millis();
                left = left.saturating_sub(lasts.as_millis());
                is_now
            });
            present.map(|(_, mood)| *mood)
        };
        self.all.or_else(own).unwrap_or(Mood::Good)
    }
}

impl Mood {
    /// The answer to `request` for `target`, which is a path with its query.
    pub(super) fn answer(self, target: &str, request: &Request) -> Answer {
        let path = target.split('?').next().unwrap_or_default();
        let is_prometheus = path.ends_with("/query") || path.ends_with("/query_range");
        let number = |value: &str| match is_prometheus {
            true => prometheus(value, path.ends_with("_range")),
            false => Answer::json(200, &json!({ "value": value.parse().unwrap_or(0) })),
        };
        let text = |text: String| match is_prometheus {
            true => Answer::json(200, &json!({ "status": "success", "warnings": [text] })),
            false => Answer::json(200, &json!({ "value": text })),
        };
        match self {
            Mood::Good => number("1"),
            Mood::Bad => number("0"),
            Mood::Odd => number("5"),
            Mood::Empty if is_prometheus => number("empty"),
            Mood::Empty => Answer::json(200, &json!({ "value": Value::Null })),
            Mood::Slow(seconds) => Answer { after: Some(Duration::from_secs(seconds)), ..number("1") },
            Mood::Failing => Answer::json(500, &echo(target, request)),
            Mood::Garbage => text(format!("{request:?}")),
            Mood::Huge => text("x".repeat(HUGE_BYTES)),
            Mood::Endless => Answer::none(Problem::TooLong),
            Mood::Hanging => Answer { after: None, ..number("1") },
            Mood::Refusing => Answer::none(Problem::Other("dial tcp: connect: connection refused".into())),
        }
    }
}

const _: () = assert!(HUGE_BYTES < BODY_MAX, "it is read");

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn moods_come_again() {
        let mut moods = Moods::default();
        moods.set("a", vec![(Duration::from_secs(10), Mood::Bad), (Duration::from_secs(5), Mood::Hanging)]);
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(moods.of("a"));
            tokio::time::sleep(Duration::from_secs(6)).await;
        }
        assert_eq!(seen, [Mood::Bad, Mood::Bad, Mood::Hanging, Mood::Bad]);
        assert_eq!(moods.of("b"), Mood::Good);
        moods.set_all(Some(Mood::Odd));
        assert_eq!(moods.of("a"), Mood::Odd);
    }
}

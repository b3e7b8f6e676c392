//! Tables of Rollouts and Experiments, one a line.

use jiff::{SignedDuration, Timestamp};
use rollouts_api::{GoDuration, Time};
use rollouts_view::duration::{age, human};
use rollouts_view::{Objects, RolloutInfo, table};
use serde_json::Value;

/// Columns of a table, in front of those of the rows: `-A` and `--timestamps` add one each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List {
    /// With the namespace.
    pub(crate) namespaces: bool,
    /// With the time of printing.
    pub(crate) timestamps: bool,
}

/// A column: its title, and the characters a value takes at least.
type Column = (&'static str, usize);

const TIMESTAMP: Column = ("TIMESTAMP", 20);
const NAMESPACE: Column = ("NAMESPACE", 9);
const ROLLOUTS: [Column; 9] = [
    ("NAME", 10),
    ("STRATEGY", 9),
    ("STATUS", 12),
    ("STEP", 4),
    ("SET-WEIGHT", 10),
    ("READY", 5),
    ("DESIRED", 7),
    ("UP-TO-DATE", 10),
    ("AVAILABLE", 9),
];
const EXPERIMENTS: [Column; 5] = [("NAME", 10), ("STATUS", 6), ("DURATION", 8), ("REMAINING", 9), ("AGE", 3)];

/// A Rollout in a list: namespace and the other columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RolloutRow(String, [String; 9]);

/// An Experiment in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExperimentRow(String, [String; 5]);

impl RolloutRow {
    pub(crate) fn of(rollout: &Value, now: Timestamp) -> Self {
        let info = RolloutInfo::of(rollout, Objects::default(), now);
        let none = || "-".to_string();
        let strategy = if info.strategy.is_empty() { "unknown" } else { info.strategy };
        RolloutRow(
            info.namespace,
            [
                info.name,
                strategy.into(),
                info.phase.name,
                info.weights.as_ref().and_then(|w| w.step.clone()).unwrap_or_else(none),
                info.weights.as_ref().map_or_else(none, |w| w.set.to_string()),
                format!("{}/{}", info.ready, info.current),
                info.desired.to_string(),
                info.updated.to_string(),
                info.available.to_string(),
            ],
        )
    }

    /// Namespace and name.
    pub(crate) fn key(&self) -> (String, String) {
        (self.0.clone(), self.1[0].clone())
    }

    /// The row of a Rollout that is gone.
    pub(crate) fn deleted(mut self) -> Self {
        self.1[2] = "Deleted".into();
        self
    }
}

impl ExperimentRow {
    pub(crate) fn of(experiment: &Value, now: Timestamp) -> Self {
        let text = |pointer| experiment.pointer(pointer).and_then(Value::as_str).unwrap_or("");
        let duration = GoDuration::parse(text("/spec/duration")).ok();
        let phase = text("/status/phase");
        let done = matches!(phase, "Successful" | "Failed" | "Error" | "Inconclusive");
        let left = || {
            let ends = text("/status/availableAt").parse::<Timestamp>().ok()?.checked_add(signed(duration?)).ok()?;
            Some(ends.duration_since(now)).filter(|left| !done && left.is_positive())
        };
        let or_none = |d: Option<SignedDuration>| d.map_or_else(|| "-".into(), human);
        ExperimentRow(
            text("/metadata/namespace").into(),
            [
                text("/metadata/name").into(),
                phase.into(),
                or_none(duration.map(signed)),
                or_none(left()),
                human(age(text("/metadata/creationTimestamp").parse().ok(), now)),
            ],
        )
    }
}

fn signed(duration: GoDuration) -> SignedDuration {
    SignedDuration::from_nanos(duration.nanos())
}

impl List {
    /// A table of Rollouts, with or without its titles.
    pub(crate) fn rollouts(self, rows: &[RolloutRow], titles: bool, now: Timestamp) -> String {
        self.table(&ROLLOUTS, rows.iter().map(|r| (r.0.as_str(), r.1.as_slice())), titles, now)
    }

    /// A table of Experiments with its titles.
    pub(crate) fn experiments(self, rows: &[ExperimentRow], now: Timestamp) -> String {
        self.table(&EXPERIMENTS, rows.iter().map(|r| (r.0.as_str(), r.1.as_slice())), true, now)
    }

    fn table<'a>(
        self,
        columns: &[Column],
        rows: impl Iterator<Item = (&'a str, &'a [String])>,
        titles: bool,
        now: Timestamp,
    ) -> String {
        let now = Time::new(now).to_string();
        let line = |timestamp: &str, namespace: &str, values: &[&str]| -> Vec<String> {
            let timestamp = self.timestamps.then_some((TIMESTAMP, timestamp));
            let namespace = self.namespaces.then_some((NAMESPACE, namespace));
            let values = columns.iter().copied().zip(values.iter().copied());
            let cells = timestamp.into_iter().chain(namespace).chain(values);
            cells.map(|((_, width), value)| format!("{value:width$}")).collect()
        };
        let mut lines = Vec::new();
        if titles {
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            lines.push(line(TIMESTAMP.0, NAMESPACE.0, &names));
        }
        for (namespace, values) in rows {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            lines.push(line(&now, namespace, &values));
        }
        table::layout(&lines)
    }
}

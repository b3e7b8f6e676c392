//! What an observer of a cluster saw: every distinct state of the objects that matter, the events, the output of the
//! commands. A recording of one controller can be [compared](crate::compare) with that of another.

pub(crate) mod observer;
mod project;

pub use observer::Observer;
pub use project::{KINDS, project};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// An event: the object as `Kind/name`, type, reason, message, and how often it was seen in the end.
pub type Event = (String, String, String, String, i64);

/// What was seen while a scenario was played.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// Name of the scenario.
    pub scenario: String,
    /// The step that never came true, in words.
    pub failed: Option<String>,
    /// Each command with its exit code and, depending on the command, its standard output and standard error.
    pub commands: Vec<Vec<Value>>,
    /// Events on custom resources in the order of their first sight.
    pub events: Vec<Event>,
    /// The distinct states of each object, by `plural/name`; `"DELETED"` where it went.
    pub tracks: BTreeMap<String, Vec<Value>>,
    /// The Rollout's counters in the end.
    pub final_counts: BTreeMap<String, Value>,
}

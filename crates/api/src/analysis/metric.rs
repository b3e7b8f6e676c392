//! One metric of an analysis (analysis.md §1.4).

use super::MetricProvider;
use crate::IntOrString;
use serde::{Deserialize, Serialize};

/// What to measure, how often, and what counts as good.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metric {
    /// Name, unique within the run.
    pub name: String,
    /// Go duration between measurements; absent means a single one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub interval: String,
    /// Go duration from the start of the run to the first measurement.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub initial_delay: String,
    /// Number of measurements; absent or 0 means one without an interval and any number with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<IntOrString>,
    /// Expression that makes a measurement successful, such as `result[0] >= 0.95`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub success_condition: String,
    /// Expression that makes a measurement failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub failure_condition: String,
    /// Failed measurements to tolerate; absent means 0, -1 any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_limit: Option<IntOrString>,
    /// Inconclusive measurements to tolerate; absent means 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inconclusive_limit: Option<IntOrString>,
    /// Errors in a row to tolerate; absent means 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_error_limit: Option<IntOrString>,
    /// Successful measurements in a row that end the metric; absent or 0 means that it does not end so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_success_limit: Option<IntOrString>,
    /// Where to measure.
    pub provider: MetricProvider,
}

/// Errors in a row that a metric tolerates.
pub const CONSECUTIVE_ERROR_LIMIT: i32 = 4;

impl Metric {
    /// Number of measurements to take; `None` without end.
    pub fn effective_count(&self) -> Option<i32> {
        match self.count.as_ref().map_or(0, IntOrString::int_value) {
            0 if self.interval.is_empty() => Some(1),
            0 => None,
            n => Some(n),
        }
    }

    /// `failureLimit`.
    pub fn failure_limit(&self) -> i32 {
        self.failure_limit.as_ref().map_or(0, IntOrString::int_value)
    }

    /// `inconclusiveLimit`.
    pub fn inconclusive_limit(&self) -> i32 {
        self.inconclusive_limit.as_ref().map_or(0, IntOrString::int_value)
    }

    /// `consecutiveErrorLimit`.
    pub fn consecutive_error_limit(&self) -> i32 {
        self.consecutive_error_limit.as_ref().map_or(CONSECUTIVE_ERROR_LIMIT, IntOrString::int_value)
    }

    /// `consecutiveSuccessLimit`.
    pub fn consecutive_success_limit(&self) -> i32 {
        self.consecutive_success_limit.as_ref().map_or(0, IntOrString::int_value)
    }
}

//! What a provider reads.

use crate::http::HttpError;
use rollouts_expr::Value;
use std::collections::BTreeMap;
use std::fmt;

/// One value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What conditions see as `result`.
    pub value: Value,
    /// What the status shows as the measurement's `value`.
    pub text: String,
    /// `metadata` of the measurement.
    pub metadata: BTreeMap<String, String>,
}

impl Reading {
    /// A value without metadata.
    pub fn new(value: Value, text: impl Into<String>) -> Self {
        Reading { value, text: text.into(), metadata: BTreeMap::new() }
    }
}

/// Why a provider has no value: the message of a measurement of phase Error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure that reads `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Failure(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Failure(error.to_string())
    }
}

/// What providers return.
pub type Result<T = Reading> = std::result::Result<T, Failure>;

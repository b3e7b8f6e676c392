//! From a reading to a measurement that has ended.

use crate::context::Context;
use crate::reading::{Reading, Result};
use crate::text::cut;
use rollouts_api::Time;
use rollouts_api::analysis::Measurement;
use rollouts_expr::{Phase, measure};

/// The longest `value` of a measurement in bytes. A status holds ten measurements of each metric, and the API server
/// takes no object beyond 1.5 MB: a longer one would never be written.
pub const VALUE_MAX: usize = 16 << 10;

/// The longest message of a measurement in bytes.
pub const MESSAGE_MAX: usize = 4 << 10;

/// What came of reading, judged by the metric's conditions. An error has no value.
pub fn judged(context: &Context<'_>, read: Result<Reading>) -> Measurement {
    let reading = match read {
        Ok(reading) => reading,
        Err(failure) => return failed(context, failure.to_string()),
    };
    let metric = context.metric;
    let (phase, message) =
        measure(&context.tools.expr, &metric.success_condition, &metric.failure_condition, &reading.value);
    let mut measurement = ended(context, phase.as_str());
    measurement.metadata = reading.metadata;
    match message {
        Some(message) => measurement.message = message,
        None => measurement.value = reading.text,
    }
    measurement
}

/// A measurement that could not be taken.
pub fn failed(context: &Context<'_>, message: impl Into<String>) -> Measurement {
    Measurement { message: message.into(), ..ended(context, Phase::Error.as_str()) }
}

/// A measurement of this phase that began when the context did and has ended now.
pub fn ended(context: &Context<'_>, phase: &str) -> Measurement {
    Measurement {
        phase: phase.to_owned(),
        started_at: Some(Time::new(context.now)),
        finished_at: Some(Time::new(context.tools.clock.now())),
        ..Measurement::default()
    }
}

/// `measurement` with texts that a status has room for.
pub(crate) fn bounded(mut measurement: Measurement) -> Measurement {
    measurement.value = cut(measurement.value, VALUE_MAX);
    measurement.message = cut(measurement.message, MESSAGE_MAX);
    for value in measurement.metadata.values_mut() {
        *value = cut(std::mem::take(value), VALUE_MAX);
    }
    measurement
}

//! From a reading to a measurement that has ended.

use crate::context::Context;
use crate::reading::{Reading, Result};
use rollouts_api::Time;
use rollouts_api::analysis::Measurement;
use rollouts_expr::{Phase, measure};

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

/// What becomes of a measurement that nobody will finish.
pub fn cut_short(context: &Context<'_>, previous: Measurement) -> Measurement {
    let Measurement { phase, finished_at, .. } = ended(context, Phase::Inconclusive.as_str());
    Measurement { phase, finished_at, ..previous }
}

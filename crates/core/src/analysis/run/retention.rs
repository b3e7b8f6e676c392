//! What is kept of measurements: the newest ones of each metric (analysis.md §2.8), within what an object may weigh.

use super::spec::Watched;
use rollouts_api::analysis::{AnalysisRunStatus, Measurement};
use std::collections::BTreeMap;

/// What all measurements of a run may weigh together, in bytes. An API server refuses objects of about 1.5 MB; a run
/// whose status cannot be written would never end.
const STATUS_MAX_BYTES: usize = 512 << 10;

/// What one text of a measurement may weigh, in bytes, however few there are.
const TEXT_MAX_BYTES: usize = 64 << 10;

/// What one text of a measurement may always weigh, in bytes, however many metrics there are.
const TEXT_MIN_BYTES: usize = 512;

/// Texts of a measurement, about: value, message, what the provider says.
const TEXTS: usize = 4;

/// What a measurement weighs without its texts, in bytes, about: names of fields and four times.
const MEASUREMENT_BYTES: usize = 200;

/// Cuts the texts of a measurement, one of a run of so many metrics, to what there is room for.
pub(super) fn cut(measurement: &mut Measurement, metrics: usize) {
    let max = (STATUS_MAX_BYTES / TEXTS / metrics.max(1)).clamp(TEXT_MIN_BYTES, TEXT_MAX_BYTES);
    cut_text(&mut measurement.value, max);
    cut_text(&mut measurement.message, max);
    cut_all(&mut measurement.metadata, max);
}

/// Cuts what a provider says, together, to `max` bytes; what does not fit at all is left out.
fn cut_all(metadata: &mut BTreeMap<String, String>, max: usize) {
    let mut left = max;
    metadata.retain(|key, value| {
        let fits = key.len() < left;
        if fits {
            left -= key.len();
            cut_text(value, left);
            left -= value.len().min(left);
        }
        fits
    });
}

/// What the provider says of a metric, cut like the texts of its measurements.
pub(super) fn cut_metadata(metadata: &mut BTreeMap<String, String>, metrics: usize) {
    cut_all(metadata, (STATUS_MAX_BYTES / TEXTS / metrics.max(1)).clamp(TEXT_MIN_BYTES, TEXT_MAX_BYTES));
}

fn cut_text(text: &mut String, max: usize) {
    const MARK: &str = "…";
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max.saturating_sub(MARK.len())));
        text.push_str(MARK);
    }
}

/// Keeps the newest measurements. Counters stay. The answer names the metrics that had more than they may keep, by
/// their number in `metrics`.
pub(super) fn trim(status: &mut AnalysisRunStatus, metrics: &[Watched<'_>]) -> Vec<usize> {
    let keep: BTreeMap<&str, (usize, usize)> =
        metrics.iter().enumerate().map(|(i, m)| (m.name(), (i, m.keep))).collect();
    let mut trimmed = Vec::new();
    for result in &mut status.metric_results {
        let Some((i, keep)) = keep.get(result.name.as_str()) else {
            continue;
        };
        let surplus = result.measurements.len().saturating_sub(*keep);
        if surplus > 0 {
            result.measurements.drain(..surplus);
            trimmed.push(*i);
        }
    }
    fit(status);
    trimmed
}

/// Drops the oldest measurements of the metrics that have most, until all have room; each keeps its last.
fn fit(status: &mut AnalysisRunStatus) {
    let mut weights: Vec<usize> =
        status.metric_results.iter().map(|r| r.measurements.iter().map(weight).sum()).collect();
    let mut total: usize = weights.iter().sum();
    while total > STATUS_MAX_BYTES {
        let heaviest = weights
            .iter_mut()
            .zip(&mut status.metric_results)
            .filter(|(_, r)| r.measurements.len() > 1)
            .max_by_key(|(weight, _)| **weight);
        let Some((weight_of_metric, result)) = heaviest else {
            return;
        };
        let (mut dropped, mut bytes) = (0, 0);
        while dropped + 1 < result.measurements.len() && (dropped == 0 || bytes < *weight_of_metric / 4) {
            bytes += weight(&result.measurements[dropped]);
            dropped += 1;
        }
        result.measurements.drain(..dropped);
        *weight_of_metric -= bytes;
        total -= bytes;
    }
}

fn weight(m: &Measurement) -> usize {
    let metadata: usize = m.metadata.iter().map(|(k, v)| k.len() + v.len() + 6).sum();
    MEASUREMENT_BYTES + m.value.len() + m.message.len() + metadata
}

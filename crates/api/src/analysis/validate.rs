//! What is wrong with the metrics of a run, after its arguments were filled in (analysis.md §1.9).

use super::{Metric, MetricProvider};
use crate::GoDuration;
use std::borrow::Borrow;
use std::collections::BTreeSet;

/// The first thing wrong with `metrics`, as `Analysis spec invalid: ...` shows it.
pub fn validate_metrics<M: Borrow<Metric>>(metrics: &[M]) -> Result<(), String> {
    if metrics.is_empty() {
        return Err("no metrics specified".to_string());
    }
    match metric_problems(metrics).into_iter().next() {
        Some((i, problem)) => Err(format!("metrics[{i}]: {problem}")),
        None => Ok(()),
    }
}

/// The first thing wrong with each of `metrics`, by its number.
pub fn metric_problems<M: Borrow<Metric>>(metrics: &[M]) -> Vec<(usize, String)> {
    let mut names = BTreeSet::new();
    let problem = |metric: &Metric, is_repeated: bool| match is_repeated {
        true => Err(format!("duplicate name '{}'", metric.name)),
        false => validate_metric(metric),
    };
    let metrics = metrics.iter().map(Borrow::borrow).enumerate();
    metrics.filter_map(|(i, metric)| Some((i, problem(metric, !names.insert(metric.name.as_str())).err()?))).collect()
}

fn validate_metric(metric: &Metric) -> Result<(), String> {
    let count = metric.count.as_ref().map_or(0, crate::IntOrString::int_value);
    let (success, failure) = (metric.consecutive_success_limit(), metric.failure_limit());
    let counted = count > 0;
    if success < 0 {
        return Err("consecutiveSuccessLimit must be >= 0".to_string());
    }
    if failure < -1 {
        return Err("failureLimit must be >= 0, or -1 to be disabled".to_string());
    }
    if success == 0 && failure == -1 {
        return Err("failureLimit and consecutiveSuccessLimit cannot both be disabled".to_string());
    }
    if metric.inconclusive_limit() < 0 {
        return Err("inconclusiveLimit must be >= 0".to_string());
    }
    if metric.consecutive_error_limit() < 0 {
        return Err("consecutiveErrorLimit must be >= 0".to_string());
    }
    if counted && failure >= 0 && i64::from(count) < i64::from(failure) + i64::from(success) {
        return Err(format!(
            "count ({count}) must be >= failureLimit + consecutiveSuccessLimit ({failure} + {success}) if both >= 0"
        ));
    }
    if counted && failure < 0 && count < success {
        return Err("count must be >= consecutiveSuccessLimit".to_string());
    }
    if counted && count < metric.inconclusive_limit() {
        return Err("count must be >= inconclusiveLimit".to_string());
    }
    if count > 1 && metric.interval.is_empty() {
        return Err("interval must be specified when count > 1".to_string());
    }
    duration(&metric.interval).map_err(|e| format!("invalid interval string: {e}"))?;
    // "startDelay" is what the original says of initialDelay.
    duration(&metric.initial_delay).map_err(|e| format!("invalid startDelay string: {e}"))?;
    match providers(&metric.provider) {
        0 => Err("no provider specified".to_string()),
        1 => Ok(()),
        _ => Err("multiple providers specified".to_string()),
    }
}

fn duration(text: &str) -> Result<(), crate::go_duration::ParseDurationError> {
    if text.is_empty() { Ok(()) } else { GoDuration::parse(text).map(|_| ()) }
}

/// Providers in use; every plugin counts.
fn providers(p: &MetricProvider) -> usize {
    let set = [
        p.prometheus.is_some(),
        p.kayenta.is_some(),
        p.web.is_some(),
        p.datadog.is_some(),
        p.wavefront.is_some(),
        p.new_relic.is_some(),
        p.job.is_some(),
        p.cloud_watch.is_some(),
        p.graphite.is_some(),
        p.influxdb.is_some(),
        p.skywalking.is_some(),
    ];
    set.iter().filter(|set| **set).count() + p.plugin.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The error of one metric with `fields` besides a name and a provider.
    fn error(fields: Value) -> String {
        let mut metric = json!({"name": "m", "provider": {"web": {"url": "x"}}});
        metric.as_object_mut().expect("object").extend(fields.as_object().expect("object").clone());
        let metric: Metric = serde_json::from_value(metric).expect("a metric");
        validate_metrics(&[metric]).err().unwrap_or_default()
    }

    #[test]
    fn messages() {
        let table = [
            (json!({}), ""),
            (json!({"count": 5, "interval": "1m", "failureLimit": 2, "consecutiveSuccessLimit": 3}), ""),
            (json!({"consecutiveSuccessLimit": -1}), "metrics[0]: consecutiveSuccessLimit must be >= 0"),
            (json!({"failureLimit": -2}), "metrics[0]: failureLimit must be >= 0, or -1 to be disabled"),
            (
                json!({"failureLimit": -1}),
                "metrics[0]: failureLimit and consecutiveSuccessLimit cannot both be disabled",
            ),
            (json!({"inconclusiveLimit": -1}), "metrics[0]: inconclusiveLimit must be >= 0"),
            (json!({"consecutiveErrorLimit": "-1"}), "metrics[0]: consecutiveErrorLimit must be >= 0"),
            (
                json!({"count": 1, "failureLimit": 2}),
                "metrics[0]: count (1) must be >= failureLimit + consecutiveSuccessLimit (2 + 0) if both >= 0",
            ),
            (
                json!({"count": 1, "failureLimit": -1, "consecutiveSuccessLimit": 2}),
                "metrics[0]: count must be >= consecutiveSuccessLimit",
            ),
            (json!({"count": 1, "inconclusiveLimit": 2}), "metrics[0]: count must be >= inconclusiveLimit"),
            (json!({"count": 2}), "metrics[0]: interval must be specified when count > 1"),
            (
                json!({"interval": "5 minutes"}),
                r#"metrics[0]: invalid interval string: time: unknown unit " minutes" in duration "5 minutes""#,
            ),
            (json!({"initialDelay": "x"}), r#"metrics[0]: invalid startDelay string: time: invalid duration "x""#),
            (json!({"provider": {}}), "metrics[0]: no provider specified"),
            (json!({"provider": {"plugin": {"a": {}, "b": {}}}}), "metrics[0]: multiple providers specified"),
        ];
        for (fields, want) in table {
            assert_eq!(error(fields.clone()), want, "{fields}");
        }
        assert_eq!(validate_metrics::<Metric>(&[]).unwrap_err(), "no metrics specified");
    }
}

//! Metrics of analyses.

use crate::finding::About;
use crate::rules;
use rollouts_api::analysis::Metric;
use rollouts_api::field::quote;

/// Metrics wherever they stand.
pub(crate) fn of_metrics(metrics: &[Metric], found: &mut About<'_>) {
    for (i, metric) in metrics.iter().enumerate() {
        let provider = &metric.provider;
        // These know themselves what success is.
        let judges = provider.job.is_some() || provider.kayenta.is_some() || !provider.plugin.is_empty();
        if metric.success_condition.is_empty() && metric.failure_condition.is_empty() && !judges {
            let message = format!(
                "metric {} has neither successCondition nor failureCondition: whatever is measured is a success",
                quote(&metric.name)
            );
            found.add(&rules::METRIC_WITHOUT_CONDITION, &format!("spec.metrics[{i}]"), message);
        }
    }
}

/// Metrics of an analysis beside the steps of a canary, which stands at `path`.
pub(crate) fn of_background(metrics: &[Metric], path: &str, found: &mut About<'_>) {
    for metric in metrics.iter().filter(|m| m.effective_count() == Some(1) && m.provider.job.is_none()) {
        let message = format!(
            "metric {} is measured once, when the analysis starts, and not while the steps go on; give it an interval",
            quote(&metric.name)
        );
        found.add(&rules::MEASURED_ONCE, path, message);
    }
}

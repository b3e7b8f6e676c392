//! From a metric to a size.

use crate::annotations::METRIC;
use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::{HPAScalingRules, HorizontalPodAutoscaler, MetricSpec, MetricTarget};
use kube::ResourceExt;
use rollouts_api::quantity::Quantity;
use std::time::Duration;

/// Deviations from the target up to this ratio change nothing.
const TOLERANCE: f64 = 0.1;
const SCALE_DOWN_WINDOW_SECONDS: i32 = 300;

/// The scripted value of a metric beside its target.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub metric: MetricSpec,
    pub value: f64,
    target: f64,
}

impl Reading {
    /// `None` without a metric, a target, or a number in the annotation.
    pub(super) fn of(hpa: &HorizontalPodAutoscaler) -> Option<Self> {
        let value = number(hpa.annotations().get(METRIC)?)?;
        let metric = hpa.spec.as_ref()?.metrics.as_ref()?.first()?.clone();
        let target = target_value(target_of(&metric)?)?;
        (target > 0.0).then_some(Reading { metric, value, target })
    }

    /// The size at which the metric would meet its target.
    pub(super) fn recommend(&self, current: i32) -> i32 {
        let ratio = self.value / self.target;
        if (ratio - 1.0).abs() <= TOLERANCE {
            return current;
        }
        (ratio * f64::from(current)).ceil().clamp(0.0, f64::from(i32::MAX)) as i32
    }
}

pub(super) fn target_of(metric: &MetricSpec) -> Option<&MetricTarget> {
    let resource = metric.resource.as_ref().map(|m| &m.target);
    let container = metric.container_resource.as_ref().map(|m| &m.target);
    let pods = metric.pods.as_ref().map(|m| &m.target);
    let object = metric.object.as_ref().map(|m| &m.target);
    let external = metric.external.as_ref().map(|m| &m.target);
    resource.or(container).or(pods).or(object).or(external)
}

fn target_value(target: &MetricTarget) -> Option<f64> {
    let quantity = target.average_value.as_ref().or(target.value.as_ref());
    target.average_utilization.map(f64::from).or_else(|| number(&quantity?.0))
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().or_else(|| Quantity::parse(text).ok().map(|q| q.milli_value() as f64 / 1000.0))
}

/// The bounds of one step.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    min: i32,
    max: i32,
    /// The most that one step may reach.
    step: i32,
    up: Rules,
    down: Rules,
}

#[derive(Debug, Clone)]
struct Rules {
    window: Duration,
    disabled: bool,
}

impl Rules {
    fn of(rules: Option<&HPAScalingRules>, default_window: i32) -> Self {
        let seconds = rules.and_then(|r| r.stabilization_window_seconds).unwrap_or(default_window);
        Rules {
            window: Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
            disabled: rules.and_then(|r| r.select_policy.as_deref()) == Some("Disabled"),
        }
    }
}

impl Limits {
    pub(super) fn of(hpa: &HorizontalPodAutoscaler, current: i32) -> Self {
        let spec = hpa.spec.clone().unwrap_or_default();
        let behavior = spec.behavior.unwrap_or_default();
        Limits {
            min: spec.min_replicas.unwrap_or(1),
            max: spec.max_replicas,
            step: current.saturating_mul(2).max(4),
            up: Rules::of(behavior.scale_up.as_ref(), 0),
            down: Rules::of(behavior.scale_down.as_ref(), SCALE_DOWN_WINDOW_SECONDS),
        }
    }

    /// Reason and message when the recommendation is out of bounds.
    pub(super) fn hit(&self, wanted: i32) -> Option<(&'static str, &'static str)> {
        if wanted < self.min {
            Some(("TooFewReplicas", "the desired replica count is less than the minimum replica count"))
        } else if wanted > self.max {
            Some(("TooManyReplicas", "the desired replica count is more than the maximum replica count"))
        } else if wanted > self.step {
            Some(("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate"))
        } else {
            None
        }
    }
}

/// Earlier recommendations: a dip or peak shorter than the window moves nothing.
#[derive(Debug, Default)]
pub(super) struct History(Vec<(Timestamp, i32)>);

impl History {
    /// The size to take now, and when an old recommendation stops holding it back.
    pub(super) fn stabilise(
        &mut self,
        limits: &Limits,
        current: i32,
        wanted: i32,
        now: Timestamp,
    ) -> (i32, Option<Duration>) {
        let longest = limits.up.window.max(limits.down.window);
        let age = |t: Timestamp| Duration::try_from(now.duration_since(t)).unwrap_or_default();
        if self.0.is_empty() {
            // What the size was before anybody recommended anything counts as a recommendation.
            self.0.push((now, current));
        }
        self.0.retain(|(t, _)| age(*t) < longest);
        self.0.push((now, wanted));
        let within = |window: Duration| self.0.iter().filter(move |(t, _)| age(*t) < window);
        let ceiling = within(limits.down.window).map(|(_, n)| *n).max().unwrap_or(wanted).max(wanted);
        let floor = within(limits.up.window).map(|(_, n)| *n).min().unwrap_or(wanted).min(wanted);
        let mut size = current;
        if current < floor && !limits.up.disabled {
            size = floor;
        }
        if current > ceiling && !limits.down.disabled {
            size = ceiling;
        }
        let size = size.min(limits.step).clamp(limits.min, limits.max.max(limits.min));
        let held = size != wanted.clamp(limits.min, limits.max.max(limits.min)) && size == current;
        let window = if wanted < current { &limits.down } else { &limits.up };
        let next = self.0.iter().map(|(t, _)| window.window.saturating_sub(age(*t))).filter(|d| !d.is_zero()).min();
        (size, next.filter(|_| held && !window.disabled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(window: u64) -> Limits {
        let rules = |window| Rules { window: Duration::from_secs(window), disabled: false };
        Limits { min: 1, max: 10, step: 8, up: rules(0), down: rules(window) }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    #[test]
    fn up_at_once_but_not_faster_than_the_limit() {
        assert_eq!(History::default().stabilise(&limits(300), 4, 20, at(0)), (8, None));
    }

    #[test]
    fn down_only_after_the_window() {
        let mut history = History::default();
        let (size, look) = history.stabilise(&limits(300), 4, 2, at(0));
        assert_eq!((size, look), (4, Some(Duration::from_secs(300))));
        assert_eq!(history.stabilise(&limits(300), 4, 2, at(299)).0, 4);
        assert_eq!(history.stabilise(&limits(300), 4, 2, at(300)).0, 2);
    }

    #[test]
    fn bounds_hold_at_once() {
        assert_eq!(History::default().stabilise(&limits(300), 40, 40, at(0)).0, 8);
    }
}

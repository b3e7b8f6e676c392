//! What absent fields mean (rollout.md §1.1, §3.1).

use super::{BlueGreenStrategy, CanaryStep, CanaryStrategy, RolloutPause, RolloutSpec, TrafficRouting};
use crate::IntOrString;
use crate::int_or_string::Round;

/// Pods when `spec.replicas` is absent.
pub const REPLICAS: i32 = 1;
/// Old ReplicaSets to keep.
pub const REVISION_HISTORY_LIMIT: i32 = 10;
/// Seconds without progress until a Rollout counts as stuck.
pub const PROGRESS_DEADLINE_SECONDS: i32 = 600;
/// Finished AnalysisRuns and Experiments to keep, for each of good and bad ends.
pub const RUN_HISTORY_LIMIT: i32 = 5;
/// `maxSurge` and `maxUnavailable`, in percent of `spec.replicas`.
pub const MAX_SURGE_AND_UNAVAILABLE: &str = "25";
/// Seconds the old ReplicaSet is kept after promotion.
pub const SCALE_DOWN_DELAY_SECONDS: i32 = 30;
/// Seconds the new ReplicaSet is kept after an abort.
pub const ABORT_SCALE_DOWN_DELAY_SECONDS: i32 = 30;
/// Weight that stands for all traffic.
pub const MAX_TRAFFIC_WEIGHT: i32 = 100;

impl RolloutSpec {
    /// `replicas`.
    pub fn replicas(&self) -> i32 {
        self.replicas.unwrap_or(REPLICAS)
    }

    /// `revisionHistoryLimit`.
    pub fn revision_history_limit(&self) -> i32 {
        self.revision_history_limit.unwrap_or(REVISION_HISTORY_LIMIT)
    }

    /// `progressDeadlineSeconds`.
    pub fn progress_deadline_seconds(&self) -> i32 {
        self.progress_deadline_seconds.unwrap_or(PROGRESS_DEADLINE_SECONDS)
    }

    /// `analysis.successfulRunHistoryLimit`.
    pub fn successful_run_history_limit(&self) -> i32 {
        self.analysis.as_ref().and_then(|a| a.successful_run_history_limit).unwrap_or(RUN_HISTORY_LIMIT)
    }

    /// `analysis.unsuccessfulRunHistoryLimit`.
    pub fn unsuccessful_run_history_limit(&self) -> i32 {
        self.analysis.as_ref().and_then(|a| a.unsuccessful_run_history_limit).unwrap_or(RUN_HISTORY_LIMIT)
    }

    /// Revisions within which a rollback skips the steps; `None` when there is no such window.
    pub fn rollback_window_revisions(&self) -> Option<i32> {
        self.rollback_window.as_ref().map(|w| w.revisions).filter(|n| *n > 0)
    }

    /// The canary's steps; none for blue-green.
    pub fn canary_steps(&self) -> &[CanaryStep] {
        self.strategy.canary.as_ref().map_or(&[], |c| &c.steps)
    }

    /// `canary.trafficRouting`.
    pub fn traffic_routing(&self) -> Option<&TrafficRouting> {
        self.strategy.canary.as_ref().and_then(|c| c.traffic_routing.as_ref())
    }

    /// Weight that stands for all traffic.
    pub fn max_traffic_weight(&self) -> i32 {
        self.traffic_routing().and_then(|t| t.max_traffic_weight).unwrap_or(MAX_TRAFFIC_WEIGHT)
    }

    /// Pods that may exist above `n` wanted ones; 0 for blue-green.
    pub fn max_surge(&self, n: i32) -> i32 {
        self.strategy.canary.as_ref().map_or(0, |c| c.max_surge(n))
    }

    /// Pods that may be missing of `n` wanted ones.
    pub fn max_unavailable(&self, n: i32) -> i32 {
        match (&self.strategy.canary, &self.strategy.blue_green) {
            (Some(canary), _) => canary.max_unavailable(n),
            (None, Some(blue_green)) => blue_green.max_unavailable(n),
            (None, None) => 0,
        }
    }

    /// Seconds the old ReplicaSet is kept after promotion.
    pub fn scale_down_delay_seconds(&self) -> i32 {
        match (&self.strategy.canary, &self.strategy.blue_green) {
            (Some(canary), _) => canary.scale_down_delay_seconds(),
            (None, Some(blue_green)) => blue_green.scale_down_delay_seconds(),
            (None, None) => 0,
        }
    }

    /// How many old ReplicaSets the delay may keep.
    pub fn scale_down_delay_revision_limit(&self) -> i32 {
        let canary = self.strategy.canary.as_ref().and_then(|c| c.scale_down_delay_revision_limit);
        let blue_green = self.strategy.blue_green.as_ref().and_then(|b| b.scale_down_delay_revision_limit);
        canary.or(blue_green).unwrap_or(i32::MAX)
    }

    /// `abortScaleDownDelaySeconds` as written.
    pub fn explicit_abort_scale_down_delay_seconds(&self) -> Option<i32> {
        let canary = self.strategy.canary.as_ref().and_then(|c| c.abort_scale_down_delay_seconds);
        let blue_green = self.strategy.blue_green.as_ref().and_then(|b| b.abort_scale_down_delay_seconds);
        canary.or(blue_green)
    }

    /// Seconds the new ReplicaSet is kept after an abort; `None` for ever (written as 0). A canary without
    /// traffic routing ignores it.
    pub fn abort_scale_down_delay_seconds(&self) -> Option<i32> {
        let seconds = self.explicit_abort_scale_down_delay_seconds().unwrap_or(ABORT_SCALE_DOWN_DELAY_SECONDS);
        (seconds != 0).then_some(seconds)
    }
}

impl BlueGreenStrategy {
    /// `autoPromotionEnabled`.
    pub fn auto_promotion_enabled(&self) -> bool {
        self.auto_promotion_enabled.unwrap_or(true)
    }

    /// Pods of `n` that a restart may take down.
    pub fn max_unavailable(&self, n: i32) -> i32 {
        resolve(self.max_unavailable.as_ref(), n, Round::Down).clamp(0, n.max(0))
    }

    /// Seconds the old ReplicaSet is kept after promotion.
    pub fn scale_down_delay_seconds(&self) -> i32 {
        self.scale_down_delay_seconds.unwrap_or(SCALE_DOWN_DELAY_SECONDS)
    }
}

impl CanaryStrategy {
    /// Pods that may exist above `n` wanted ones.
    pub fn max_surge(&self, n: i32) -> i32 {
        resolve(self.max_surge.as_ref(), n, Round::Up)
    }

    /// Pods that may be missing of `n` wanted ones: one if neither surge nor this allows any, for otherwise
    /// nothing could ever move, and never more than `n`.
    pub fn max_unavailable(&self, n: i32) -> i32 {
        let unavailable = match resolve(self.max_unavailable.as_ref(), n, Round::Down) {
            0 if self.max_surge(n) == 0 => 1,
            unavailable => unavailable,
        };
        unavailable.clamp(0, n.max(0))
    }

    /// Seconds the old ReplicaSet is kept after promotion; 0 without traffic routing.
    pub fn scale_down_delay_seconds(&self) -> i32 {
        if self.traffic_routing.is_none() {
            return 0;
        }
        self.scale_down_delay_seconds.unwrap_or(SCALE_DOWN_DELAY_SECONDS)
    }
}

impl RolloutPause {
    /// Whole seconds to wait; `None` until resumed; -1 for a duration that cannot be read.
    pub fn duration_seconds(&self) -> Option<i64> {
        self.duration.as_ref().map(IntOrString::pause_seconds)
    }
}

fn resolve(value: Option<&IntOrString>, n: i32, round: Round) -> i32 {
    value.map_or_else(|| IntOrString::from(MAX_SURGE_AND_UNAVAILABLE).scaled(n, round), |v| v.scaled(n, round))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(strategy: serde_json::Value) -> RolloutSpec {
        serde_json::from_value(json!({ "strategy": strategy })).expect("a spec")
    }

    #[test]
    fn an_empty_spec_has_all_defaults() {
        let s = spec(json!({"canary": {}}));
        assert_eq!((s.replicas(), s.revision_history_limit(), s.progress_deadline_seconds()), (1, 10, 600));
        assert_eq!((s.successful_run_history_limit(), s.unsuccessful_run_history_limit()), (5, 5));
        assert_eq!((s.max_surge(10), s.max_unavailable(10)), (3, 2));
        assert_eq!((s.scale_down_delay_seconds(), s.scale_down_delay_revision_limit()), (0, i32::MAX));
        assert_eq!((s.abort_scale_down_delay_seconds(), s.max_traffic_weight()), (Some(30), 100));
        assert_eq!(spec(json!({"canary": {"trafficRouting": {}}})).scale_down_delay_seconds(), 30);
    }

    #[test]
    fn fence_posts() {
        let s = spec(json!({"canary": {"maxSurge": "0%", "maxUnavailable": "1%"}}));
        assert_eq!((s.max_surge(10), s.max_unavailable(10), s.max_unavailable(0)), (0, 1, 0));
        let s = spec(json!({"canary": {"maxSurge": 0, "maxUnavailable": 20}}));
        assert_eq!(s.max_unavailable(10), 10);
        let s = spec(json!({"canary": {"maxSurge": 1, "maxUnavailable": 0}}));
        assert_eq!(s.max_unavailable(10), 0);
    }

    #[test]
    fn blue_green_has_no_surge_and_no_fence_post() {
        let s = spec(json!({"blueGreen": {"maxUnavailable": 0, "abortScaleDownDelaySeconds": 0}}));
        assert_eq!((s.max_surge(10), s.max_unavailable(10)), (0, 0));
        assert_eq!((s.scale_down_delay_seconds(), s.abort_scale_down_delay_seconds()), (30, None));
        assert!(BlueGreenStrategy::default().auto_promotion_enabled());
        assert_eq!(BlueGreenStrategy::default().max_unavailable(4), 1);
    }
}

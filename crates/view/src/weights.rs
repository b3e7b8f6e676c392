//! Where in its steps a canary is and how much traffic the new version gets.

use crate::read::{flag, int, int_opt, list, present};
use serde_json::Value;

/// Steps and weights of a canary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weights {
    /// `1/8`: index of the current step and number of steps; `None` without steps or before the first is known.
    pub step: Option<String>,
    /// Weight that the steps ask for.
    pub set: i64,
    /// Weight as it is, as far as the status tells.
    pub actual: i64,
}

impl Weights {
    /// Reads a Rollout. `canary_available` counts the available replicas of the new version's ReplicaSet, which is the
    /// weight where no traffic router says otherwise.
    pub fn of(rollout: &Value, canary_available: i64) -> Weights {
        let steps = list(rollout, "/spec/strategy/canary/steps");
        let index = int_opt(rollout, "/status/currentStepIndex");
        // An index that is not set yet is the first step's; one at the end, or of fewer steps than before, is none.
        let current = usize::try_from(index.unwrap_or(0)).ok().filter(|i| *i < steps.len());
        let max = int_opt(rollout, "/spec/strategy/canary/trafficRouting/maxTrafficWeight").unwrap_or(100);
        let set = match current {
            _ if flag(rollout, "/status/abort") => 0,
            None => max,
            Some(current) => steps[..=current].iter().rev().find_map(|s| int_opt(s, "/setWeight")).unwrap_or(0),
        };
        let available = int(rollout, "/status/availableReplicas");
        let actual = match current {
            None => max,
            Some(_) if available <= 0 => 0,
            Some(_) if present(rollout, "/spec/strategy/canary/trafficRouting") => {
                let routed = present(rollout, "/status/canary/weights");
                if routed { int(rollout, "/status/canary/weights/canary/weight") } else { set }
            }
            Some(_) => canary_available.saturating_mul(max) / available,
        };
        let step = index.filter(|_| !steps.is_empty()).map(|i| format!("{i}/{}", steps.len()));
        Weights { step, set, actual }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn weights(index: Option<i64>, extra: Value, routing: Value, canary_available: i64) -> (Option<String>, i64, i64) {
        let steps = json!([{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}]);
        let mut rollout = json!({"spec": {"strategy": {"canary": {"steps": steps, "trafficRouting": routing}}}});
        rollout["status"] = extra;
        rollout["status"]["currentStepIndex"] = json!(index);
        let w = Weights::of(&rollout, canary_available);
        (w.step, w.set, w.actual)
    }

    #[test]
    fn by_replicas() {
        let five = json!({"availableReplicas": 5});
        assert_eq!(weights(Some(1), five.clone(), Value::Null, 1), (Some("1/4".into()), 20, 20));
        assert_eq!(weights(Some(3), json!({"availableReplicas": 3}), Value::Null, 2), (Some("3/4".into()), 60, 66));
        assert_eq!(weights(Some(4), five.clone(), Value::Null, 5), (Some("4/4".into()), 100, 100));
        assert_eq!(weights(None, five, Value::Null, 0), (None, 20, 0));
        assert_eq!(weights(Some(1), json!({}), Value::Null, 1), (Some("1/4".into()), 20, 0));
    }

    #[test]
    fn aborted() {
        let status = json!({"availableReplicas": 5, "abort": true});
        assert_eq!(weights(Some(0), status.clone(), Value::Null, 0), (Some("0/4".into()), 0, 0));
        assert_eq!(weights(Some(4), status, Value::Null, 0), (Some("4/4".into()), 0, 100));
    }

    #[test]
    fn by_router() {
        let routing = json!({"maxTrafficWeight": 1000});
        let routed = json!({"availableReplicas": 1, "canary": {"weights": {"canary": {"weight": 15}}}});
        assert_eq!(weights(Some(1), routed, routing.clone(), 1), (Some("1/4".into()), 20, 15));
        assert_eq!(weights(Some(1), json!({"availableReplicas": 1}), routing.clone(), 1), (Some("1/4".into()), 20, 20));
        assert_eq!(weights(Some(9), json!({}), routing, 1), (Some("9/4".into()), 1000, 1000));
    }
}

//! What to write to promote a Rollout.

use serde_json::{Value, json};

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Past the pause, or else past the step.
    Further,
    /// To the new version.
    Full,
    /// Past the current step.
    SkipStep,
    /// Past all steps.
    SkipSteps,
}

/// Merge patches.
#[derive(Debug, PartialEq)]
pub(super) struct Patches {
    /// For the status subresource.
    pub(super) status: Option<Value>,
    /// For the Rollout itself, afterwards.
    pub(super) spec: Option<Value>,
    /// For the Rollout itself, instead of both, where Rollouts have no status subresource.
    pub(super) whole: Value,
}

/// What to write. A pause and a step are never passed at once, or two promotions in a row would skip a pause nobody
/// has seen; only an inconclusive analysis, which pauses within its step, is passed with its step.
pub(super) fn patches(rollout: &Value, how: How) -> Result<Patches, &'static str> {
    let at = |pointer: &str| rollout.pointer(pointer).filter(|v| !v.is_null());
    let len = |pointer: &str| at(pointer).and_then(Value::as_array).map_or(0, Vec::len);
    let steps = len("/spec/strategy/canary/steps");
    let unpause = || at("/spec/paused").is_some_and(|p| *p == true).then(|| json!({"spec": {"paused": false}}));
    if matches!(how, How::SkipStep | How::SkipSteps) {
        if at("/spec/strategy/blueGreen").is_some() {
            return Err("Cannot skip steps of a bluegreen rollout. Run without a flags");
        }
        if steps == 0 {
            return Err("Cannot skip steps of a rollout without steps");
        }
    }
    let index = at("/status/currentStepIndex").and_then(Value::as_u64).unwrap_or(0);
    let next = index.saturating_add(1).min(steps as u64);
    let to_step = |index: u64| {
        let body = json!({"status": {"currentStepIndex": index}});
        Patches { status: Some(body.clone()), spec: None, whole: body }
    };
    Ok(match how {
        How::SkipStep => to_step(next),
        How::SkipSteps => to_step(steps as u64),
        How::Full => {
            let updating = at("/status/currentPodHash") != at("/status/stableRS");
            Patches {
                status: updating.then(|| json!({"status": {"promoteFull": true}})),
                spec: unpause(),
                whole: json!({"spec": {"paused": false}, "status": {"promoteFull": true}}),
            }
        }
        How::Further => {
            let paused = len("/status/pauseConditions") > 0;
            let inconclusive = paused
                && at("/status/canary/currentStepAnalysisRunStatus/status").is_some_and(|s| *s == "Inconclusive")
                && at("/status/controllerPause").is_some_and(|p| *p == true);
            let status = match () {
                () if inconclusive && steps > 0 => {
                    Some(json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": next}))
                }
                () if inconclusive => None,
                () if paused => Some(json!({"pauseConditions": null})),
                () if steps > 0 => Some(json!({"pauseConditions": null, "currentStepIndex": next})),
                () => None,
            };
            let whole_status = match &status {
                Some(status) if !paused => status.clone(),
                _ => json!({"pauseConditions": null}),
            };
            Patches {
                status: status.map(|status| json!({"status": status})),
                spec: unpause(),
                whole: json!({"spec": {"paused": false}, "status": whole_status}),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(steps: usize, status: Value) -> Value {
        let steps: Vec<_> = (0..steps).map(|_| json!({"pause": {}})).collect();
        json!({"spec": {"strategy": {"canary": {"steps": steps}}}, "status": status})
    }

    fn pauses() -> Value {
        json!([{"reason": "CanaryPauseStep"}])
    }

    fn status(rollout: &Value, how: How) -> Value {
        patches(rollout, how).unwrap().status.map_or(Value::Null, |s| s["status"].clone())
    }

    #[test]
    fn steps() {
        let at = |index: i64| canary(3, json!({"currentStepIndex": index}));
        assert_eq!(status(&at(1), How::SkipStep), json!({"currentStepIndex": 2}));
        assert_eq!(status(&at(3), How::SkipStep), json!({"currentStepIndex": 3}));
        assert_eq!(status(&at(0), How::SkipSteps), json!({"currentStepIndex": 3}));
        assert_eq!(status(&at(1), How::Further), json!({"pauseConditions": null, "currentStepIndex": 2}));
        assert_eq!(
            status(&canary(3, json!({})), How::Further),
            json!({"pauseConditions": null, "currentStepIndex": 1})
        );
        assert_eq!(status(&canary(0, json!({})), How::Further), Value::Null);
        let none = patches(&canary(0, json!({})), How::SkipStep);
        assert_eq!(none, Err("Cannot skip steps of a rollout without steps"));
        let blue_green = json!({"spec": {"strategy": {"blueGreen": {}}}});
        assert_eq!(
            patches(&blue_green, How::SkipSteps),
            Err("Cannot skip steps of a bluegreen rollout. Run without a flags")
        );
        assert_eq!(status(&blue_green, How::Further), Value::Null);
    }

    #[test]
    fn a_pause_alone() {
        let rollout = canary(3, json!({"currentStepIndex": 1, "controllerPause": true, "pauseConditions": pauses()}));
        let p = patches(&rollout, How::Further).unwrap();
        assert_eq!(p.status, Some(json!({"status": {"pauseConditions": null}})));
        assert_eq!(p.whole, json!({"spec": {"paused": false}, "status": {"pauseConditions": null}}));
        assert_eq!(p.spec, None);
    }

    #[test]
    fn inconclusive_analysis_is_passed_with_its_step() {
        let mut rollout =
            canary(3, json!({"currentStepIndex": 1, "controllerPause": true, "pauseConditions": pauses()}));
        rollout["status"]["canary"] = json!({"currentStepAnalysisRunStatus": {"status": "Inconclusive"}});
        let p = patches(&rollout, How::Further).unwrap();
        let expected = json!({"status": {"pauseConditions": null, "controllerPause": false, "currentStepIndex": 2}});
        assert_eq!(p.status, Some(expected));
        assert_eq!(p.whole, json!({"spec": {"paused": false}, "status": {"pauseConditions": null}}));
    }

    #[test]
    fn full() {
        let mut rollout = canary(3, json!({"currentPodHash": "b", "stableRS": "a"}));
        rollout["spec"]["paused"] = json!(true);
        let p = patches(&rollout, How::Full).unwrap();
        assert_eq!(p.status, Some(json!({"status": {"promoteFull": true}})));
        assert_eq!(p.spec, Some(json!({"spec": {"paused": false}})));
        rollout["status"]["stableRS"] = json!("b");
        assert_eq!(patches(&rollout, How::Full).unwrap().status, None);
    }
}

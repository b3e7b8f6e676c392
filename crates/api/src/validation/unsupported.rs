//! Features that this version refuses instead of ignoring them. A feature that lands loses its line here.

use crate::field::{FieldError, Path};
use crate::rollout::Rollout;
use crate::rollout::{CanaryStep, RolloutSpec};

const DETAIL: &str = "not supported by this version";

/// A path, and whether the object uses what is there.
type Feature<T> = (&'static str, fn(&T) -> bool);

/// Features that whoever plans cannot do, although what is decided about them is known. Nothing lacks by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lacking {
    /// Nobody follows AnalysisRuns.
    pub analysis: bool,
    /// Nobody follows Experiments.
    pub experiments: bool,
}

/// Paths under `spec` that need somebody who follows AnalysisRuns.
const ANALYSIS: &[Feature<RolloutSpec>] = &[
    ("strategy.canary.analysis", |s| s.strategy.canary.as_ref().is_some_and(|c| c.analysis.is_some())),
    ("strategy.blueGreen.prePromotionAnalysis", |s| {
        s.strategy.blue_green.as_ref().is_some_and(|b| b.pre_promotion_analysis.is_some())
    }),
    ("strategy.blueGreen.postPromotionAnalysis", |s| {
        s.strategy.blue_green.as_ref().is_some_and(|b| b.post_promotion_analysis.is_some())
    }),
];

/// Paths under `spec`.
const SPEC: &[Feature<RolloutSpec>] = &[
    ("strategy.canary.trafficRouting", |s| s.traffic_routing().is_some()),
    ("strategy.canary.pingPong", |s| s.strategy.canary.as_ref().is_some_and(|c| c.ping_pong.is_some())),
];

/// Paths under `spec.strategy.canary.steps[i]`.
const STEP: &[Feature<CanaryStep>] = &[
    ("setHeaderRoute", |s| s.set_header_route.is_some()),
    ("setMirrorRoute", |s| s.set_mirror_route.is_some()),
    ("plugin", |s| s.plugin.is_some()),
];

/// The first field whose behaviour this version, or whoever plans, lacks.
pub fn unsupported(rollout: &Rollout, lacking: Lacking) -> Option<FieldError> {
    let spec = &rollout.spec;
    let analysis = if lacking.analysis { ANALYSIS } else { &[] };
    if let Some((field, _)) = SPEC.iter().chain(analysis).find(|(_, used)| used(spec)) {
        return Some(FieldError::forbidden(&Path::new("spec").child(field), DETAIL));
    }
    let steps = Path::new("spec.strategy.canary.steps");
    spec.canary_steps().iter().enumerate().find_map(|(i, step)| {
        let of_runs = [
            ("analysis", lacking.analysis && step.analysis.is_some()),
            ("experiment", lacking.experiments && step.experiment.is_some()),
        ];
        let field = STEP.iter().find(|(_, used)| used(step)).map(|(field, _)| *field);
        let field = field.or_else(|| of_runs.iter().find(|(_, used)| *used).map(|(field, _)| *field))?;
        Some(FieldError::forbidden(&steps.index(i).child(field), DETAIL))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_the_field() {
        let of = |spec| {
            let rollout: Rollout = serde_json::from_value(json!({ "spec": spec })).expect("a Rollout");
            unsupported(&rollout, Lacking::default()).map(|e| e.to_string())
        };
        assert_eq!(of(json!({"strategy": {"canary": {"steps": [{"setWeight": 1}]}}})), None);
        assert_eq!(
            of(json!({"strategy": {"canary": {"trafficRouting": {"smi": {}}}}})).as_deref(),
            Some("spec.strategy.canary.trafficRouting: Forbidden: not supported by this version")
        );
        assert_eq!(
            of(json!({"strategy": {"canary": {"steps": [{"pause": {}}, {"plugin": {"name": "x"}}]}}})).as_deref(),
            Some("spec.strategy.canary.steps[1].plugin: Forbidden: not supported by this version")
        );
    }

    #[test]
    fn what_nobody_follows_is_refused() {
        let all = Lacking { analysis: true, experiments: true };
        let of = |strategy, lacking| {
            let rollout: Rollout =
                serde_json::from_value(json!({ "spec": { "strategy": strategy } })).expect("a Rollout");
            unsupported(&rollout, lacking).map(|e| e.path.as_str().to_string())
        };
        for (strategy, field) in [
            (json!({"canary": {"analysis": {}}}), "canary.analysis"),
            (json!({"canary": {"steps": [{"pause": {}}, {"analysis": {}}]}}), "canary.steps[1].analysis"),
            (json!({"canary": {"steps": [{"experiment": {"templates": []}}]}}), "canary.steps[0].experiment"),
            (json!({"blueGreen": {"prePromotionAnalysis": {}}}), "blueGreen.prePromotionAnalysis"),
            (json!({"blueGreen": {"postPromotionAnalysis": {}}}), "blueGreen.postPromotionAnalysis"),
        ] {
            assert_eq!(of(strategy.clone(), all), Some(format!("spec.strategy.{field}")));
            assert_eq!(of(strategy, Lacking::default()), None);
        }
    }
}

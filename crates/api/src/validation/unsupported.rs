//! Features that this version refuses instead of ignoring them. A feature that lands loses its line here.

use crate::field::{FieldError, Path};
use crate::names::GATEWAY_API_PLUGIN;
use crate::rollout::{CanaryStep, Rollout};

const DETAIL: &str = "not supported by this version";

/// A path, and whether the object uses what is there.
type Feature<T> = (&'static str, fn(&T) -> bool);

/// Paths under `spec.strategy.canary.steps[i]`.
const STEP: &[Feature<CanaryStep>] = &[("plugin", |s| s.plugin.is_some())];

/// The first field whose behaviour this version lacks.
pub fn unsupported(rollout: &Rollout) -> Option<FieldError> {
    let spec = &rollout.spec;
    let plugins = spec.traffic_routing().into_iter().flat_map(|routing| routing.plugins.keys());
    if let Some(plugin) = plugins.into_iter().find(|plugin| *plugin != GATEWAY_API_PLUGIN) {
        let path = Path::new("spec.strategy.canary.trafficRouting.plugins").key(plugin);
        return Some(FieldError::forbidden(&path, format!("{DETAIL}; what is built in is {GATEWAY_API_PLUGIN}")));
    }
    let steps = Path::new("spec.strategy.canary.steps");
    spec.canary_steps().iter().enumerate().find_map(|(i, step)| {
        let (field, _) = STEP.iter().find(|(_, used)| used(step))?;
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
            unsupported(&rollout).map(|e| e.to_string())
        };
        assert_eq!(of(json!({"strategy": {"canary": {"steps": [{"setWeight": 1}]}}})), None);
        assert_eq!(
            of(json!({"strategy": {"canary": {"trafficRouting": {"plugins": {"acme/mesh": {}}}}}})).as_deref(),
            Some(
                "spec.strategy.canary.trafficRouting.plugins[acme/mesh]: Forbidden: not supported by this version; what is \
                 built in is argoproj-labs/gatewayAPI"
            )
        );
        assert_eq!(
            of(json!({"strategy": {"canary": {"steps": [{"pause": {}}, {"plugin": {"name": "x"}}]}}})).as_deref(),
            Some("spec.strategy.canary.steps[1].plugin: Forbidden: not supported by this version")
        );
    }
}

//! Waiting for the state of an object.

use super::Wait;
use serde_json::Value;

impl Wait {
    /// `None` when `object` is as wanted; else what it is instead, in words.
    pub(super) fn mismatch(&self, object: &Value) -> Option<String> {
        if let (Some(name), Some(path)) = (&self.object, &self.path) {
            let found = path.split('.').fold(object, |value, field| &value[field]);
            let wanted = self.equals.as_ref().unwrap_or(&Value::Null);
            return (found != wanted).then(|| format!("{name} {path} is {found}"));
        }
        let status = &object["status"];
        let (phase, step) = (status["phase"].as_str(), status["currentStepIndex"].as_i64());
        let message = status["message"].as_str().unwrap_or_default();
        let observed = status["observedGeneration"].as_str().and_then(|g| g.parse().ok());
        let is_right = observed.is_some()
            && observed == object["metadata"]["generation"].as_i64()
            && self.phase.as_deref().is_none_or(|wanted| Some(wanted) == phase)
            && self.message.as_deref().is_none_or(|wanted| wanted == message)
            && self.step.is_none_or(|wanted| Some(wanted) == step);
        (!is_right).then(|| format!("phase {phase:?}, message {message:?}, step {step:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_given_counts_and_only_of_the_present_generation() {
        let object = |observed: &str| {
            json!({"metadata": {"generation": 2},
                   "status": {"phase": "Paused", "currentStepIndex": 1, "observedGeneration": observed}})
        };
        let wait = Wait { phase: Some("Paused".into()), step: Some(1), ..Default::default() };
        assert_eq!(wait.mismatch(&object("2")), None);
        assert!(wait.mismatch(&object("1")).is_some());
        assert!(Wait { step: Some(2), ..wait }.mismatch(&object("2")).is_some());
    }

    #[test]
    fn a_field_of_any_object() {
        let wait = Wait {
            object: Some("jobs/a".into()),
            path: Some("status.n".into()),
            equals: Some(json!(3)),
            ..Default::default()
        };
        assert_eq!(wait.mismatch(&json!({"status": {"n": 3}})), None);
        assert_eq!(wait.mismatch(&json!({})), Some("jobs/a status.n is null".into()));
    }
}

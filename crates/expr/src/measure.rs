//! From a value and the conditions of its metric to the phase of a measurement.

use crate::error::Error;
use crate::evaluator::Evaluator;
use crate::value::Value;

/// What a measured value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The success condition holds, or the failure condition does not and there is no other.
    Successful,
    /// The failure condition holds, or the success condition does not and there is no other.
    Failed,
    /// Neither of the two holds.
    Inconclusive,
    /// A condition cannot be evaluated.
    Error,
}

impl Phase {
    /// As the status spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Successful => "Successful",
            Phase::Failed => "Failed",
            Phase::Inconclusive => "Inconclusive",
            Phase::Error => "Error",
        }
    }
}

/// The phase of a measurement of `result`, and why when it is [`Phase::Error`]. An empty condition is none; without
/// any the measurement is successful. The success condition is evaluated first, and its error ends it.
pub fn measure(evaluator: &dyn Evaluator, success: &str, failure: &str, result: &Value) -> (Phase, Option<String>) {
    let ask = |name: &str, source: &str| match source {
        "" => Ok(None),
        source => evaluator.condition(source, result).map(Some).map_err(|why| wrapped(name, source, result, &why)),
    };
    let success = match ask("successCondition", success) {
        Ok(success) => success,
        Err(why) => return (Phase::Error, Some(why)),
    };
    let failure = match ask("failureCondition", failure) {
        Ok(failure) => failure,
        Err(why) => return (Phase::Error, Some(why)),
    };
    let phase = match (success, failure) {
        (_, Some(true)) | (Some(false), None) => Phase::Failed,
        (Some(false), Some(false)) => Phase::Inconclusive,
        (None | Some(true), None | Some(false)) => Phase::Successful,
    };
    (phase, None)
}

/// The message of a measurement. When there was nothing to look at, that is what it says instead of what went wrong.
fn wrapped(name: &str, source: &str, result: &Value, why: &Error) -> String {
    let said = if result.is_nil_or_empty() {
        "metric result is nil or empty: no data returned from the metric provider".to_owned()
    } else {
        why.to_string()
    };
    format!("could not evaluate {name} \"{source}\": {said}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expr;
    use rollouts_api::Clock;

    fn expr() -> Expr {
        Expr::new(Clock::new(|| jiff::Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn truth_table() {
        use Phase::{Failed, Inconclusive, Successful};
        let table = [
            ("", "", Successful),
            ("true", "", Successful),
            ("false", "", Failed),
            ("", "true", Failed),
            ("", "false", Successful),
            ("true", "true", Failed),
            ("false", "true", Failed),
            ("true", "false", Successful),
            ("false", "false", Inconclusive),
        ];
        for (success, failure, phase) in table {
            assert_eq!(measure(&expr(), success, failure, &Value::Bool(true)), (phase, None), "{success}/{failure}");
        }
    }

    #[test]
    fn the_first_error_ends_it() {
        let (phase, message) = measure(&expr(), "result > 1", "nonsense", &Value::Bool(true));
        assert_eq!(phase, Phase::Error);
        let said =
            "could not evaluate successCondition \"result > 1\": invalid operation: > (mismatched types bool and int)";
        assert_eq!(message.as_deref(), Some(said));
        let (phase, message) = measure(&expr(), "result", "nonsense", &Value::Bool(true));
        assert_eq!(phase, Phase::Error);
        assert_eq!(message.as_deref(), Some("could not evaluate failureCondition \"nonsense\": unknown name nonsense"));
    }

    #[test]
    fn nothing_measured_is_said_instead() {
        for nothing in [Value::Nil, Value::List(vec![]), Value::Floats(vec![]), Value::CloudWatch(vec![])] {
            let (phase, message) = measure(&expr(), "result[0] >= 0.95", "", &nothing);
            assert_eq!(phase, Phase::Error);
            let said = "could not evaluate successCondition \"result[0] >= 0.95\": metric result is nil or empty: no data returned from the metric provider";
            assert_eq!(message.as_deref(), Some(said));
        }
        // Conditions that do not mind are evaluated.
        assert_eq!(measure(&expr(), "len(result) == 0", "", &Value::Floats(vec![])), (Phase::Successful, None));
        assert_eq!(measure(&expr(), "default(result, 0) < 0.05", "", &Value::Nil), (Phase::Successful, None));
    }

    #[test]
    fn not_a_number() {
        let nan = Value::Float(f64::NAN);
        assert_eq!(measure(&expr(), "result >= 0.95", "", &nan), (Phase::Failed, None));
        assert_eq!(measure(&expr(), "", "result < 0.95", &nan), (Phase::Successful, None));
        assert_eq!(measure(&expr(), "result >= 0.95", "result < 0.95", &nan), (Phase::Inconclusive, None));
        assert_eq!(measure(&expr(), "isNaN(result) || result >= 0.95", "", &nan), (Phase::Successful, None));
    }
}

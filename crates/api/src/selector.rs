//! Label selectors: matching, canonical text, and errors as Kubernetes words them.

use crate::field::{self, BadValue, FieldError, Path};
use crate::label;
use crate::{LabelSelector, go_json};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;

/// A checked [`LabelSelector`]; its `Display` is the canonical text (`app=tea,tier in (a,b),!old`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Ordered by key; `matchLabels` before `matchExpressions` of the same key.
    requirements: Vec<Requirement>,
}

/// One condition on the labels.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Equals(String),
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    /// Checks the selector. The error is `metav1.LabelSelectorAsSelector`'s text: it names no path of the
    /// enclosing object.
    pub fn compile(&self) -> Result<Selector, String> {
        let labels = self.match_labels.iter().map(|(key, value)| {
            let test = Test::Equals(value.clone());
            checked(key, std::slice::from_ref(value), test)
        });
        let expressions = self.match_expressions.iter().map(|e| {
            let test = match e.operator.as_str() {
                "In" => Test::In(sorted(&e.values)),
                "NotIn" => Test::NotIn(sorted(&e.values)),
                "Exists" => Test::Exists,
                "DoesNotExist" => Test::DoesNotExist,
                other => return Err(format!("{} is not a valid label selector operator", field::quote(other))),
            };
            checked(&e.key, &e.values, test)
        });
        let mut requirements = labels.chain(expressions).collect::<Result<Vec<_>, String>>()?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Selector { requirements })
    }

    /// Whether it has no requirement at all, and so matches everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

impl Selector {
    /// Whether all requirements hold.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|r| r.matches(labels))
    }
}

impl Requirement {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        match &self.test {
            Test::Equals(want) => value == Some(want),
            Test::In(values) => value.is_some_and(|v| values.contains(v)),
            Test::NotIn(values) => value.is_none_or(|v| !values.contains(v)),
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
        }
    }
}

/// `labels.NewRequirement`.
fn checked(key: &str, values: &[String], test: Test) -> Result<Requirement, String> {
    let mut errors = Vec::new();
    let key_errors = label::key_errors(key);
    if !key_errors.is_empty() {
        errors.push(FieldError::invalid(&Path::new("key"), key, key_errors.join("; ")));
    }
    let path = Path::new("values");
    let list = || BadValue::raw(go_json::to_string(&json!(values)));
    match test {
        Test::In(_) | Test::NotIn(_) if values.is_empty() => {
            errors.push(FieldError::invalid(&path, list(), "for 'in', 'notin' operators, values set can't be empty"));
        }
        Test::Exists | Test::DoesNotExist if !values.is_empty() => {
            errors.push(FieldError::invalid(&path, list(), "values set must be empty for exists and does not exist"));
        }
        _ => {}
    }
    for (i, value) in values.iter().enumerate() {
        let value_errors = label::value_errors(value);
        if !value_errors.is_empty() {
            errors.push(FieldError::invalid(&path.index(i).key(key), value, value_errors.join("; ")));
        }
    }
    match field::aggregate(&errors) {
        Some(message) => Err(message),
        None => Ok(Requirement { key: key.to_string(), test }),
    }
}

fn sorted(values: &[String]) -> Vec<String> {
    let mut values = values.to_vec();
    values.sort();
    values.dedup();
    values
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Requirement { key, test }) in self.requirements.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            match test {
                Test::Equals(value) => write!(f, "{key}={value}")?,
                Test::In(values) => write!(f, "{key} in ({})", values.join(","))?,
                Test::NotIn(values) => write!(f, "{key} notin ({})", values.join(","))?,
                Test::Exists => f.write_str(key)?,
                Test::DoesNotExist => write!(f, "!{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn compile(v: Value) -> Result<Selector, String> {
        serde_json::from_value::<LabelSelector>(v).expect("a selector").compile()
    }

    fn matches(selector: Value, labels: Value) -> bool {
        compile(selector).expect("valid").matches(&serde_json::from_value(labels).expect("labels"))
    }

    #[test]
    fn canonical_text() {
        let s = compile(json!({
            "matchLabels": {"tea": "green", "app": "shop"},
            "matchExpressions": [
                {"key": "zone", "operator": "In", "values": ["y", "x"]},
                {"key": "old", "operator": "DoesNotExist"},
                {"key": "b", "operator": "Exists"},
                {"key": "a", "operator": "NotIn", "values": ["q"]},
            ],
        }));
        assert_eq!(s.expect("valid").to_string(), "a notin (q),app=shop,b,!old,tea=green,zone in (x,y)");
        assert_eq!(compile(json!({})).expect("valid").to_string(), "");
    }

    #[test]
    fn matching() {
        let s = json!({"matchExpressions": [
            {"key": "zone", "operator": "In", "values": ["x", "y"]},
            {"key": "old", "operator": "NotIn", "values": ["yes"]},
        ]});
        assert!(matches(s.clone(), json!({"zone": "x"})));
        assert!(matches(s.clone(), json!({"zone": "y", "old": "no"})));
        assert!(!matches(s.clone(), json!({"zone": "x", "old": "yes"})));
        assert!(!matches(s, json!({})));
        assert!(matches(json!({}), json!({"any": "thing"})));
        assert!(!matches(json!({"matchLabels": {"a": "b"}}), json!({"a": "c"})));
    }

    #[test]
    fn errors() {
        assert_eq!(
            compile(json!({"matchExpressions": [{"key": "a", "operator": "Is"}]})).unwrap_err(),
            r#""Is" is not a valid label selector operator"#
        );
        assert_eq!(
            compile(json!({"matchExpressions": [{"key": "a", "operator": "In"}]})).unwrap_err(),
            "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"
        );
        assert_eq!(
            compile(json!({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]})).unwrap_err(),
            r#"values: Invalid value: ["x"]: values set must be empty for exists and does not exist"#
        );
        let error = compile(json!({"matchLabels": {"a": "b c"}})).unwrap_err();
        assert!(error.starts_with(r#"values[0][a]: Invalid value: "b c": a valid label must be"#), "{error}");
    }
}

//! Where pods may run: affinity, tolerations, spread.

use super::{Errors, complain, one_of};
use crate::field::{FieldError, Path};
use crate::pod_template::json::{get, int, list, text, texts};
use crate::syntax;
use serde_json::Value;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Checks `affinity`.
pub fn affinity(affinity: &Value, path: &Path, errors: &mut Errors) {
    if let Some(node) = get(affinity, "nodeAffinity") {
        node_affinity(node, &path.child("nodeAffinity"), errors);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(terms) = get(affinity, kind) else { continue };
        let path = path.child(kind);
        for (i, t) in list(terms, REQUIRED).iter().enumerate() {
            pod_term(t, &path.child(REQUIRED).index(i), errors);
        }
        for (i, weighted) in list(terms, PREFERRED).iter().enumerate() {
            let path = path.child(PREFERRED).index(i);
            weight(weighted, &path, errors);
            pod_term(get(weighted, "podAffinityTerm").unwrap_or(&Value::Null), &path.child("podAffinityTerm"), errors);
        }
    }
}

fn weight(term: &Value, path: &Path, errors: &mut Errors) {
    let weight = int(term, "weight").unwrap_or_default();
    if !(1..=100).contains(&weight) {
        errors.push(FieldError::invalid(&path.child("weight"), weight, "must be in the range 1-100"));
    }
}

fn pod_term(term: &Value, path: &Path, errors: &mut Errors) {
    for key in ["labelSelector", "namespaceSelector"] {
        if let Some(selector) = get(term, key) {
            label_selector(selector, &path.child(key), errors);
        }
    }
    for name in texts(term, "namespaces") {
        complain(errors, &path.child("namespace"), name, syntax::dns_label(name));
    }
    let key = text(term, "topologyKey");
    let path = path.child("topologyKey");
    if key.is_empty() {
        errors.push(FieldError::required(&path, "can not be empty"));
    }
    complain(errors, &path, key, syntax::qualified_name(key));
}

/// Checks a label selector.
pub fn label_selector(selector: &Value, path: &Path, errors: &mut Errors) {
    super::labels(selector, "matchLabels", &path.child("matchLabels"), errors);
    requirements(selector, &["In", "NotIn", "Exists", "DoesNotExist"], path, errors);
}

fn node_affinity(affinity: &Value, path: &Path, errors: &mut Errors) {
    if let Some(required) = get(affinity, REQUIRED) {
        let path = path.child(REQUIRED).child("nodeSelectorTerms");
        let terms = list(required, "nodeSelectorTerms");
        if terms.is_empty() {
            errors.push(FieldError::required(&path, "must have at least one node selector term"));
        }
        for (i, term) in terms.iter().enumerate() {
            node_term(term, &path.index(i), errors);
        }
    }
    for (i, preferred) in list(affinity, PREFERRED).iter().enumerate() {
        let path = path.child(PREFERRED).index(i);
        weight(preferred, &path, errors);
        node_term(get(preferred, "preference").unwrap_or(&Value::Null), &path.child("preference"), errors);
    }
}

fn node_term(term: &Value, path: &Path, errors: &mut Errors) {
    requirements(term, &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], path, errors);
}

/// Checks `matchExpressions` of a selector that knows these operators.
fn requirements(selector: &Value, operators: &[&str], path: &Path, errors: &mut Errors) {
    for (i, requirement) in list(selector, "matchExpressions").iter().enumerate() {
        let path = path.child("matchExpressions").index(i);
        let values = texts(requirement, "values");
        let values_path = path.child("values");
        match text(requirement, "operator") {
            operator if !operators.contains(&operator) => {
                errors.push(FieldError::invalid(&path.child("operator"), operator, "not a valid selector operator"));
            }
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.push(FieldError::required(&values_path, detail));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(FieldError::forbidden(&values_path, detail));
            }
            "Gt" | "Lt" if values.len() != 1 => {
                let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                errors.push(FieldError::required(&values_path, detail));
            }
            _ => {}
        }
        complain(
            errors,
            &path.child("key"),
            text(requirement, "key"),
            syntax::qualified_name(text(requirement, "key")),
        );
        for (j, value) in values.into_iter().enumerate() {
            complain(errors, &values_path.index(j), value, syntax::label_value(value));
        }
    }
}

/// Checks `tolerations`.
pub fn tolerations(spec: &Value, path: &Path, errors: &mut Errors) {
    for (i, toleration) in list(spec, "tolerations").iter().enumerate() {
        let path = path.index(i);
        let [key, operator, value, effect] = ["key", "operator", "value", "effect"].map(|k| text(toleration, k));
        let operator_path = path.child("operator");
        if !key.is_empty() {
            complain(errors, &path.child("key"), key, syntax::qualified_name(key));
        } else if operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.push(FieldError::invalid(&operator_path, operator, detail));
        }
        if get(toleration, "tolerationSeconds").is_some() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(FieldError::invalid(&path.child("effect"), effect, detail));
        }
        match operator {
            "" | "Equal" => {
                let complaints = syntax::label_value(value);
                if !complaints.is_empty() {
                    errors.push(FieldError::invalid(&operator_path, value, complaints.join(";")));
                }
            }
            "Exists" if !value.is_empty() => {
                let detail = "value must be empty when `operator` is 'Exists'";
                errors.push(FieldError::invalid(&operator_path, value, detail));
            }
            "Exists" => {}
            _ => one_of(errors, &operator_path, operator, &["Equal", "Exists"]),
        }
        if !effect.is_empty() {
            one_of(errors, &path.child("effect"), effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
        }
    }
}

/// Checks `topologySpreadConstraints`.
pub fn spread_constraints(spec: &Value, path: &Path, errors: &mut Errors) {
    let constraints = list(spec, "topologySpreadConstraints");
    for (i, constraint) in constraints.iter().enumerate() {
        let path = path.index(i);
        let skew = int(constraint, "maxSkew").unwrap_or_default();
        if skew <= 0 {
            errors.push(FieldError::invalid(&path.child("maxSkew"), skew, "must be greater than zero"));
        }
        let (key, action) = (text(constraint, "topologyKey"), text(constraint, "whenUnsatisfiable"));
        if key.is_empty() {
            errors.push(FieldError::required(&path.child("topologyKey"), "can not be empty"));
        }
        one_of(errors, &path.child("whenUnsatisfiable"), action, &["DoNotSchedule", "ScheduleAnyway"]);
        let repeats = |other: &Value| text(other, "topologyKey") == key && text(other, "whenUnsatisfiable") == action;
        if constraints[i + 1..].iter().any(repeats) {
            let path = path.child("{topologyKey, whenUnsatisfiable}");
            errors.push(FieldError::duplicate(&path, format!("{{{key}, {action}}}")));
        }
        if let Some(selector) = get(constraint, "labelSelector") {
            label_selector(selector, &path.child("labelSelector"), errors);
        }
    }
}

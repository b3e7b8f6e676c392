//! The anti-affinity term that keeps new pods off the nodes of the stable ones (rollout.md §5.8).

use super::json::{child, get_object, object};
use crate::names::POD_TEMPLATE_HASH;
use crate::rollout::AntiAffinity;
use serde_json::{Value, json};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Appends to the template a term against pods of the ReplicaSet `stable_hash` on the same node, required or
/// preferred as `anti_affinity` says. What the user set stays. A term injected before is replaced.
pub fn inject(template: &mut Value, anti_affinity: &AntiAffinity, stable_hash: &str, namespace: &str) {
    remove(template);
    let term = json!({
        "labelSelector": {"matchExpressions": [{"key": POD_TEMPLATE_HASH, "operator": "In", "values": [stable_hash]}]},
        "namespaces": [namespace],
        "topologyKey": "kubernetes.io/hostname",
    });
    let (list, entry) = if anti_affinity.required_during_scheduling_ignored_during_execution.is_some() {
        (REQUIRED, term)
    } else if let Some(preferred) = &anti_affinity.preferred_during_scheduling_ignored_during_execution {
        (PREFERRED, json!({"weight": preferred.weight, "podAffinityTerm": term}))
    } else {
        return;
    };
    let pod_anti_affinity = child(child(child(template, "spec"), "affinity"), "podAntiAffinity");
    let slot = object(pod_anti_affinity).entry(list).or_insert(Value::Null);
    match slot {
        Value::Array(terms) => terms.push(entry),
        absent => *absent = Value::Array(vec![entry]),
    }
}

/// Takes injected terms out again, and the lists and objects that have become empty. An empty `affinity` means
/// nothing to the scheduler, so one that the user wrote goes too: call this on both sides of a comparison.
pub fn remove(template: &mut Value) {
    let Some(spec) = get_object(template, "spec") else { return };
    let Some(affinity) = get_object(spec, "affinity") else { return };
    if let Some(anti) = get_object(affinity, "podAntiAffinity") {
        for list in [REQUIRED, PREFERRED] {
            if let Some(terms) = anti.get_mut(list).and_then(Value::as_array_mut) {
                terms.retain(|term| hash_of(term).is_none());
            }
        }
        object(anti).retain(|_, terms| !is_empty(terms));
    }
    object(affinity).retain(|_, part| !is_empty(part));
    if is_empty(affinity) {
        object(spec).remove("affinity");
    }
}

/// The ReplicaSet hash that an injected term names, if there is such a term.
pub fn injected_hash(template: &Value) -> Option<String> {
    let anti = template.get("spec")?.get("affinity")?.get("podAntiAffinity")?;
    let terms = [REQUIRED, PREFERRED].into_iter().filter_map(|list| anti.get(list)?.as_array()).flatten();
    terms.into_iter().find_map(hash_of)
}

/// The hash in a term that has the form [`inject`] gives it; bare or wrapped with a weight.
fn hash_of(term: &Value) -> Option<String> {
    let term = term.get("podAffinityTerm").unwrap_or(term);
    let [expression] = term.get("labelSelector")?.get("matchExpressions")?.as_array()?.as_slice() else { return None };
    let [hash] = expression.get("values")?.as_array()?.as_slice() else { return None };
    let ours = expression.get("key")? == POD_TEMPLATE_HASH && expression.get("operator")? == "In";
    hash.as_str().filter(|_| ours).map(str::to_string)
}

fn is_empty(v: &Value) -> bool {
    match v {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::{PreferredAntiAffinity, RequiredAntiAffinity};

    fn required() -> AntiAffinity {
        let required = Some(RequiredAntiAffinity {});
        AntiAffinity { required_during_scheduling_ignored_during_execution: required, ..Default::default() }
    }

    #[test]
    fn a_term_goes_in_and_out_again() {
        let before = json!({"spec": {"containers": []}});
        let mut template = before.clone();
        inject(&mut template, &required(), "abc", "ns");
        assert_eq!(
            template["spec"]["affinity"]["podAntiAffinity"][REQUIRED],
            json!([{
                "labelSelector": {"matchExpressions": [
                    {"key": "rollouts-pod-template-hash", "operator": "In", "values": ["abc"]}]},
                "namespaces": ["ns"],
                "topologyKey": "kubernetes.io/hostname",
            }])
        );
        assert_eq!(injected_hash(&template).as_deref(), Some("abc"));
        inject(&mut template, &required(), "def", "ns");
        assert_eq!(injected_hash(&template).as_deref(), Some("def"));
        remove(&mut template);
        assert_eq!(template, before);
        assert_eq!(injected_hash(&template), None);
    }

    #[test]
    fn terms_of_the_user_stay() {
        let own = json!({"weight": 1, "podAffinityTerm": {"topologyKey": "zone"}});
        let before = json!({"spec": {"affinity": {"podAntiAffinity": {PREFERRED: [own]}, "nodeAffinity": {"x": 1}}}});
        let mut template = before.clone();
        let preferred = Some(PreferredAntiAffinity { weight: 7 });
        let preferred =
            AntiAffinity { preferred_during_scheduling_ignored_during_execution: preferred, ..Default::default() };
        inject(&mut template, &preferred, "abc", "ns");
        let terms = &template["spec"]["affinity"]["podAntiAffinity"][PREFERRED];
        assert_eq!((terms[0].clone(), &terms[1]["weight"]), (own, &json!(7)));
        remove(&mut template);
        assert_eq!(template, before);
    }
}

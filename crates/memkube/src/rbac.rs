//! Authorization: `system:masters` may do everything, others what the stored RBAC objects grant.

use crate::auth::Identity;
use crate::errors::ApiError;
use crate::meta;
use crate::resource::StoreKey;
use crate::selector::LabelSelector;
use crate::state::State;
use crate::store::Stored;
use serde_json::Value;
use std::sync::Arc;

const GROUP: &str = "rbac.authorization.k8s.io";

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attributes<'a> {
    /// Verb.
    pub verb: &'a str,
    /// API group.
    pub group: &'a str,
    /// Plural name; empty for a path that names no resource.
    pub plural: &'a str,
    /// Subresource.
    pub sub: &'a str,
    /// Namespace; empty for cluster scope.
    pub namespace: &'a str,
    /// Object name.
    pub name: &'a str,
    /// Path, for requests that name no resource.
    pub path: &'a str,
}

impl Attributes<'_> {
    fn resource(&self) -> String {
        if self.sub.is_empty() { self.plural.to_owned() } else { format!("{}/{}", self.plural, self.sub) }
    }

    /// The 403 of the real server.
    pub fn denied(&self, identity: &Identity) -> ApiError {
        let user = &identity.user;
        if self.plural.is_empty() {
            let why = format!("User {user:?} cannot {} path {:?}", self.verb, self.path);
            return ApiError::forbidden("", "", "", &why);
        }
        let scope = if self.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace {:?}", self.namespace)
        };
        let why = format!(
            "User {user:?} cannot {} resource {:?} in API group {:?} {scope}",
            self.verb,
            self.resource(),
            self.group
        );
        ApiError::forbidden(self.group, self.plural, self.name, &why)
    }
}

fn strings<'v>(rule: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    rule.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn rule_allows(rule: &Value, a: &Attributes<'_>) -> bool {
    if !strings(rule, "verbs").any(|v| v == "*" || v == a.verb) {
        return false;
    }
    if a.plural.is_empty() {
        return strings(rule, "nonResourceURLs").any(|url| match url.strip_suffix('*') {
            Some(prefix) => a.path.starts_with(prefix),
            None => a.path == url,
        });
    }
    let resource = a.resource();
    let any_sub = format!("*/{}", a.sub);
    strings(rule, "apiGroups").any(|g| g == "*" || g == a.group)
        && strings(rule, "resources").any(|r| r == "*" || r == resource || (!a.sub.is_empty() && r == any_sub))
        && (strings(rule, "resourceNames").next().is_none() || strings(rule, "resourceNames").any(|n| n == a.name))
}

fn subject_matches(subject: &Value, identity: &Identity, binding_namespace: &str) -> bool {
    let text = |key: &str| subject.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("kind") {
        "User" => text("name") == identity.user || text("name") == "*",
        "Group" => identity.groups.iter().any(|g| g == text("name")),
        "ServiceAccount" => {
            let namespace = if text("namespace").is_empty() { binding_namespace } else { text("namespace") };
            identity.user == format!("system:serviceaccount:{namespace}:{}", text("name"))
        }
        _ => false,
    }
}

fn applies(binding: &Value, identity: &Identity) -> bool {
    let namespace = meta::namespace(binding);
    let subjects = binding.get("subjects").and_then(Value::as_array).into_iter().flatten();
    subjects.into_iter().any(|s| subject_matches(s, identity, namespace))
}

/// The rules of a role, those of aggregated ClusterRoles included.
fn role_rules(state: &State, role: &Value) -> Vec<Value> {
    let mut rules: Vec<Value> = role.get("rules").and_then(Value::as_array).cloned().unwrap_or_default();
    let selectors = role.get("aggregationRule").and_then(|a| a.get("clusterRoleSelectors")).and_then(Value::as_array);
    for selector in selectors.into_iter().flatten().map(LabelSelector::from_object) {
        for other in state.stores.range(&StoreKey::new(GROUP, "clusterroles"), None) {
            if selector.matches(&other.value) {
                rules.extend(other.value.get("rules").and_then(Value::as_array).cloned().unwrap_or_default());
            }
        }
    }
    rules
}

/// All rules that bind the identity, cluster-wide and (if named) in a namespace.
pub fn rules_for(state: &State, identity: &Identity, namespace: &str) -> Vec<Value> {
    grants(state, identity, namespace).into_iter().flat_map(|(_, rules)| rules).collect()
}

/// The bindings of an identity, each with its rules.
fn grants(state: &State, identity: &Identity, namespace: &str) -> Vec<(Arc<Stored>, Vec<Value>)> {
    let mut found = Vec::new();
    let cluster = state.stores.range(&StoreKey::new(GROUP, "clusterrolebindings"), None);
    let local: Vec<_> = if namespace.is_empty() {
        Vec::new()
    } else {
        state.stores.range(&StoreKey::new(GROUP, "rolebindings"), Some(namespace)).map(Arc::clone).collect()
    };
    for binding in cluster.chain(local.iter()).filter(|b| applies(&b.value, identity)) {
        let role = binding.value.get("roleRef");
        let text = |key: &str| role.and_then(|r| r.get(key)).and_then(Value::as_str).unwrap_or_default();
        let (plural, ns) =
            if text("kind") == "Role" { ("roles", meta::namespace(&binding.value)) } else { ("clusterroles", "") };
        if let Some(role) = state.object(GROUP, plural, ns, text("name")) {
            found.push((binding.clone(), role_rules(state, &role.value)));
        }
    }
    found
}

/// Why the identity may do it, in the real server's words; nothing when it may not.
pub fn reason(state: &State, identity: &Identity, attributes: &Attributes<'_>) -> Option<String> {
    if identity.is_master() {
        return Some(String::new());
    }
    let all = grants(state, identity, attributes.namespace);
    let (binding, _) = all.into_iter().find(|(_, rules)| rules.iter().any(|rule| rule_allows(rule, attributes)))?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, namespace) = (meta::name(&binding.value), meta::namespace(&binding.value));
    let (kind, name) = match namespace {
        "" => ("ClusterRoleBinding", name.to_owned()),
        namespace => ("RoleBinding", format!("{name}/{namespace}")),
    };
    let role = &binding.value["roleRef"];
    let subjects = binding.value["subjects"].as_array().into_iter().flatten();
    let subject = subjects.into_iter().find(|s| subject_matches(s, identity, namespace))?;
    let mut whom = text(subject, "name");
    if text(subject, "kind") == "ServiceAccount" {
        whom = format!("{whom}/{}", text(subject, "namespace"));
    }
    let (role_kind, role, subject) = (text(role, "kind"), text(role, "name"), text(subject, "kind"));
    Some(format!("RBAC: allowed by {kind} {name:?} of {role_kind} {role:?} to {subject} {whom:?}"))
}

/// Whether the identity may do it.
pub fn allowed(state: &State, identity: &Identity, attributes: &Attributes<'_>) -> bool {
    identity.is_master()
        || rules_for(state, identity, attributes.namespace).iter().any(|rule| rule_allows(rule, attributes))
}

//! Questions in the form of objects: access and token reviews, and the bindings of old schedulers.

use crate::auth::Identity;
use crate::decode;
use crate::errors::{ApiError, Result};
use crate::meta;
use crate::rbac::{self, Attributes};
use crate::reply::Reply;
use crate::request::Request;
use crate::resource::Resource;
use crate::state::State;
use crate::subresources;
use crate::validate::cause;
use rollouts_schema::FieldError;
use serde_json::{Value, json};

/// Answers a POST of a kind that is never stored.
///
/// # Errors
/// 400 for malformed bodies.
pub fn answer(state: &mut State, request: &Request, resource: &Resource, namespace: &str) -> Result<Reply> {
    let mut body = decode::object_body(request)?.value;
    decode::check_kind(&mut body, &resource.api_version(), &resource.kind, false)?;
    if resource.plural == "bindings" {
        let name = meta::name(&body).to_owned();
        return subresources::bind(state, request, namespace, &name, &body);
    }
    let spec = body.get("spec").cloned().unwrap_or(Value::Null);
    body["metadata"] = if namespace.is_empty() { json!({}) } else { json!({"namespace": namespace}) };
    if resource.plural.ends_with("accessreviews") {
        one_question(&spec)?;
    }
    body["status"] = match resource.plural.as_str() {
        "selfsubjectaccessreviews" => access(state, &request.identity, &spec),
        "subjectaccessreviews" | "localsubjectaccessreviews" => access(state, &subject(&spec), &spec),
        "selfsubjectrulesreviews" => {
            body["spec"] = json!({});
            rules(state, &request.identity, spec["namespace"].as_str().unwrap_or_default())
        }
        "selfsubjectreviews" => {
            body["metadata"] = json!({"creationTimestamp": state.now_text()});
            json!({"userInfo": request.identity.to_user_info()})
        }
        "tokenreviews" => token(state, &spec),
        _ => return Err(ApiError::no_route()),
    };
    Ok(Reply::json(201, body))
}

/// A review asks about a resource or about a path.
fn one_question(spec: &Value) -> Result<()> {
    if spec["resourceAttributes"].is_object() != spec["nonResourceAttributes"].is_object() {
        return Ok(());
    }
    let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    let e = FieldError::invalid("spec.resourceAttributes", spec["resourceAttributes"].clone(), why);
    Err(ApiError::invalid("authorization.k8s.io", "", "", vec![cause(&e)]))
}

fn subject(spec: &Value) -> Identity {
    let groups = spec["groups"].as_array().into_iter().flatten();
    Identity {
        user: spec["user"].as_str().unwrap_or_default().to_owned(),
        groups: groups.filter_map(|g| g.as_str().map(str::to_owned)).collect(),
        ..Identity::default()
    }
}

fn access(state: &State, identity: &Identity, spec: &Value) -> Value {
    let resource = &spec["resourceAttributes"];
    let other = &spec["nonResourceAttributes"];
    let text = |v: &'_ Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
    let part = |key: &str| text(resource, key);
    let (verb, group, plural, sub) = (part("verb"), part("group"), part("resource"), part("subresource"));
    let (namespace, name, path) = (part("namespace"), part("name"), text(other, "path"));
    let other_verb = text(other, "verb");
    let attributes = Attributes {
        verb: if resource.is_object() { &verb } else { &other_verb },
        group: &group,
        plural: &plural,
        sub: &sub,
        namespace: &namespace,
        name: &name,
        path: &path,
    };
    match rbac::reason(state, identity, &attributes) {
        None => json!({"allowed": false}),
        Some(reason) if reason.is_empty() => json!({"allowed": true}),
        Some(reason) => json!({"allowed": true, "reason": reason}),
    }
}

fn rules(state: &State, identity: &Identity, namespace: &str) -> Value {
    let all = rbac::rules_for(state, identity, namespace);
    let (paths, resources): (Vec<_>, Vec<_>) = all.into_iter().partition(|r| r.get("nonResourceURLs").is_some());
    json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false})
}

fn token(state: &State, spec: &Value) -> Value {
    match state.token_identity(spec["token"].as_str().unwrap_or_default()) {
        Some(identity) => {
            json!({"authenticated": true, "user": identity.to_user_info(), "audiences": [crate::auth::ISSUER]})
        }
        None => json!({"user": {}, "error": "invalid bearer token"}),
    }
}

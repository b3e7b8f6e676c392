//! Subresources of one kind only: pods' binding, eviction and log, service accounts' token, namespaces' finalize.

use crate::auth::IssuedToken;
use crate::decode;
use crate::delete::{self, DeleteOptions};
use crate::errors::{ApiError, Cause, Details, Result};
use crate::meta;
use crate::patch;
use crate::read;
use crate::reply::Reply;
use crate::request::Request;
use crate::resource::{Resource, StoreKey};
use crate::selector::LabelSelector;
use crate::state::State;
use crate::store::Stored;
use crate::write::{self, Door, Write};
use http::Method;
use rollouts_api::Time;
use serde_json::{Value, json};
use std::sync::Arc;

/// Annotation whose text is the log of the pod.
pub const LOG_ANNOTATION: &str = "memkube.argoproj.io/log";

/// Answers a request for a subresource that `resource` lists.
///
/// # Errors
/// What the real server says.
pub fn answer(
    state: &mut State,
    request: &Request,
    resource: &Arc<Resource>,
    namespace: &str,
    name: &str,
    sub: &str,
) -> Result<Reply> {
    match (sub, &request.method) {
        ("log", &Method::GET) => log(state, request, resource, namespace, name),
        ("binding", &Method::POST) => {
            let body = decode::object_body(request)?.value;
            bind(state, request, namespace, name, &body)
        }
        ("eviction", &Method::POST) => evict(state, request, resource, namespace, name),
        ("token", &Method::POST) => token(state, request, resource, namespace, name),
        ("finalize", &Method::PUT) => finalize(state, request, resource, name),
        ("ephemeralcontainers" | "resize", _) => whole(state, request, resource, namespace, name, sub),
        // Streams into containers that do not exist.
        ("attach" | "exec" | "portforward" | "proxy", _) => {
            Err(ApiError::new(501, "NotImplemented", format!("pods of this server run nothing: {sub} is not possible")))
        }
        _ => Err(ApiError::method_not_allowed()),
    }
}

fn ok_status(code: u16) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code})
}

fn log(state: &State, request: &Request, resource: &Resource, namespace: &str, name: &str) -> Result<Reply> {
    let pod = read::get(state, resource, namespace, name)?;
    let names: Vec<&str> =
        pod.value["spec"]["containers"].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str()).collect();
    let init = pod.value["spec"]["initContainers"].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str());
    let all: Vec<&str> = names.iter().copied().chain(init).collect();
    let container = match (request.query.get("container"), names.as_slice()) {
        (Some(c), _) if all.contains(&c) => c,
        (Some(c), _) => {
            return Err(ApiError::bad_request(format!("container {c} is not valid for pod {name}")));
        }
        (None, [only]) => only,
        (None, _) => {
            return Err(ApiError::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                names.join(" ")
            )));
        }
    };
    let statuses = pod.value["status"]["containerStatuses"].as_array().into_iter().flatten();
    let status = statuses.into_iter().find(|s| s["name"] == container).cloned().unwrap_or_default();
    let has_ended = !status["lastState"]["terminated"].is_null();
    if request.query.get("previous").is_some_and(|previous| previous == "true") && !has_ended {
        let message = format!("previous terminated container {container:?} in pod {name:?} not found");
        return Err(ApiError::bad_request(message));
    }
    // One that waits to be started again has the log of its last life.
    if let Some(reason) = status["state"]["waiting"]["reason"].as_str().filter(|_| !has_ended) {
        let why = if reason.contains("Image") {
            "trying and failing to pull image".to_owned()
        } else {
            format!("waiting to start: {reason}")
        };
        return Err(ApiError::bad_request(format!("container {container:?} in pod {name:?} is {why}")));
    }
    let annotations = &pod.value["metadata"]["annotations"];
    let text = annotations[LOG_ANNOTATION].as_str().map(str::to_owned).unwrap_or_else(|| {
        let image = pod.value["spec"]["containers"].as_array().into_iter().flatten();
        let image = image.filter(|c| c["name"] == container).find_map(|c| c["image"].as_str()).unwrap_or_default();
        format!("{container} of {image} started\n")
    });
    Ok(Reply::text(200, log_window(request, &text)?))
}

fn log_window(request: &Request, text: &str) -> Result<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    if let Some(tail) = request.query.number("tailLines")? {
        lines = lines.split_off(lines.len().saturating_sub(tail.max(0) as usize));
    }
    let mut out: String = lines.iter().flat_map(|l| [*l, "\n"]).collect();
    if let Some(limit) = request.query.number("limitBytes")? {
        let mut cut = (limit.max(0) as usize).min(out.len());
        while !out.is_char_boundary(cut) {
            cut -= 1;
        }
        out.truncate(cut);
    }
    Ok(out)
}

/// Puts a pod onto a node, as a scheduler asks.
///
/// # Errors
/// 404 for an unknown pod, 409 for one that has a node.
pub fn bind(state: &mut State, request: &Request, namespace: &str, name: &str, body: &Value) -> Result<Reply> {
    let resource = state.registry.find("", "v1", "pods").cloned().ok_or_else(ApiError::no_route)?;
    let old = read::get(state, &resource, namespace, name)?;
    let node = body["target"]["name"].as_str().unwrap_or_default();
    if node.is_empty() {
        let cause = Cause {
            reason: "FieldValueRequired".into(),
            message: "Required value".into(),
            field: "target.name".into(),
        };
        return Err(ApiError::invalid("", "Binding", name, vec![cause]));
    }
    let taken = old.value["spec"]["nodeName"].as_str().unwrap_or_default();
    if !taken.is_empty() {
        let why = format!("pod {name} is already assigned to node {taken:?}");
        return Err(ApiError::conflict("", "pods/binding", name, &why));
    }
    let mut new = old.value.clone();
    new["spec"]["nodeName"] = json!(node);
    let scheduled = json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null,
        "lastTransitionTime": state.now_text()});
    match new["status"]["conditions"].as_array_mut() {
        Some(list) => {
            list.retain(|c| c["type"] != "PodScheduled");
            list.push(scheduled);
        }
        None => new["status"]["conditions"] = json!([scheduled]),
    }
    // Nobody owns the node.
    let w = Write { manager: String::new(), dry_run: request.query.dry_run()?, unconditional: true };
    write::update(state, &w, &resource, &old, new, Door::Other("binding"))?;
    Ok(Reply::json(201, ok_status(201)))
}

fn budget_of(state: &State, pod: &Value) -> Vec<Arc<Stored>> {
    let budgets = state.stores.range(&StoreKey::new("policy", "poddisruptionbudgets"), Some(meta::namespace(pod)));
    budgets
        .filter(|b| {
            let selector = &b.value["spec"]["selector"];
            !selector.is_null() && LabelSelector::from_object(selector).matches(pod)
        })
        .cloned()
        .collect()
}

fn is_healthy(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|c| c["type"] == "Ready" && c["status"] == "True")
}

fn too_many(budget: &Stored) -> ApiError {
    let status = &budget.value["status"];
    let name = meta::name(&budget.value);
    let (healthy, wanted) =
        (status["currentHealthy"].as_i64().unwrap_or(0), status["desiredHealthy"].as_i64().unwrap_or(0));
    ApiError::too_many_requests(
        "Cannot evict pod as it would violate the pod's disruption budget.",
        Cause {
            reason: "DisruptionBudget".into(),
            message: format!("The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently"),
            field: String::new(),
        },
    )
}

/// A budget whose controller has not seen it yet promises nothing.
fn unobserved(budget: &Stored) -> ApiError {
    const RETRY_AFTER_SECONDS: u32 = 10;
    let name = meta::name(&budget.value);
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    let cause = Cause {
        reason: "DisruptionBudget".into(),
        message: format!("The disruption budget {name} is still being processed by the server."),
        field: String::new(),
    };
    ApiError::new(429, "TooManyRequests", message).with_details(Details {
        causes: vec![cause],
        retry_after_seconds: RETRY_AFTER_SECONDS,
        ..Details::default()
    })
}

/// The condition that says whether the budget allows a disruption.
fn set_allowance(state: &State, budget: &mut Value, allowed: i64) {
    let (status, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let conditions = budget["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let (mut ours, mut all): (Vec<Value>, Vec<Value>) =
        conditions.into_iter().partition(|c| c["type"] == "DisruptionAllowed");
    let since = ours.pop().filter(|c| c["status"] == status).map(|c| c["lastTransitionTime"].clone());
    all.push(json!({
        "type": "DisruptionAllowed", "status": status, "reason": reason, "message": "",
        "observedGeneration": meta::generation(budget),
        "lastTransitionTime": since.unwrap_or_else(|| json!(state.now_text())),
    }));
    budget["status"]["conditions"] = json!(all);
}

fn evict(state: &mut State, request: &Request, resource: &Resource, namespace: &str, name: &str) -> Result<Reply> {
    let body = decode::object_body(request)?.value;
    let named = meta::name(&body);
    if !named.is_empty() && named != name {
        return Err(ApiError::bad_request("name in URL does not match name in Eviction object"));
    }
    let mut options = DeleteOptions::from_value(&body["deleteOptions"])?;
    options.dry_run |= request.query.dry_run()?;
    let pod = read::get(state, resource, namespace, name)?;
    let pending = pod.value["status"]["phase"] == "Pending";
    let finished = matches!(pod.value["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    let exempt = pending || finished || meta::is_deleting(&pod.value);
    let budgets = if exempt { Vec::new() } else { budget_of(state, &pod.value) };
    match budgets.as_slice() {
        [] => {}
        [budget] => charge(state, budget, &pod, options.dry_run)?,
        _ => {
            return Err(ApiError::new(
                500,
                "",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
    }
    delete::delete(state, resource, &pod, &options)?;
    Ok(Reply::json(201, ok_status(201)))
}

/// Takes one disruption from the budget, if it has one to give.
fn charge(state: &mut State, budget: &Arc<Stored>, pod: &Stored, dry_run: bool) -> Result<()> {
    let status = &budget.value["status"];
    let allowed = status["disruptionsAllowed"].as_i64().unwrap_or(0);
    let fresh = status["observedGeneration"].as_i64() == Some(meta::generation(&budget.value));
    let always = budget.value["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow";
    let spare = status["currentHealthy"].as_i64().unwrap_or(0) >= status["desiredHealthy"].as_i64().unwrap_or(0);
    if !is_healthy(&pod.value) && (always || spare) {
        return Ok(());
    }
    if !fresh {
        return Err(unobserved(budget));
    }
    if allowed <= 0 {
        return Err(too_many(budget));
    }
    if dry_run {
        return Ok(());
    }
    let mut new = budget.value.clone();
    new["status"]["disruptionsAllowed"] = json!(allowed - 1);
    new["status"]["disruptedPods"][meta::name(&pod.value)] = json!(state.now_text());
    set_allowance(state, &mut new, allowed - 1);
    let resource = state.registry.find("policy", "v1", "poddisruptionbudgets").cloned();
    let resource = resource.ok_or_else(ApiError::no_route)?;
    write::update(state, &Write::internal(), &resource, budget, new, Door::Status).map(drop)
}

const DEFAULT_TOKEN_SECONDS: i64 = 3600;
const MIN_TOKEN_SECONDS: i64 = 600;

fn token(state: &State, request: &Request, resource: &Resource, namespace: &str, name: &str) -> Result<Reply> {
    let mut body = decode::object_body(request)?.value;
    let account = read::get(state, resource, namespace, name)?;
    let seconds = body["spec"]["expirationSeconds"].as_i64().unwrap_or(DEFAULT_TOKEN_SECONDS);
    if seconds < MIN_TOKEN_SECONDS {
        let message = format!("Invalid value: {seconds}: may not specify a duration less than 10 minutes");
        let cause = Cause { reason: "FieldValueInvalid".into(), message, field: "spec.expirationSeconds".into() };
        return Err(ApiError::invalid("authentication.k8s.io", "TokenRequest", "", vec![cause]));
    }
    let mut audiences: Vec<String> = body["spec"]["audiences"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|a| a.as_str().map(str::to_owned))
        .collect();
    if audiences.is_empty() {
        audiences.push(crate::auth::ISSUER.to_owned());
    }
    let expires = state.now().as_second() + seconds;
    let issued = IssuedToken {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: meta::uid(&account.value).to_owned(),
        expires: Some(expires),
    };
    let text = state.issue_token(issued, &audiences);
    let until = jiff::Timestamp::from_second(expires).unwrap_or(jiff::Timestamp::MAX);
    body["kind"] = json!("TokenRequest");
    body["apiVersion"] = json!("authentication.k8s.io/v1");
    let uid = state.rng.uid();
    body["metadata"] = json!({"name": name, "namespace": namespace, "uid": uid, "creationTimestamp": state.now_text()});
    if body["spec"].get("boundObjectRef").is_none() {
        body["spec"]["boundObjectRef"] = Value::Null;
    }
    body["spec"]["audiences"] = json!(audiences);
    body["spec"]["expirationSeconds"] = json!(seconds);
    body["status"] = json!({"token": text, "expirationTimestamp": Time::new(until).to_string()});
    Ok(Reply::json(201, body))
}

fn finalize(state: &mut State, request: &Request, resource: &Arc<Resource>, name: &str) -> Result<Reply> {
    let body = decode::object_body(request)?.value;
    let old = read::get(state, resource, "", name)?;
    let mut new = body.clone();
    new["status"] = old.value["status"].clone();
    new["spec"]["finalizers"] = body["spec"].get("finalizers").cloned().unwrap_or_else(|| json!([]));
    match meta::resource_version(&body) {
        "" => meta::remove(&mut new, "resourceVersion"),
        rv => meta::set(&mut new, "resourceVersion", json!(rv)),
    }
    let w = Write { manager: request.manager(), dry_run: request.query.dry_run()?, unconditional: true };
    let stored = write::update(state, &w, resource, &old, new, Door::Other("finalize"))?;
    Ok(Reply::object(200, stored, resource))
}

/// A subresource that shows and changes the whole object.
fn whole(
    state: &mut State,
    request: &Request,
    resource: &Arc<Resource>,
    namespace: &str,
    name: &str,
    sub: &str,
) -> Result<Reply> {
    let old = read::get(state, resource, namespace, name)?;
    let door = Door::Other(if sub == "resize" { "resize" } else { "ephemeralcontainers" });
    match request.method {
        Method::GET => Ok(Reply::object(200, old, resource)),
        Method::PATCH => patch::patch(state, request, resource, Some(&old), (namespace, name), door),
        Method::PUT => {
            let obj = decode::object_body(request)?.value;
            let w = Write { manager: request.manager(), dry_run: request.query.dry_run()?, unconditional: true };
            let stored = write::update(state, &w, resource, &old, obj, door)?;
            Ok(Reply::object(200, stored, resource))
        }
        _ => Err(ApiError::method_not_allowed()),
    }
}

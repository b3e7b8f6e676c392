//! From a request to its handler.

use crate::decode;
use crate::delete::{self, DeleteOptions, Deleted};
use crate::discovery;
use crate::errors::{ApiError, Result};
use crate::kinds;
use crate::meta;
use crate::negotiate::Format;
use crate::options;
use crate::patch;
use crate::rbac::{self, Attributes};
use crate::read;
use crate::reply::{Content, Reply};
use crate::request::{Request, Target};
use crate::resource::Resource;
use crate::reviews;
use crate::scale;
use crate::state::State;
use crate::store::Stored;
use crate::subresources;
use crate::view;
use crate::write::{self, Door, Write};
use http::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// Answers a request.
///
/// # Errors
/// What the real server says.
pub fn route(state: &mut State, request: &Request, format: Format) -> Result<Reply> {
    authorize(state, request)?;
    let Some(target) = &request.target else {
        return discovery::answer(state, request, format);
    };
    if !target.group.is_empty() && !state.registry.groups().contains_key(&target.group) {
        return Ok(discovery::nothing_here());
    }
    if !matches!(request.method, Method::GET | Method::HEAD) {
        options::check_write(request, patch::is_apply(request))?;
    }
    let resource =
        state.registry.find(&target.group, &target.version, &target.plural).cloned().ok_or_else(ApiError::no_route)?;
    let mut reply = resource_request(state, request, format, target, &resource)?;
    view::check_shape(&reply, request, format)?;
    if target.group.is_empty() && target.plural == "endpoints" {
        let warning = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";
        reply.warnings.push(warning.to_owned());
    }
    if let Some(warning) = resource.crd_version().and_then(|v| v.deprecation_warning.clone()) {
        reply.warnings.push(warning);
    }
    Ok(reply)
}

fn authorize(state: &State, request: &Request) -> Result<()> {
    let target = request.target.clone().unwrap_or_default();
    let attributes = Attributes {
        verb: request.verb(),
        group: &target.group,
        plural: &target.plural,
        sub: &target.sub,
        namespace: &target.namespace,
        name: &target.name,
        path: &request.path,
    };
    if rbac::allowed(state, &request.identity, &attributes) {
        Ok(())
    } else {
        Err(attributes.denied(&request.identity))
    }
}

fn resource_request(
    state: &mut State,
    request: &Request,
    format: Format,
    target: &Target,
    resource: &Arc<Resource>,
) -> Result<Reply> {
    let namespace = target.object_namespace();
    if !namespace.is_empty() && !resource.namespaced {
        return Err(ApiError::no_route());
    }
    if kinds::is_virtual(&resource.group, &resource.plural) {
        return match (&request.method, target.name.is_empty()) {
            (&Method::POST, true) => reviews::answer(state, request, resource, namespace),
            _ => Err(ApiError::method_not_allowed()),
        };
    }
    if target.name.is_empty() {
        return collection(state, request, format, resource, namespace);
    }
    if resource.namespaced && namespace.is_empty() {
        return Err(ApiError::no_route());
    }
    match target.sub.as_str() {
        "" => object(state, request, format, resource, namespace, &target.name),
        sub => subresource(state, request, resource, namespace, &target.name, sub),
    }
}

fn collection(
    state: &mut State,
    request: &Request,
    format: Format,
    resource: &Arc<Resource>,
    namespace: &str,
) -> Result<Reply> {
    match request.verb() {
        "watch" => read::watch(state, request, resource, namespace, "", format),
        "list" => read::list(state, request, resource, namespace),
        // Objects are written in their namespace; only reads go across.
        "create" | "deletecollection" if resource.namespaced && namespace.is_empty() => {
            Err(ApiError::method_not_allowed())
        }
        "create" => create(state, request, resource, namespace),
        "deletecollection" if resource.verbs.contains(&"deletecollection") => {
            delete_collection(state, request, resource, namespace)
        }
        _ => Err(ApiError::method_not_allowed()),
    }
}

fn create(state: &mut State, request: &Request, resource: &Arc<Resource>, namespace: &str) -> Result<Reply> {
    let decoded = decode::object_body_of(request, &resource.kind)?;
    let mut obj = decoded.value;
    decode::check_kind(&mut obj, &resource.api_version(), &resource.kind, resource.is_custom())?;
    let warnings = decode::field_validation(request, resource, &mut obj, &decoded.duplicates)?;
    let w = Write { manager: request.manager(), dry_run: request.query.dry_run()?, unconditional: true };
    let stored = write::create(state, &w, resource, namespace, obj)?;
    Ok(Reply::object(201, stored, resource).with_warnings(warnings))
}

fn delete_collection(state: &mut State, request: &Request, resource: &Arc<Resource>, namespace: &str) -> Result<Reply> {
    let options = DeleteOptions::parse(request)?;
    // The answer shows the objects as they were found.
    let reply = read::list(state, request, resource, namespace)?;
    if let Content::List { items, .. } = &reply.content {
        for item in items {
            delete::delete(state, resource, item, &options)?;
        }
    }
    Ok(reply)
}

fn object(
    state: &mut State,
    request: &Request,
    format: Format,
    resource: &Arc<Resource>,
    namespace: &str,
    name: &str,
) -> Result<Reply> {
    match request.method {
        Method::GET if request.verb() == "watch" => read::watch(state, request, resource, namespace, name, format),
        Method::GET => {
            read::check_version(request)?;
            Ok(Reply::object(200, read::get(state, resource, namespace, name)?, resource))
        }
        Method::PUT => put(state, request, resource, (namespace, name), Door::Main),
        Method::PATCH => {
            let old = read::get(state, resource, namespace, name).ok();
            patch::patch(state, request, resource, old.as_ref(), (namespace, name), Door::Main)
        }
        Method::DELETE => delete_one(state, request, resource, namespace, name),
        _ => Err(ApiError::method_not_allowed()),
    }
}

/// Kinds that a PUT to a free name creates.
fn put_creates(resource: &Resource) -> bool {
    matches!(
        (resource.group.as_str(), resource.plural.as_str()),
        ("", "endpoints" | "events" | "limitranges" | "podtemplates" | "services")
            | ("events.k8s.io" | "coordination.k8s.io" | "rbac.authorization.k8s.io", _)
    )
}

fn put(
    state: &mut State,
    request: &Request,
    resource: &Arc<Resource>,
    (namespace, name): (&str, &str),
    door: Door,
) -> Result<Reply> {
    let decoded = decode::object_body_of(request, &resource.kind)?;
    let mut obj = decoded.value;
    decode::check_kind(&mut obj, &resource.api_version(), &resource.kind, resource.is_custom())?;
    let warnings = decode::field_validation(request, resource, &mut obj, &decoded.duplicates)?;
    if meta::name(&obj).is_empty() {
        return Err(patch::nameless(request));
    }
    let w = Write { manager: request.manager(), dry_run: request.query.dry_run()?, unconditional: false };
    let (code, stored) = match read::get(state, resource, namespace, name) {
        Ok(old) => (200, write::update(state, &w, resource, &old, obj, door)?),
        Err(_) if door == Door::Main && put_creates(resource) && meta::resource_version(&obj).is_empty() => {
            (201, write::create(state, &w, resource, namespace, obj)?)
        }
        Err(e) => return Err(e),
    };
    Ok(Reply::object(code, stored, resource).with_warnings(warnings))
}

fn delete_one(
    state: &mut State,
    request: &Request,
    resource: &Arc<Resource>,
    namespace: &str,
    name: &str,
) -> Result<Reply> {
    let options = DeleteOptions::parse(request)?;
    let old = read::get(state, resource, namespace, name)?;
    let mut warnings = Vec::new();
    if options.propagation.is_none() && resource.group == "batch" && resource.plural == "jobs" {
        let why = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to \
                   remove them or set propagationPolicy=Orphan to suppress this warning";
        warnings.push(why.to_owned());
    }
    // Pods and services answer with the object, other kinds say so when nothing is left.
    let shows_object = matches!(
        (resource.group.as_str(), resource.plural.as_str()),
        (
            "",
            "pods"
                | "services"
                | "serviceaccounts"
                | "persistentvolumes"
                | "persistentvolumeclaims"
                | "podtemplates"
                | "resourcequotas"
        )
    );
    let reply = match delete::delete(state, resource, &old, &options)? {
        Deleted::Gone(last) if shows_object => Reply::object(200, last, resource),
        Deleted::Waiting(now) => Reply::object(200, now, resource),
        Deleted::Gone(last) => Reply::json(200, deleted_status(resource, &last)),
    };
    Ok(reply.with_warnings(warnings))
}

fn deleted_status(resource: &Resource, last: &Stored) -> Value {
    let mut details = json!({
        "name": meta::name(&last.value), "kind": resource.plural, "uid": meta::uid(&last.value),
    });
    if !resource.group.is_empty() {
        details["group"] = json!(resource.group);
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

fn subresource(
    state: &mut State,
    request: &Request,
    resource: &Arc<Resource>,
    namespace: &str,
    name: &str,
    sub: &str,
) -> Result<Reply> {
    let key = (namespace, name);
    match sub {
        "status" if resource.status => match request.method {
            Method::GET => Ok(Reply::object(200, read::get(state, resource, namespace, name)?, resource)),
            Method::PUT => put(state, request, resource, key, Door::Status),
            Method::PATCH => {
                let old = read::get(state, resource, namespace, name).ok();
                patch::patch(state, request, resource, old.as_ref(), key, Door::Status)
            }
            _ => Err(ApiError::method_not_allowed()),
        },
        "scale" => {
            let paths = resource.scale.clone().ok_or_else(ApiError::no_route)?;
            let old = read::get(state, resource, namespace, name)?;
            scale::scale(state, request, resource, &paths, &old)
        }
        _ if resource.subresources.iter().any(|s| s.name == sub) => {
            subresources::answer(state, request, resource, namespace, name, sub)
        }
        _ if resource.is_custom() => Err(ApiError::not_found(&resource.group, &resource.plural, name)),
        _ => Err(ApiError::no_route()),
    }
}

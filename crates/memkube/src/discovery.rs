//! Everything that is not a resource: discovery, version, health, OpenAPI.

use crate::errors::{ApiError, Result};
use crate::negotiate::Format;
use crate::registry::Registry;
use crate::reply::{Content, Reply};
use crate::request::Request;
use crate::resource::{Resource, join_api_version};
use crate::state::State;
use crate::store::to_json;
use bytes::Bytes;
use http::Method;
use rollouts_schema::crd::Crd;
use rollouts_schema::openapi;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The version the server claims to be.
pub const GIT_VERSION: &str = "v1.34.4";
const AGGREGATED_TYPE: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers a request whose path names no resource.
///
/// # Errors
/// 404 for unknown paths.
pub fn answer(state: &mut State, request: &Request, format: Format) -> Result<Reply> {
    let registry = state.registry.clone();
    let parts: Vec<&str> = request.path.split('/').filter(|s| !s.is_empty()).collect();
    if !matches!(request.method, Method::GET | Method::HEAD)
        && matches!(parts.as_slice(), ["api"] | ["apis"] | ["api", _] | ["apis", _] | ["apis", _, _])
    {
        return Err(ApiError::method_not_allowed());
    }
    match parts.as_slice() {
        [] => Ok(Reply::json(200, paths(&registry))),
        ["version"] => Ok(Reply::json(200, version())),
        ["healthz" | "livez" | "readyz"] => Ok(health(request, parts[0])),
        ["healthz" | "livez" | "readyz", "ping"] => Ok(Reply::text(200, "ok")),
        ["api"] if format.aggregated => Ok(aggregated(&registry, true)),
        ["apis"] if format.aggregated => Ok(aggregated(&registry, false)),
        ["api"] => Ok(Reply::json(
            200,
            json!({"kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]}),
        )),
        ["apis"] => {
            let groups: Vec<Value> = registry.groups().iter().map(|(g, v)| group(g, v, false)).collect();
            Ok(Reply::json(200, json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})))
        }
        ["api", version] => resource_list(&registry, "", version),
        ["apis", name] => {
            let groups = registry.groups();
            Ok(groups.get(*name).map_or_else(nothing_here, |versions| Reply::json(200, group(name, versions, true))))
        }
        ["apis", name, _] if !registry.groups().contains_key(*name) => Ok(nothing_here()),
        ["apis", name, version] => resource_list(&registry, name, version),
        ["openapi", "v2"] if [OPENAPI_V2_ASKED, OPENAPI_V2_PROTOBUF].iter().any(|t| request.accept.contains(t)) => {
            Ok(openapi_v2_protobuf())
        }
        ["openapi", "v2"] => Ok(openapi_v2(&registry)),
        ["openapi", "v3"] => Ok(openapi_v3_index(&registry)),
        ["openapi", "v3", rest @ ..] => openapi_v3(&registry, &rest.join("/")),
        ["api" | "apis", ..] => Err(ApiError::no_route()),
        _ => Ok(nothing_here()),
    }
}

/// The 404 of a path outside of everything that is served.
pub fn nothing_here() -> Reply {
    Reply::text(404, "404 page not found\n")
}

fn paths(registry: &Registry) -> Value {
    let mut all: Vec<String> = vec!["/api".into(), "/api/v1".into(), "/apis".into()];
    for (group, versions) in registry.groups() {
        all.push(format!("/apis/{group}"));
        all.extend(versions.iter().map(|v| format!("/apis/{group}/{v}")));
    }
    all.extend(["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"].map(str::to_owned));
    json!({"paths": all})
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "34", "emulationMajor": "1", "emulationMinor": "34", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "33", "gitVersion": GIT_VERSION, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc", "platform": "linux/amd64",
    })
}

fn health(request: &Request, which: &str) -> Reply {
    if request.query.flag("verbose") {
        Reply::text(200, format!("[+]ping ok\n[+]memory-store ok\n{which} check passed\n"))
    } else {
        Reply::text(200, "ok")
    }
}

fn group(name: &str, versions: &[String], alone: bool) -> Value {
    let version = |v: &String| json!({"groupVersion": format!("{name}/{v}"), "version": v});
    let mut group = json!({
        "name": name, "versions": versions.iter().map(version).collect::<Vec<_>>(),
        "preferredVersion": versions.first().map(version),
    });
    if alone {
        group["kind"] = json!("APIGroup");
        group["apiVersion"] = json!("v1");
    }
    group
}

/// Kind of a subresource as group, version, kind: its own or its parent's.
fn sub_kind<'r>(r: &'r Resource, sub: &'r crate::resource::SubResource) -> (&'r str, &'r str, &'r str) {
    if sub.kind.is_empty() { (&r.group, &r.version, &r.kind) } else { (sub.group, sub.version, sub.kind) }
}

fn resource_list(registry: &Registry, group: &str, version: &str) -> Result<Reply> {
    let mut list = Vec::new();
    for r in registry.iter().filter(|r| r.group == group && r.version == version) {
        let mut entry = json!({
            "name": r.plural, "singularName": r.singular, "namespaced": r.namespaced, "kind": r.kind, "verbs": r.verbs,
        });
        if !r.short_names.is_empty() {
            entry["shortNames"] = json!(r.short_names);
        }
        if !r.categories.is_empty() {
            entry["categories"] = json!(r.categories);
        }
        list.push(entry);
        for sub in &r.subresources {
            let (g, v, kind) = sub_kind(r, sub);
            let mut entry = json!({
                "name": format!("{}/{}", r.plural, sub.name), "singularName": "", "namespaced": r.namespaced,
                "kind": kind, "verbs": sub.verbs,
            });
            if (g, v) != (r.group.as_str(), r.version.as_str()) {
                entry["group"] = json!(g);
                entry["version"] = json!(v);
            }
            list.push(entry);
        }
    }
    if list.is_empty() {
        return Err(ApiError::no_route());
    }
    let group_version = join_api_version(group, version);
    let mut answer = json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": list});
    if !group.is_empty() {
        answer["apiVersion"] = json!("v1");
    }
    Ok(Reply::json(200, answer))
}

/// The kind of an answer; of a built-in resource's own kind the group and version go without saying.
fn response_kind(r: &Resource, group: &str, version: &str, kind: &str) -> Value {
    if !r.is_custom() && (group, version) == (r.group.as_str(), r.version.as_str()) {
        return json!({"group": "", "version": "", "kind": kind});
    }
    json!({"group": group, "version": version, "kind": kind})
}

fn aggregated_resource(r: &Resource) -> Value {
    let mut entry = json!({
        "resource": r.plural, "responseKind": response_kind(r, &r.group, &r.version, &r.kind),
        "scope": if r.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": r.singular, "verbs": r.verbs,
    });
    if !r.short_names.is_empty() {
        entry["shortNames"] = json!(r.short_names);
    }
    if !r.categories.is_empty() {
        entry["categories"] = json!(r.categories);
    }
    let subs: Vec<Value> = r
        .subresources
        .iter()
        .map(|sub| {
            let (g, v, kind) = sub_kind(r, sub);
            json!({"subresource": sub.name, "responseKind": response_kind(r, g, v, kind), "verbs": sub.verbs})
        })
        .collect();
    if !subs.is_empty() {
        entry["subresources"] = json!(subs);
    }
    entry
}

fn aggregated(registry: &Registry, core: bool) -> Reply {
    let groups = if core { [(String::new(), vec!["v1".to_owned()])].into() } else { registry.groups() };
    let items: Vec<Value> = groups
        .iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|v| {
                    let of = registry.iter().filter(|r| r.group == *group && r.version == *v);
                    let resources: Vec<Value> = of.map(|r| aggregated_resource(r)).collect();
                    json!({"version": v, "resources": resources, "freshness": "Current"})
                })
                .collect();
            let metadata = if core { json!({}) } else { json!({"name": group}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    let body = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    });
    document(AGGREGATED_TYPE, to_json(&body))
}

/// A document with an ETag made of its bytes.
fn document(content_type: &'static str, bytes: Bytes) -> Reply {
    let etag = Some(format!("\"{:016X}\"", fnv(&bytes)));
    Reply { code: 200, content: Content::Bytes { content_type, bytes, etag }, warnings: Vec::new() }
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

fn crds(registry: &Registry) -> Vec<Arc<Crd>> {
    let mut all: Vec<Arc<Crd>> = Vec::new();
    for crd in registry.iter().filter_map(|r| r.crd.clone()) {
        if !all.iter().any(|c| Arc::ptr_eq(c, &crd)) {
            all.push(crd);
        }
    }
    all
}

/// What clients ask for, and (a media type cannot hold `@`) what they get.
const OPENAPI_V2_ASKED: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const OPENAPI_V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// kubectl reads this form, and only this, to check kinds that OpenAPI v3 does not name (`List`, unknown ones). The
/// document holds nothing but its version (field 1: "2.0"): what kubectl does not know it leaves to the server.
fn openapi_v2_protobuf() -> Reply {
    document(OPENAPI_V2_PROTOBUF, Bytes::from_static(b"\x0a\x032.0"))
}

fn openapi_v2(registry: &Registry) -> Reply {
    let mut document_value = openapi::v2();
    for crd in crds(registry) {
        openapi::add_crd_v2(&mut document_value, &crd);
    }
    document("application/json", to_json(&document_value))
}

fn group_version_key(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

fn openapi_v3_index(registry: &Registry) -> Reply {
    let mut keys = openapi::v3_group_versions();
    for r in registry.iter().filter(|r| r.is_custom()) {
        let key = group_version_key(&r.group, &r.version);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let revision = registry.revision();
    let paths: Map<String, Value> = keys
        .into_iter()
        .map(|k| {
            // Built-in documents never change; those of custom groups do with any definition.
            let hash = fnv(format!("{GIT_VERSION} {k} {revision}").as_bytes());
            let url = format!("/openapi/v3/{k}?hash={hash:016X}");
            (k, json!({"serverRelativeURL": url}))
        })
        .collect();
    // JSON, but not called so.
    let bytes = to_json(&json!({"paths": paths}));
    let content = Content::Bytes { content_type: "text/plain; charset=utf-8", bytes, etag: None };
    Reply { code: 200, content, warnings: Vec::new() }
}

fn openapi_v3(registry: &Registry, key: &str) -> Result<Reply> {
    let known = openapi::v3_group_versions().iter().any(|k| k == key);
    let custom: Vec<&Arc<Resource>> =
        registry.iter().filter(|r| r.is_custom() && group_version_key(&r.group, &r.version) == key).collect();
    if !known && custom.is_empty() {
        let content = Content::Bytes { content_type: "", bytes: Bytes::new(), etag: None };
        return Ok(Reply { code: 404, content, warnings: Vec::new() });
    }
    let mut value = openapi::v3(key);
    for r in custom {
        if let Some(crd) = &r.crd {
            openapi::add_crd_v3(&mut value, crd, &r.version);
        }
    }
    Ok(document("application/json", to_json(&value)))
}

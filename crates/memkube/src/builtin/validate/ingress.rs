//! Ingresses.

use rollouts_api::field::{FieldError, Path};
use rollouts_api::pod_template::json::{get, int, list, text, texts};
use rollouts_api::pod_template::validate::{Errors, complain};
use rollouts_api::syntax;
use serde_json::Value;

pub(super) fn check(obj: &Value, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    let rules = list(spec, "rules");
    let default = get(spec, "defaultBackend");
    if rules.is_empty() && default.is_none() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid(&path, get(spec, "rules").unwrap_or(&Value::Null), detail));
    }
    if let Some(default) = default {
        backend(default, &path.child("defaultBackend"), errors);
    }
    for (i, rule) in rules.iter().enumerate() {
        one_rule(rule, &path.child("rules").index(i), errors);
    }
    for (i, tls) in list(spec, "tls").iter().enumerate() {
        let path = path.child("tls").index(i);
        for (j, host) in texts(tls, "hosts").into_iter().enumerate() {
            complain(errors, &path.child("hosts").index(j), host, host_complaints(host));
        }
        let secret = text(tls, "secretName");
        if !secret.is_empty() {
            complain(errors, &path.child("secretName"), secret, syntax::dns_subdomain(secret));
        }
    }
    if get(spec, "ingressClassName").is_some() {
        let class = text(spec, "ingressClassName");
        complain(errors, &path.child("ingressClassName"), class, syntax::dns_subdomain(class));
    }
}

fn host_complaints(host: &str) -> Vec<String> {
    if host.contains('*') { syntax::wildcard_subdomain(host) } else { syntax::dns_subdomain(host) }
}

fn one_rule(rule: &Value, path: &Path, errors: &mut Errors) {
    let host = text(rule, "host");
    if !host.is_empty() {
        if host.parse::<std::net::IpAddr>().is_ok() {
            let detail = "must be a DNS name, not an IP address";
            errors.push(FieldError::invalid(&path.child("host"), host, detail));
        }
        complain(errors, &path.child("host"), host, host_complaints(host));
    }
    let Some(http) = get(rule, "http") else { return };
    let path = path.child("http").child("paths");
    let paths = list(http, "paths");
    if paths.is_empty() {
        errors.push(FieldError::required(&path, ""));
    }
    for (i, p) in paths.iter().enumerate() {
        one_path(p, &path.index(i), errors);
    }
}

fn one_path(p: &Value, path: &Path, errors: &mut Errors) {
    if get(p, "pathType").is_none() {
        errors.push(FieldError::required(&path.child("pathType"), "pathType must be specified"));
        return;
    }
    let (kind, value, value_path) = (text(p, "pathType"), text(p, "path"), path.child("path"));
    let mut invalid = |detail: String| errors.push(FieldError::invalid(&value_path, value, detail));
    match kind {
        "Exact" | "Prefix" => {
            if !value.starts_with('/') {
                invalid("must be an absolute path".to_string());
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|part| value.contains(part)) {
                invalid(format!("must not contain '{part}'"));
            }
            for end in ["/..", "/."].into_iter().filter(|end| value.ends_with(end)) {
                invalid(format!("cannot end with '{end}'"));
            }
        }
        "ImplementationSpecific" => {
            if !value.is_empty() && !value.starts_with('/') {
                invalid("must be an absolute path".to_string());
            }
        }
        _ => {
            let supported = ["Exact", "ImplementationSpecific", "Prefix"];
            errors.push(FieldError::not_supported(&path.child("pathType"), kind, &supported));
        }
    }
    backend(get(p, "backend").unwrap_or(&Value::Null), &path.child("backend"), errors);
}

fn backend(backend: &Value, path: &Path, errors: &mut Errors) {
    let service = match (get(backend, "resource"), get(backend, "service")) {
        (Some(_), Some(_)) => {
            errors.push(FieldError::invalid(path, "", "cannot set both resource and service backends"));
            return;
        }
        (None, None) => {
            errors.push(FieldError::invalid(path, "", "resource or service backend is required"));
            return;
        }
        (Some(resource), None) => {
            for key in ["kind", "name"].into_iter().filter(|key| text(resource, key).is_empty()) {
                errors.push(FieldError::required(&path.child("resource").child(key), ""));
            }
            return;
        }
        (None, Some(service)) => service,
    };
    let service_path = path.child("service");
    match text(service, "name") {
        "" => errors.push(FieldError::required(&service_path.child("name"), "")),
        name => complain(errors, &service_path.child("name"), name, syntax::dns_1035_label(name)),
    }
    let port = &service["port"];
    let (name, number) = (text(port, "name"), int(port, "number").unwrap_or_default());
    let port_path = service_path.child("port");
    match (name, number) {
        ("", 0) => errors.push(FieldError::required(path, "port name or number is required")),
        ("", number) => complain(errors, &port_path.child("number"), number, syntax::port_number(number)),
        (name, 0) => complain(errors, &port_path.child("name"), name, syntax::port_name(name)),
        _ => errors.push(FieldError::invalid(path, "", "cannot set both port name & port number")),
    }
}

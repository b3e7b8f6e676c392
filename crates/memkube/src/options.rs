//! Parameters of writes and lists that contradict each other or mean nothing.

use crate::errors::{ApiError, Result};
use crate::request::Request;
use crate::validate::cause;
use http::Method;
use rollouts_schema::FieldError;
use serde_json::json;

const MANAGER_MAX_BYTES: u64 = 128;

fn refuse(kind: &str, errors: &[FieldError]) -> Result<()> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid("meta.k8s.io", kind, "", errors.iter().map(cause).collect()))
}

/// Checks the parameters of a write; `apply` is a server-side apply.
///
/// # Errors
/// 422 with everything that is wrong.
pub fn check_write(request: &Request, apply: bool) -> Result<()> {
    let (query, mut errors) = (&request.query, Vec::new());
    let manager = query.get("fieldManager");
    let kind = match request.method {
        Method::POST => "CreateOptions",
        Method::PUT => "UpdateOptions",
        Method::PATCH => "PatchOptions",
        _ => "DeleteOptions",
    };
    if request.method == Method::PATCH {
        match (apply, manager) {
            (true, None) => errors.push(FieldError::required("fieldManager", "is required for apply patch")),
            (false, _) if query.get("force").is_some() => {
                errors.push(FieldError::forbidden("force", "may not be specified for non-apply patch"));
            }
            _ => {}
        }
    }
    if kind != "DeleteOptions" {
        errors.extend(manager_faults(manager.unwrap_or_default()));
    }
    if let Some(other) = query.get("dryRun").filter(|v| *v != "All") {
        errors.push(FieldError::not_supported("dryRun", json!([other]), ["All"]));
    }
    if let Some(other) = query.get("fieldValidation").filter(|v| !matches!(*v, "Ignore" | "Warn" | "Strict"))
        && kind != "DeleteOptions"
    {
        errors.push(FieldError::not_supported("fieldValidation", json!(other), ["", "Ignore", "Strict", "Warn"]));
    }
    refuse(kind, &errors)
}

fn manager_faults(manager: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if manager.len() as u64 > MANAGER_MAX_BYTES {
        errors.push(FieldError::too_long("fieldManager", MANAGER_MAX_BYTES));
    }
    for (i, c) in manager.char_indices().filter(|(_, c)| c.is_control()) {
        let why = format!("invalid character U+{:04X} (at position {i})", u32::from(c));
        errors.push(FieldError::invalid("fieldManager", json!(manager), why));
    }
    errors
}

const MATCH: &str = "resourceVersionMatch";

/// Checks the parameters of a list.
///
/// # Errors
/// 422 with everything that is wrong.
pub fn check_list(request: &Request) -> Result<()> {
    let (query, mut errors) = (&request.query, Vec::new());
    if let Some(matching) = query.get(MATCH) {
        if query.get("resourceVersion").is_none() {
            errors.push(FieldError::forbidden(
                MATCH,
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            ));
        }
        if query.get("continue").is_some() {
            errors.push(FieldError::forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            errors.push(FieldError::not_supported(MATCH, json!(matching), ["Exact", "NotOlderThan", ""]));
        }
        if matching == "Exact" && query.get("resourceVersion") == Some("0") {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            errors.push(FieldError::forbidden(MATCH, why));
        }
    }
    if query.get("sendInitialEvents").is_some() {
        errors.push(FieldError::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    refuse("ListOptions", &errors)
}

/// Checks the parameters of a watch.
///
/// # Errors
/// 422 with everything that is wrong.
pub fn check_watch(request: &Request) -> Result<()> {
    let (query, mut errors) = (&request.query, Vec::new());
    let (matching, initial) = (query.get(MATCH), query.get("sendInitialEvents"));
    if initial.is_some() && matching != Some("NotOlderThan") {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        errors.push(FieldError::forbidden(MATCH, why));
    }
    if let Some(matching) = matching {
        if initial.is_none() {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.push(FieldError::forbidden(MATCH, why));
        }
        if matching != "NotOlderThan" {
            errors.push(FieldError::not_supported(MATCH, json!(matching), ["NotOlderThan"]));
        }
        if query.get("continue").is_some() {
            errors.push(FieldError::forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
        }
    }
    refuse("ListOptions", &errors)
}

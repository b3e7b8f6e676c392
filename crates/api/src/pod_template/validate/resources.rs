//! Resource requests and limits.

use super::{Errors, complain, one_of};
use crate::field::{FieldError, Path};
use crate::pod_template::json::{entries, list, text};
use crate::quantity::Quantity;
use crate::syntax;
use serde_json::Value;

const STANDARD: [&str; 4] = ["cpu", "memory", "ephemeral-storage", "storage"];
const HUGE_PAGES: &str = "hugepages-";

/// Checks `limits`, `requests` and `claims`.
pub fn requirements(requirements: &Value, path: &Path, errors: &mut Errors) {
    let mut standard = false;
    let mut huge = false;
    let parent = path;
    for key in ["limits", "requests"] {
        let list_path = path.child(key);
        for (name, amount) in entries(requirements, key) {
            let path = list_path.key(name);
            resource_name(name, &path, errors);
            standard |= matches!(name, "cpu" | "memory");
            huge |= name.starts_with(HUGE_PAGES);
            let Some(amount) = resource_quantity(name, amount, &path, errors) else { continue };
            if key == "requests" {
                against_limit(name, &amount, requirements, parent, errors);
            }
        }
    }
    if huge && !standard {
        errors.push(FieldError::forbidden(path, "HugePages require cpu or memory"));
    }
    for (i, claim) in list(requirements, "claims").iter().enumerate() {
        if text(claim, "name").is_empty() {
            errors.push(FieldError::required(&path.child("claims").index(i).child("name"), ""));
        }
    }
}

/// A request against the limit of the same resource.
fn against_limit(name: &str, request: &Quantity, all: &Value, path: &Path, errors: &mut Errors) {
    let (requests, limits) = (&path.child("requests"), &path.child("limits"));
    let overcommit = !name.contains('/') && !name.starts_with(HUGE_PAGES);
    let limit = all.get("limits").and_then(|l| l.get(name)).and_then(parse);
    let shown = request.canonical();
    match limit {
        Some(limit) if !overcommit && *request != limit => {
            let detail = format!("must be equal to {name} limit of {limit}");
            errors.push(FieldError::invalid(requests, shown, detail));
        }
        Some(limit) if *request > limit => {
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            errors.push(FieldError::invalid(requests, shown, detail));
        }
        None if !overcommit => {
            errors.push(FieldError::required(limits, "Limit must be set for non overcommitable resources"));
        }
        _ => {}
    }
}

fn parse(amount: &Value) -> Option<Quantity> {
    Quantity::parse(&amount.as_str().map_or_else(|| amount.to_string(), |s| s.trim().to_string())).ok()
}

/// Checks the amount of a resource; `None` if it cannot be read.
pub fn resource_quantity(name: &str, amount: &Value, path: &Path, errors: &mut Errors) -> Option<Quantity> {
    let text = amount.as_str().map_or_else(|| amount.to_string(), |s| s.trim().to_string());
    let quantity = match Quantity::parse(&text) {
        Ok(quantity) => quantity,
        Err(error) => {
            errors.push(FieldError::invalid(path, amount, error.to_string()));
            return None;
        }
    };
    if quantity.is_negative() {
        errors.push(FieldError::invalid(path, quantity.canonical(), "must be greater than or equal to 0"));
    }
    let whole_only = name.contains('/') || matches!(name, "pods" | "services" | "secrets" | "configmaps");
    if whole_only && quantity.milli_value() % 1000 != 0 {
        errors.push(FieldError::invalid(path, quantity.canonical(), "must be an integer"));
    }
    Some(quantity)
}

fn resource_name(name: &str, path: &Path, errors: &mut Errors) {
    let complaints = syntax::qualified_name(name);
    if !complaints.is_empty() {
        complain(errors, path, name, complaints);
    } else if !name.contains('/') && !STANDARD.contains(&name) && !name.starts_with(HUGE_PAGES) {
        errors.push(FieldError::invalid(path, name, "must be a standard resource type or fully qualified"));
        errors.push(FieldError::invalid(path, name, "must be a standard resource for containers"));
    } else if name == "storage" {
        errors.push(FieldError::invalid(path, name, "must be a standard resource for containers"));
    }
}

const FIELDS: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// Checks a reference to a request or limit of a container.
pub fn field_selector(selector: &Value, path: &Path, in_volume: bool, errors: &mut Errors) {
    let resource = text(selector, "resource");
    if in_volume && text(selector, "containerName").is_empty() {
        errors.push(FieldError::required(&path.child("containerName"), ""));
    } else if resource.is_empty() {
        errors.push(FieldError::required(&path.child("resource"), ""));
    } else if !resource.starts_with("limits.hugepages-") && !resource.starts_with("requests.hugepages-") {
        one_of(errors, &path.child("resource"), resource, &FIELDS);
    }
}

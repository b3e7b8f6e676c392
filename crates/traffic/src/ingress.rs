//! Reading and changing Ingresses.

use crate::{INGRESSES, ObjectRef, RouteError};
use serde_json::{Map, Value};

/// The Ingress of this name.
pub fn named(namespace: &str, name: &str) -> ObjectRef {
    INGRESSES.named(namespace, name)
}

/// The names of Ingresses of which one, several or both are given.
pub fn names<'a>(one: &'a str, several: &'a [String]) -> Vec<&'a str> {
    let one = Some(one).filter(|name| !name.is_empty());
    one.into_iter().chain(several.iter().map(String::as_str)).collect()
}

/// What the Go controller's cache says when it is not there.
pub fn not_found(name: &str) -> String {
    format!("ingress.networking.k8s.io \"{name}\" not found")
}

/// The Service of a backend.
pub fn service(backend: &Value) -> Option<&str> {
    backend["service"]["name"].as_str()
}

/// Whether a rule, or the default backend, sends traffic to the Service.
pub fn uses(ingress: &Value, name: &str) -> bool {
    let rules = ingress["spec"]["rules"].as_array().into_iter().flatten();
    let mut paths = rules.flat_map(|rule| rule["http"]["paths"].as_array()).flatten();
    paths.any(|path| service(&path["backend"]) == Some(name))
        || service(&ingress["spec"]["defaultBackend"]) == Some(name)
}

/// One annotation.
pub fn annotation<'a>(ingress: &'a Value, key: &str) -> Option<&'a str> {
    ingress["metadata"]["annotations"][key].as_str()
}

/// Sets an annotation, or removes it.
pub fn annotate(ingress: &mut Value, key: &str, value: Option<String>) {
    let annotations = object(member(object(member(object(ingress), "metadata")), "annotations"));
    match value {
        Some(value) => drop(annotations.insert(key.into(), value.into())),
        None => drop(annotations.remove(key)),
    }
}

/// The lists of paths of the rules, to be changed.
pub fn path_lists(ingress: &mut Value) -> impl Iterator<Item = &mut Vec<Value>> {
    let rules = ingress.pointer_mut("/spec/rules").and_then(Value::as_array_mut).into_iter().flatten();
    rules.filter_map(|rule| rule.pointer_mut("/http/paths").and_then(Value::as_array_mut))
}

fn member<'a>(object: &'a mut Map<String, Value>, key: &str) -> &'a mut Value {
    object.entry(key).or_insert(Value::Null)
}

/// The value as an object; what is no object becomes an empty one.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("made one above")
}

/// What several objects of a router came to: each is looked at, whatever is wrong with another one.
pub fn outcome(errors: Vec<String>) -> Result<(), RouteError> {
    match &errors[..] {
        [] => Ok(()),
        _ => Err(RouteError::failed(errors.join("; "))),
    }
}

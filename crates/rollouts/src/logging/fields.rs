//! The fields of one line of the log.

use serde_json::{Map, Value};
use std::fmt;
use tracing::field::{Field, Visit};

/// Fields that name an object. Inside the program that is `namespace/name`; in the log, as users search for it, the
/// namespace is a field of its own.
const OBJECTS: [&str; 8] =
    ["analysisrun", "deployment", "experiment", "ingress", "pod", "replicaset", "rollout", "service"];

/// Fields that every line has.
const FIXED: [&str; 3] = ["level", "msg", "time"];

/// Message and fields, in the order of their names.
#[derive(Debug, Default)]
pub struct Fields {
    /// What happened.
    pub message: String,
    /// About what.
    pub fields: Map<String, Value>,
}

impl Fields {
    /// What the event says.
    pub fn of(event: &tracing::Event<'_>) -> Self {
        let mut fields = Fields::default();
        event.record(&mut fields);
        fields
    }

    fn add(&mut self, field: &Field, value: Value) {
        let name = field.name();
        match value {
            Value::String(text) if name == "message" => self.message = text,
            Value::String(text) if OBJECTS.contains(&name) => {
                let object = match text.split_once('/') {
                    Some((namespace, object)) => {
                        self.fields.insert("namespace".into(), namespace.into());
                        object.to_owned()
                    }
                    None => text,
                };
                self.fields.insert(name.into(), object.into());
            }
            value if FIXED.contains(&name) => drop(self.fields.insert(format!("fields.{name}"), value)),
            value => drop(self.fields.insert(name.into(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }
}

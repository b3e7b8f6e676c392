//! What a measurement delivers: the `result` of a condition.

use crate::cloudwatch::MetricData;
use std::collections::BTreeMap;

/// A value as a provider delivers it. Its Go type decides what a condition may do with it: a [`Value::List`] and a
/// [`Value::Map`] hold values that are looked at when the condition runs, all others are checked before.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `float64`: every number of JSON.
    Float(f64),
    /// `string`.
    String(String),
    /// `[]interface {}`.
    List(Vec<Value>),
    /// `[]float64`.
    Floats(Vec<f64>),
    /// `map[string]interface {}`.
    Map(BTreeMap<String, Value>),
    /// A list of what CloudWatch answers, each with its fields.
    CloudWatch(Vec<MetricData>),
}

impl Value {
    /// Whether it holds nothing at all: conditions that fail on such a value say so.
    pub fn is_nil_or_empty(&self) -> bool {
        match self {
            Value::Nil => true,
            Value::List(items) => items.is_empty(),
            Value::Floats(items) => items.is_empty(),
            Value::CloudWatch(items) => items.is_empty(),
            _ => false,
        }
    }
}

impl From<serde_json::Value> for Value {
    /// Numbers become floats, as Go reads them; one beyond the floats is infinite.
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(b) => Value::Bool(b),
            serde_json::Value::Number(n) => Value::Float(n.as_f64().unwrap_or(f64::INFINITY)),
            serde_json::Value::String(text) => Value::String(text),
            serde_json::Value::Array(items) => Value::List(items.into_iter().map(Value::from).collect()),
            serde_json::Value::Object(map) => {
                Value::Map(map.into_iter().map(|(key, value)| (key, Value::from(value))).collect())
            }
        }
    }
}

//! Table cells: JSONPath for printer columns, and ages.

use jiff::Timestamp;
use serde_json::Value;

/// A compiled JSONPath of a printer column, a scale path or a selectable field.
#[derive(Clone, Debug)]
pub struct JsonPath {
    source: Box<str>,
}

impl JsonPath {
    /// Compiles `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`, `.metadata.labels.app\.kubernetes\.io/name`.
    ///
    /// # Errors
    /// A sentence saying what is wrong with the path.
    pub fn parse(source: &str) -> Result<Self, String> {
        Ok(Self { source: source.into() })
    }

    /// As written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// All values found, in document order; empty when the path leads nowhere.
    #[must_use]
    pub fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let _ = value;
        Vec::new()
    }
}

/// The cell of a printer column: a string, number or boolean, or `null` when there is nothing. `column_type` is the
/// column's `type` (`integer`, `number`, `string`, `boolean`, `date`); dates become ages (`5m3s`).
#[must_use]
pub fn cell(path: &JsonPath, column_type: &str, object: &Value, now: Timestamp) -> Value {
    let _ = (path, column_type, object, now);
    Value::Null
}

/// How long ago, as `kubectl get` prints it: `5s`, `3m20s`, `47m`, `5h3m`, `27h`, `5d4h`, `120d`, `3y45d`, `9y`.
/// Negative up to one second is `0s`, further in the future `<invalid>`.
#[must_use]
pub fn human_duration(seconds: i64) -> String {
    format!("{seconds}s")
}

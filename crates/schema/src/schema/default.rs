use serde_json::Value;

use super::Schema;

impl Schema {
    /// Fills in schema defaults. For custom resources nulls of non-nullable fields with a default are replaced too.
    pub fn default_fields(&self, object: &mut Value) {
        let _ = object;
    }
}

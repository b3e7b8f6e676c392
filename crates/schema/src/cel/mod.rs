//! `x-kubernetes-validations`: CEL rules on custom resources.

use std::sync::Arc;

/// One compiled rule.
#[derive(Clone, Debug)]
pub struct Rule {
    source: Arc<str>,
}
impl Rule {
    /// The expression as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

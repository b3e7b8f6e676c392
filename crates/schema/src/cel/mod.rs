//! `x-kubernetes-validations`: CEL rules on custom resources.
//!
//! Rules are parsed once, when the CRD is loaded ([`Rule`]), and run on every write (`run::validate`).

mod compile;
mod convert;
mod env;
mod functions;
mod quantity;
mod run;
mod url;

use std::sync::Arc;

use cel::Program;

use crate::ErrorKind;

pub(crate) use run::validate;

/// One compiled rule.
#[derive(Clone)]
pub struct Rule {
    source: Arc<str>,
    program: Arc<Program>,
    message: Option<String>,
    message_expression: Option<Arc<Program>>,
    /// How a failure is reported.
    reason: ErrorKind,
    /// Where a failure is reported, relative to the rule's place: `spec.items[name]`.
    field_path: Option<String>,
    uses_old: bool,
    optional_old_self: bool,
}

impl Rule {
    /// The expression as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// A transition rule looks at `oldSelf`, and runs only when there is one (unless `optionalOldSelf` is set).
    #[must_use]
    pub fn is_transition(&self) -> bool {
        self.uses_old
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

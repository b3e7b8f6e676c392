//! What an apply is told when others own the fields it sets.

use std::collections::BTreeMap;

use super::entries::ManagerId;
use super::fieldset::FieldSet;
use crate::go::go_quote;

/// One field that another manager owns with another value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The other manager as the message names it: `"kubectl-client-side-apply" using apps/v1`.
    pub manager: String,
    /// The path with a leading dot: `.spec.template.spec.containers[name="web"].image`.
    pub field: String,
}

impl Conflict {
    /// The message of the Status cause (its reason is `FieldManagerConflict`, its field is [`Conflict::field`]).
    #[must_use]
    pub fn cause_message(&self) -> String {
        format!("conflict with {}", self.manager)
    }
}

pub(super) fn conflicts_of(sets: &BTreeMap<ManagerId, FieldSet>) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    // In the order of the identifiers' JSON, in which a comma comes before the closing brace.
    let mut sets: Vec<_> = sets.iter().collect();
    sets.sort_by_key(|(id, _)| {
        (id.manager.clone(), !id.applied, id.api_version.clone(), id.subresource.is_empty(), id.subresource.clone())
    });
    for (id, set) in sets {
        let manager = id.printed();
        conflicts.extend(set.paths().into_iter().map(|field| Conflict { manager: manager.clone(), field }));
    }
    conflicts
}

/// The Status message: in one line for one conflict, grouped by manager for several.
pub(super) fn message(conflicts: &[Conflict]) -> String {
    if let [only] = conflicts {
        return format!("Apply failed with 1 conflict: conflict with {}: {}", only.manager, only.field);
    }
    let mut lines = Vec::new();
    let mut last = None;
    for conflict in conflicts {
        if last != Some(&conflict.manager) {
            lines.push(format!("conflicts with {}:", conflict.manager));
            last = Some(&conflict.manager);
        }
        lines.push(format!("- {}", conflict.field));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}

pub(super) fn print_manager(id: &ManagerId) -> String {
    let mut text = go_quote(&id.manager);
    if !id.subresource.is_empty() {
        text.push_str(" with subresource ");
        text.push_str(&go_quote(&id.subresource));
    }
    if !id.applied {
        text.push_str(" using ");
        text.push_str(&id.api_version);
    }
    text
}

//! Label and field selectors of lists and watches.

mod field;
mod label;

pub use field::FieldSelector;
pub use label::LabelSelector;

use crate::store::Stored;

/// What a list or watch selects.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// `namespace/`: the keys it may see; `None` for all.
    pub prefix: Option<String>,
    /// `?labelSelector=`.
    pub labels: LabelSelector,
    /// `?fieldSelector=`.
    pub fields: FieldSelector,
}

impl Filter {
    /// Whether the object is selected.
    pub fn matches(&self, object: &Stored) -> bool {
        self.sees(&object.key) && self.labels.matches(&object.value) && self.fields.matches(&object.value)
    }

    /// Whether the key is in the namespace.
    pub fn sees(&self, key: &str) -> bool {
        self.prefix.as_ref().is_none_or(|p| key.starts_with(p.as_str()))
    }

    /// Whether anything but the namespace narrows the selection.
    pub fn is_narrow(&self) -> bool {
        !self.labels.is_empty() || !self.fields.is_empty()
    }
}

//! `metadata.managedFields`: who owns what.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::fieldset::FieldSet;
use super::{Writer, conflict};

/// Identifies an entry. Appliers are the same whatever version they apply; updaters are one entry per version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ManagerId {
    pub(super) manager: String,
    pub(super) applied: bool,
    /// Empty for appliers.
    pub(super) api_version: String,
    pub(super) subresource: String,
}

impl ManagerId {
    pub(super) fn new(writer: &Writer<'_>, manager: &str, applied: bool) -> Self {
        Self {
            manager: manager.to_owned(),
            applied,
            api_version: if applied { String::new() } else { writer.api_version.to_owned() },
            subresource: writer.subresource.to_owned(),
        }
    }

    /// `"kubectl" with subresource "status" using v1`.
    pub(super) fn printed(&self) -> String {
        conflict::print_manager(self)
    }
}

/// What a manager owns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Owned {
    pub(super) set: FieldSet,
    pub(super) api_version: String,
    /// `None` on entries that never had one.
    pub(super) time: Option<String>,
}

/// All entries of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Managers(pub(super) BTreeMap<ManagerId, Owned>);

impl Managers {
    /// Reads the list; `None` when an entry is malformed.
    pub(super) fn decode(list: &[Value]) -> Option<Self> {
        let mut managers = BTreeMap::new();
        for entry in list {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
            let applied = match text("operation") {
                "Apply" => true,
                "Update" => false,
                _ => return None,
            };
            let api_version = text("apiVersion");
            if api_version.is_empty() || text("fieldsType") != "FieldsV1" {
                return None;
            }
            let set = match entry.get("fieldsV1") {
                None | Some(Value::Null) => FieldSet::default(),
                Some(fields) => FieldSet::from_json(fields)?,
            };
            let id = ManagerId {
                manager: text("manager").to_owned(),
                applied,
                api_version: if applied { String::new() } else { api_version.to_owned() },
                subresource: text("subresource").to_owned(),
            };
            let time = entry.get("time").and_then(Value::as_str).map(str::to_owned);
            managers.insert(id, Owned { set, api_version: api_version.to_owned(), time });
        }
        Some(Self(managers))
    }

    /// The entries of an object; none when it has none or they are malformed.
    pub(super) fn of(object: &Value) -> Self {
        Self::decode(list_of(object).unwrap_or_default()).unwrap_or_default()
    }

    /// The list as the API server sorts it: by operation, time, manager, version, subresource.
    pub(super) fn encode(&self) -> Vec<Value> {
        let mut entries: Vec<(&ManagerId, &Owned)> = self.0.iter().collect();
        entries.sort_by(|(a, x), (b, y)| {
            (!a.applied, &x.time, &a.manager, &x.api_version, &a.subresource).cmp(&(
                !b.applied,
                &y.time,
                &b.manager,
                &y.api_version,
                &b.subresource,
            ))
        });
        entries.into_iter().map(|(id, owned)| encode_entry(id, owned)).collect()
    }

    pub(super) fn each(&mut self, mut change: impl FnMut(&mut FieldSet)) {
        self.0.values_mut().for_each(|owned| change(&mut owned.set));
    }

    pub(super) fn drop_empty(&mut self) {
        self.0.retain(|_, owned| !owned.set.is_empty());
    }
}

fn encode_entry(id: &ManagerId, owned: &Owned) -> Value {
    let mut entry = Map::new();
    entry.insert("apiVersion".to_owned(), json!(owned.api_version));
    entry.insert("fieldsType".to_owned(), json!("FieldsV1"));
    entry.insert("fieldsV1".to_owned(), owned.set.to_json());
    if !id.manager.is_empty() {
        entry.insert("manager".to_owned(), json!(id.manager));
    }
    entry.insert("operation".to_owned(), json!(if id.applied { "Apply" } else { "Update" }));
    if !id.subresource.is_empty() {
        entry.insert("subresource".to_owned(), json!(id.subresource));
    }
    if let Some(time) = &owned.time {
        entry.insert("time".to_owned(), json!(time));
    }
    Value::Object(entry)
}

/// `metadata.managedFields` as written.
pub(super) fn list_of(object: &Value) -> Option<&[Value]> {
    object.get("metadata")?.get("managedFields")?.as_array().map(Vec::as_slice)
}

/// Takes `metadata.managedFields` out of the object.
pub(super) fn take(object: &mut Value) -> Option<Value> {
    object.get_mut("metadata")?.as_object_mut()?.remove("managedFields")
}

/// Puts the list back; an empty one is left away.
pub(super) fn put(object: &mut Value, list: Vec<Value>) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        if list.is_empty() {
            metadata.remove("managedFields");
        } else {
            metadata.insert("managedFields".to_owned(), Value::Array(list));
        }
    }
}

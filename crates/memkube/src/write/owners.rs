//! Who owns which fields of what is written.

use super::{Door, Write, remove_field};
use crate::resource::Resource;
use crate::state::State;
use rollouts_schema::managed::{self, Reset, Writer};
use serde_json::Value;

pub(super) fn record(
    state: &State,
    resource: &Resource,
    w: &Write,
    door: Door,
    live: Option<&Value>,
    new: Value,
) -> Value {
    let (Some(schema), false) = (&resource.schema, w.manager.is_empty()) else { return new };
    // Go's zero times print as null, but nobody owns them.
    let mut new = new;
    let nulls = if resource.is_custom() { Vec::new() } else { take_nulls(&mut new) };
    let reset = match door {
        Door::Status => Reset::AllButStatus,
        Door::Main if resource.status => Reset::Status,
        _ => Reset::Nothing,
    };
    let writer = Writer {
        manager: &w.manager,
        api_version: &resource.api_version(),
        subresource: door.subresource(),
        now: &state.now_text(),
        reset,
    };
    let mut recorded = managed::update(schema, live, new, &writer);
    for key in nulls {
        recorded[key] = Value::Null;
    }
    recorded
}

/// Removes the null fields of an object; gives their names.
fn take_nulls(obj: &mut Value) -> Vec<String> {
    let Some(map) = obj.as_object_mut() else { return Vec::new() };
    let nulls: Vec<String> = map.iter().filter(|(_, v)| v.is_null()).map(|(k, _)| k.clone()).collect();
    map.retain(|_, v| !v.is_null());
    nulls
}

/// Replicas that were set through `/scale` have an owner, but no time.
pub(super) fn forget_time(obj: &mut Value, manager: &str) {
    let Some(entries) = obj["metadata"]["managedFields"].as_array_mut() else { return };
    for entry in entries.iter_mut().filter(|e| e["subresource"] == "scale" && e["manager"] == manager) {
        remove_field(entry, "time");
    }
    // Applies come first, then the oldest; what has no time is oldest.
    entries.sort_by_key(|e| (e["operation"] != "Apply", e["time"].as_str().map(str::to_owned)));
}

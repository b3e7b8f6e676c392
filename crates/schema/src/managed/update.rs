//! Tracking of writes that are not applies: create, update, and the other patches.

use serde_json::{Map, Value};

use super::entries::{self, ManagerId, Managers, Owned};
use super::fieldset::FieldSet;
use super::shape::Shape;
use super::walk::{Changes, compare};
use super::{Writer, strip_meta};
use crate::Schema;
use crate::schema::same_deep;

/// Records in `new.metadata.managedFields` that `writer` changed what differs between `live` and `new` (create, update
/// or patch). `live` is `None` on create. The value's own `managedFields` are honoured as the API server does (an empty
/// list or `[{}]` resets them; malformed or absent ones are taken from `live`; subresource doors ignore them). When
/// nothing but the time would change, the old entries are kept, so a no-op write gives an object equal to `live`.
#[must_use]
pub fn update(schema: &Schema, live: Option<&Value>, new: Value, writer: &Writer<'_>) -> Value {
    update_from(schema, &empty_object(schema), live, new, writer)
}

/// What an object is before it is created: Go's zero value for built-in kinds (empty structs, required lists null),
/// nothing for custom resources.
pub(super) fn empty_object(schema: &Schema) -> Value {
    if schema.definition.is_some() { zero_struct(schema) } else { Value::Object(Map::new()) }
}

fn zero_struct(schema: &Schema) -> Value {
    let mut fields = Map::new();
    for (name, field) in &schema.properties {
        match field.default_value() {
            Some(Value::Object(default)) if default.is_empty() => {
                fields.insert(name.to_string(), zero_struct(field));
            }
            Some(default) => {
                fields.insert(name.to_string(), default.clone());
            }
            None if schema.required.contains(name) => {
                fields.insert(name.to_string(), Value::Null);
            }
            None => {}
        }
    }
    Value::Object(fields)
}

pub(super) fn update_from(
    schema: &Schema,
    empty: &Value,
    live: Option<&Value>,
    mut new: Value,
    writer: &Writer<'_>,
) -> Value {
    let wanted = entries::take(&mut new);
    let before = live.map(Managers::of).unwrap_or_default();
    let mut managers = match wanted.as_ref().and_then(Value::as_array) {
        Some(list) if writer.subresource.is_empty() && is_reset(list) => Managers::default(),
        Some(list) if writer.subresource.is_empty() => match Managers::decode(list) {
            Some(managers) if !managers.0.is_empty() => managers,
            _ => before.clone(),
        },
        _ => before.clone(),
    };
    if live.is_some() && managers.0.is_empty() {
        // Nobody was tracked so far, and tracking begins only at creation or with the first apply.
        return new;
    }
    record(schema, live.unwrap_or(empty), &new, &mut managers, writer, writer.manager);
    if let Some(live) = live
        && same_but_times(&managers, &before)
        && same_without_entries(live, &new)
    {
        managers = before;
    }
    entries::put(&mut new, managers.encode());
    new
}

/// Moves what changed between `live` and `new` to `manager`.
pub(super) fn record(
    schema: &Schema,
    live: &Value,
    new: &Value,
    managers: &mut Managers,
    writer: &Writer<'_>,
    manager: &str,
) {
    let mut changes = changes_between(schema, live, new, writer);
    let mut taken = std::mem::take(&mut changes.modified);
    taken.union_with(&changes.added);
    managers.each(|set| {
        set.subtract(&taken);
        set.subtract(&changes.removed);
    });
    strip_meta(&mut taken);
    managers.each(strip_meta);
    if !taken.is_empty() {
        let id = ManagerId::new(writer, manager, false);
        let time = Some(writer.now.to_owned());
        let owned = managers.0.entry(id).or_insert_with(|| Owned {
            set: FieldSet::default(),
            api_version: writer.api_version.to_owned(),
            time: None,
        });
        owned.set.union_with(&taken);
        owned.time = time;
    }
    managers.drop_empty();
}

/// The changes this door may make; ownership records themselves do not count.
pub(super) fn changes_between(schema: &Schema, live: &Value, new: &Value, writer: &Writer<'_>) -> Changes {
    let mut changes = compare(Shape::Known(schema), Some(live), Some(new));
    changes.each(|set| {
        set.remove_below(&["metadata", "managedFields"]);
        writer.reset.filter(set);
    });
    changes
}

fn is_reset(list: &[Value]) -> bool {
    match list {
        [] => true,
        [only] => only.as_object().is_some_and(Map::is_empty),
        _ => false,
    }
}

pub(super) fn same_but_times(a: &Managers, b: &Managers) -> bool {
    a.0.len() == b.0.len()
        && a.0
            .iter()
            .zip(&b.0)
            .all(|((id, x), (other, y))| id == other && x.api_version == y.api_version && x.set == y.set)
}

/// Equal but for `metadata.managedFields`; `b` has none.
pub(super) fn same_without_entries(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return a == b };
    let none = Map::new();
    let meta = |object: &Map<String, Value>, name: &str, value: &Value| -> bool {
        let other = object.get("metadata").and_then(Value::as_object).unwrap_or(&none).get(name);
        name == "managedFields" || other.is_some_and(|other| same_deep(other, value))
    };
    let same_fields = |a: &Map<String, Value>, b: &Map<String, Value>| {
        a.iter().all(|(name, value)| match name.as_str() {
            "metadata" => value.as_object().is_some_and(|m| m.iter().all(|(name, value)| meta(b, name, value))),
            _ => b.get(name).is_some_and(|other| same_deep(other, value)),
        })
    };
    same_fields(a, b) && same_fields(b, a)
}

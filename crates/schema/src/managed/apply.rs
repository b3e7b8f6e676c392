//! Server-side apply.

use std::collections::BTreeMap;

use serde_json::Value;

use super::check::check;
use super::conflict::conflicts_of;
use super::entries::{self, ManagerId, Managers, Owned};
use super::fieldset::FieldSet;
use super::merge::merge;
use super::shape::Shape;
use super::update::{changes_between, empty_object, record, same_but_times, same_without_entries};
use super::walk::{fields_of, with_parents, without};
use super::{ApplyError, Writer, last_applied, strip_meta};
use crate::Schema;
use crate::schema::same_deep;

/// The manager that owns what was there before anybody applied.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Server-side apply of `config` by `writer` onto `live` (`None`: create). Gives the object to store, with
/// `metadata.managedFields`; equal to `live` when the apply changes nothing.
///
/// # Errors
/// [`ApplyError`]; with `force` there are no conflicts.
pub fn apply(
    schema: &Schema,
    live: Option<&Value>,
    config: &Value,
    writer: &Writer<'_>,
    force: bool,
) -> Result<Value, ApplyError> {
    apply_from(schema, &empty_object(schema), live, config, writer, force)
}

pub(super) fn apply_from(
    schema: &Schema,
    empty: &Value,
    live: Option<&Value>,
    config: &Value,
    writer: &Writer<'_>,
    force: bool,
) -> Result<Value, ApplyError> {
    admit(schema, config, writer)?;
    let before = live.map(Managers::of).unwrap_or_default();
    let mut managers = before.clone();
    let mut bare = live.unwrap_or(empty).clone();
    entries::take(&mut bare);
    if let (Some(_), true) = (live, managers.0.is_empty()) {
        record(schema, empty, &bare, &mut managers, writer, BEFORE_FIRST_APPLY);
    }

    let shape = Shape::Known(schema);
    let merged = merge(shape, Some(&bare), Some(config)).unwrap_or(Value::Null);
    let mut set = fields_of(shape, config);
    writer.reset.filter(&mut set);
    let id = ManagerId::new(writer, writer.manager, true);
    let owned = Owned { set, api_version: writer.api_version.to_owned(), time: None };
    let last = managers.0.insert(id.clone(), owned);
    let merged = match &last {
        Some(last) if !last.set.is_empty() => prune(shape, merged, &managers, &last.set),
        _ => merged,
    };

    take_over(schema, &bare, &merged, &mut managers, &id, writer, force)?;
    managers.each(strip_meta);
    managers.drop_empty();
    let changed = !same_deep(&bare, &merged);
    if let Some(owned) = managers.0.get_mut(&id) {
        // Who only joins in what others own already leaves no time.
        owned.time = if changed { Some(writer.now.to_owned()) } else { last.and_then(|last| last.time) };
    }
    let mut result = if changed || live.is_none() { merged } else { bare };
    if changed {
        drop_nulls(shape, &mut result);
    }
    last_applied::sync(&mut result, config, writer);
    if let Some(live) = live
        && same_but_times(&managers, &before)
        && same_without_entries(live, &result)
    {
        return Ok(live.clone());
    }
    entries::put(&mut result, managers.encode());
    Ok(result)
}

/// What may be applied at all.
fn admit(schema: &Schema, config: &Value, writer: &Writer<'_>) -> Result<(), ApplyError> {
    let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let version = text("/apiVersion");
    if version != writer.api_version {
        return Err(ApplyError::BadRequest(format!(
            "Incorrect version specified in apply patch. Specified patch version: {version}, expected: {}",
            writer.api_version
        )));
    }
    if config.pointer("/metadata/managedFields").is_some_and(|list| !list.is_null()) {
        return Err(ApplyError::BadRequest("metadata.managedFields must be nil".to_owned()));
    }
    check(Shape::Known(schema), config).map_err(|problem| {
        let (namespace, name, kind) = (text("/metadata/namespace"), text("/metadata/name"), text("/kind"));
        let group_version = if version.contains('/') { version.to_owned() } else { format!("/{version}") };
        ApplyError::Typed(format!(
            "failed to create typed patch object ({namespace}/{name}; {group_version}, Kind={kind}): {problem}"
        ))
    })
}

/// Takes changed fields from other managers, or reports them as conflicts.
fn take_over(
    schema: &Schema,
    live: &Value,
    merged: &Value,
    managers: &mut Managers,
    applier: &ManagerId,
    writer: &Writer<'_>,
    force: bool,
) -> Result<(), ApplyError> {
    let changes = changes_between(schema, live, merged, writer);
    let mut set = changes.modified;
    set.union_with(&changes.added);
    let conflicts: BTreeMap<ManagerId, FieldSet> = managers
        .0
        .iter()
        .filter(|(id, _)| *id != applier)
        .map(|(id, owned)| (id.clone(), owned.set.intersection(&set)))
        .filter(|(_, conflict)| !conflict.is_empty())
        .collect();
    if !force && !conflicts.is_empty() {
        let refused = last_applied::remaining(Shape::Known(schema), live, &conflicts, writer);
        if !refused.is_empty() {
            return Err(ApplyError::Conflicts(conflicts_of(&refused)));
        }
    }
    for (id, owned) in managers.0.iter_mut().filter(|(id, _)| *id != applier) {
        if let Some(lost) = conflicts.get(id) {
            owned.set.subtract(lost);
        }
        owned.set.subtract(&changes.removed);
    }
    Ok(())
}

/// Removes what the applier applied last time, does not apply now, and nobody else owns.
fn prune(shape: Shape<'_>, merged: Value, managers: &Managers, last: &FieldSet) -> Value {
    let last = with_parents(shape, last);
    let merged_set = with_parents(shape, &fields_of(shape, &merged));

    let pruned = without(shape, &merged, &last);
    let mut owned = FieldSet::default();
    for manager in managers.0.values() {
        owned.union_with(&manager.set);
    }
    let mut gone = merged_set.clone();
    gone.subtract(&with_parents(shape, &fields_of(shape, &pruned)));
    gone.subtract(&with_parents(shape, &owned));

    let pruned = without(shape, &merged, &gone);
    let mut gone = merged_set;
    gone.subtract(&with_parents(shape, &fields_of(shape, &pruned)));
    without(shape, &merged, &gone.intersection(&last))
}

/// What lost all its fields is gone, as in Go's typed objects; nulls the schema allows stay.
fn drop_nulls(shape: Shape<'_>, value: &mut Value) {
    match value {
        Value::Object(fields) => fields.retain(|name, value| {
            let Some(field) = shape.field(name) else { return true };
            drop_nulls(field, value);
            !value.is_null() || field.takes_null()
        }),
        Value::Array(items) => {
            let item_shape = shape.items().shape();
            items.iter_mut().for_each(|item| drop_nulls(item_shape, item));
        }
        _ => {}
    }
}

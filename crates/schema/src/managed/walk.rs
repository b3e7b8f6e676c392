//! Walks over typed values: which fields a value has, how two differ, what is left when fields are removed.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fieldset::{FieldSet, Step};
use super::shape::{Items, Shape, item_step};
use crate::schema::same_deep;

/// How an object changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) added: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) removed: FieldSet,
}

impl Changes {
    pub(super) fn each(&mut self, mut change: impl FnMut(&mut FieldSet)) {
        change(&mut self.added);
        change(&mut self.modified);
        change(&mut self.removed);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }

    fn take(&mut self, step: Step, below: Self) {
        self.added.put(step.clone(), below.added);
        self.modified.put(step.clone(), below.modified);
        self.removed.put(step, below.removed);
    }
}

/// The fields a value has, as an apply of it would own them.
pub(super) fn fields_of(shape: Shape<'_>, value: &Value) -> FieldSet {
    if shape.is_leaf(value) {
        return FieldSet::leaf();
    }
    let mut set = FieldSet::default();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let child = shape.field(name).unwrap_or(Shape::Deduced);
                let mut below = fields_of(child, value);
                let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
                below.member |= empty || !shape.is_named(name);
                set.put(Step::Field(name.as_str().into()), below);
            }
        }
        Value::Array(list) => {
            let items = shape.items();
            let steps: Vec<Option<Step>> = list.iter().map(|item| item_step(items, item).ok()).collect();
            for (index, step) in steps.iter().enumerate() {
                let Some(step) = step else { continue };
                let twice = steps.iter().enumerate().any(|(other, s)| other != index && s.as_ref() == Some(step));
                let mut below = if twice { FieldSet::default() } else { fields_of(items.shape(), &list[index]) };
                below.member = true;
                set.put(step.clone(), below);
            }
        }
        _ => {}
    }
    set
}

/// What changed from `old` to `new`.
pub(super) fn compare(shape: Shape<'_>, old: Option<&Value>, new: Option<&Value>) -> Changes {
    let mut changes = Changes::default();
    let leaf = match (old, new) {
        (None, None) => return changes,
        (Some(old), Some(new)) => {
            if same_deep(old, new) {
                return changes;
            }
            // Different kinds of values are compared as two leaves; empty ones as one, to tell `{}` from null.
            let kinds = !old.is_null() && !new.is_null() && std::mem::discriminant(old) != std::mem::discriminant(new);
            kinds || shape.is_leaf(if new.is_null() { old } else { new }) || is_void(old) && is_void(new)
        }
        (Some(one), None) | (None, Some(one)) => shape.is_leaf(one) || is_void(one),
    };
    if !leaf {
        compare_inside(shape, old, new, &mut changes);
    }
    match (old, new) {
        (None, Some(_)) => changes.added.member = true,
        (Some(_), None) => changes.removed.member = true,
        _ => changes.modified.member |= leaf,
    }
    changes
}

/// Null, `{}` or `[]`.
fn is_void(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn compare_inside(shape: Shape<'_>, old: Option<&Value>, new: Option<&Value>, changes: &mut Changes) {
    if old.is_some_and(Value::is_array) || new.is_some_and(Value::is_array) {
        return compare_lists(shape.items(), old, new, changes);
    }
    let none = Map::new();
    let old = old.and_then(Value::as_object).unwrap_or(&none);
    let new = new.and_then(Value::as_object).unwrap_or(&none);
    for (name, before) in old {
        let child = shape.field(name).unwrap_or(Shape::Deduced);
        let below = compare(child, Some(before), new.get(name));
        if !below.is_empty() {
            changes.take(Step::Field(name.as_str().into()), below);
        }
    }
    for (name, after) in new.iter().filter(|(name, _)| !old.contains_key(name.as_str())) {
        let child = shape.field(name).unwrap_or(Shape::Deduced);
        changes.take(Step::Field(name.as_str().into()), compare(child, None, Some(after)));
    }
}

fn compare_lists(items: Items<'_>, old: Option<&Value>, new: Option<&Value>, changes: &mut Changes) {
    type Found<'v> = BTreeMap<Step, (Vec<&'v Value>, Vec<&'v Value>)>;
    let mut found = Found::new();
    for item in old.and_then(Value::as_array).into_iter().flatten() {
        if let Ok(step) = item_step(items, item) {
            found.entry(step).or_default().0.push(item);
        }
    }
    for item in new.and_then(Value::as_array).into_iter().flatten() {
        if let Ok(step) = item_step(items, item) {
            found.entry(step).or_default().1.push(item);
        }
    }
    for (step, (before, after)) in found {
        let mut below = match (before.as_slice(), after.as_slice()) {
            ([] | [_], [] | [_]) => compare(items.shape(), before.first().copied(), after.first().copied()),
            ([_, _, ..], [_, _, ..]) => {
                let mut changes = Changes::default();
                changes.modified.member = before != after;
                changes
            }
            ([_, _, ..], _) => compare(items.shape(), None, after.first().copied()),
            (_, _) => compare(items.shape(), before.first().copied(), None),
        };
        below.removed.member |= before.len() > 1 && after.len() < 2;
        below.added.member |= after.len() > 1 && before.len() < 2;
        changes.take(step, below);
    }
}

/// The value without the given fields. What loses all it had becomes null.
pub(super) fn without(shape: Shape<'_>, value: &Value, gone: &FieldSet) -> Value {
    if gone.children.is_empty() {
        return value.clone();
    }
    match value {
        Value::Object(_) | Value::Array(_) if shape.is_leaf(value) => Value::Null,
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, value) in fields {
                let below = gone.get(&Step::Field(name.as_str().into()));
                if below.is_some_and(|below| below.member) {
                    continue;
                }
                let child = shape.field(name).unwrap_or(Shape::Deduced);
                kept.insert(name.clone(), below.map_or_else(|| value.clone(), |below| without(child, value, below)));
            }
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        Value::Array(list) => {
            let items = shape.items();
            let mut kept = Vec::with_capacity(list.len());
            for item in list {
                let below = item_step(items, item).ok().and_then(|step| gone.get(&step));
                match below {
                    Some(below) if below.member => {}
                    Some(below) => kept.push(without(items.shape(), item, below)),
                    None => kept.push(item.clone()),
                }
            }
            if kept.is_empty() { Value::Null } else { Value::Array(kept) }
        }
        scalar => scalar.clone(),
    }
}

/// The set with every named field on the way to a member made a member too.
pub(super) fn with_parents(shape: Shape<'_>, set: &FieldSet) -> FieldSet {
    let children = set.children.iter().map(|(step, child)| {
        let (below, named) = match step {
            Step::Field(name) => (shape.field(name).unwrap_or(Shape::Deduced), shape.is_named(name)),
            Step::Key(_) => (shape.items().shape(), false),
            Step::Value(_) | Step::Index(_) => (Shape::Deduced, false),
        };
        let mut child_set = with_parents(below, child);
        child_set.member |= named && !child.children.is_empty();
        (step.clone(), child_set)
    });
    FieldSet { member: set.member, children: children.collect() }
}

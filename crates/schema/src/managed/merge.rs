//! The merge of an applied configuration into the live object.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::fieldset::Step;
use super::shape::{Items, Shape, item_step};

/// What `config` says, over what is `live`.
pub(super) fn merge(shape: Shape<'_>, live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    let (Some(live), Some(config)) = (live, config) else { return config.or(live).cloned() };
    match (live, config) {
        (Value::Object(old), Value::Object(new)) if !shape.is_atomic_map() => {
            if new.is_empty() && old.is_empty() {
                return Some(config.clone());
            }
            Some(Value::Object(merge_maps(shape, old, new)))
        }
        (Value::Array(old), Value::Array(new)) => match shape.items() {
            Items::Atomic => Some(config.clone()),
            items => {
                let merged = merge_lists(items, old, new);
                Some(if merged.is_empty() { config.clone() } else { Value::Array(merged) })
            }
        },
        // A null in the configuration does not clear what is owned piece by piece.
        (Value::Object(old), Value::Null) if !old.is_empty() && !shape.is_leaf(live) => Some(live.clone()),
        (Value::Array(old), Value::Null) if !old.is_empty() && !shape.is_leaf(live) => Some(live.clone()),
        _ => Some(config.clone()),
    }
}

fn merge_maps(shape: Shape<'_>, old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = Map::new();
    for (name, value) in old {
        let child = shape.field(name).unwrap_or(Shape::Deduced);
        if let Some(value) = merge(child, Some(value), new.get(name)) {
            merged.insert(name.clone(), value);
        }
    }
    for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(name.as_str())) {
        merged.insert(name.clone(), value.clone());
    }
    merged
}

/// Merges lists item by item. Shared items come in the configuration's order; live items keep their place among them.
fn merge_lists(items: Items<'_>, old: &[Value], new: &[Value]) -> Vec<Value> {
    let steps = |list: &[Value]| -> Vec<Step> { list.iter().filter_map(|item| item_step(items, item).ok()).collect() };
    let (left, right) = (steps(old), steps(new));
    let live = LiveItems::new(&left, old);
    let in_left: BTreeSet<&Step> = left.iter().collect();
    let in_right: BTreeMap<&Step, &Value> = right.iter().zip(new).collect();
    let mut shared: VecDeque<&Step> = right.iter().filter(|step| in_left.contains(step)).collect();
    let mut next_shared = shared.pop_front();

    let mut taken = BTreeSet::new();
    let mut merged = Vec::with_capacity(old.len() + new.len());
    let (mut l, mut r) = (0, 0);
    while l < left.len() || r < right.len() {
        if l < left.len() && r < right.len() {
            let step = &left[l];
            if *step == right[r] {
                taken.insert(step);
                merged.extend(merge(items.shape(), live.get(step), in_right.get(step).copied()));
                l += 1;
                r += 1;
                next_shared = shared.pop_front();
                continue;
            }
            if in_right.contains_key(step) && next_shared.is_some_and(|next| next != step) {
                // A shared item, but not the one whose turn it is.
                l += 1;
                continue;
            }
        }
        if l < left.len() {
            let step = &left[l];
            if !in_right.contains_key(step) {
                merged.push(old[l].clone());
                l += 1;
                continue;
            }
            if taken.contains(step) {
                l += 1;
            }
        }
        if r < right.len() {
            let step = &right[r];
            taken.insert(step);
            merged.extend(merge(items.shape(), live.get(step), in_right.get(step).copied()));
            r += 1;
            if next_shared == Some(step) {
                next_shared = shared.pop_front();
            }
        }
    }
    merged
}

/// Live items by step; what appears twice merges with nothing.
struct LiveItems<'v>(BTreeMap<&'v Step, Option<&'v Value>>);

impl<'v> LiveItems<'v> {
    fn new(steps: &'v [Step], list: &'v [Value]) -> Self {
        let mut found = BTreeMap::new();
        for (step, item) in steps.iter().zip(list) {
            found.entry(step).and_modify(|seen| *seen = None).or_insert(Some(item));
        }
        Self(found)
    }

    fn get(&self, step: &Step) -> Option<&'v Value> {
        self.0.get(step).copied().flatten()
    }
}

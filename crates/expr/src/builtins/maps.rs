//! Maps.

use super::Function;
use super::lists::kind;
use crate::error::{Result, fail};
use crate::eval::Machine;
use crate::eval::value::{Key, List, ListKind, MapKind, Val};
use crate::go::print;
use std::collections::BTreeMap;

/// `keys` and `values`, in the order of the keys. Go's order is random.
pub fn parts(function: Function, val: &Val) -> Result<Vec<Val>> {
    match val {
        Val::Map(map) if function == Function::Keys => Ok(map.entries().keys().map(Key::val).collect()),
        Val::Map(map) => Ok(map.entries().values().cloned().collect()),
        other => fail!("cannot get {} from {}", function.name(), kind(other)),
    }
}

/// `toPairs`.
pub fn to_pairs(machine: &mut Machine<'_>, val: &Val) -> Result<Val> {
    let Val::Map(map) = val else { return fail!("cannot transform {} to pairs", kind(val)) };
    let pair = |(key, value): (&Key, &Val)| Val::List(List::flat(ListKind::Pair, vec![key.val(), value.clone()]));
    let pairs = map.entries().iter().map(pair).collect();
    machine.list(ListKind::Pairs, pairs)
}

/// `fromPairs`.
pub fn from_pairs(machine: &mut Machine<'_>, val: &Val) -> Result<Val> {
    let Val::List(pairs) = val else {
        let shown = if matches!(val, Val::Nil) { "<invalid reflect.Value>".to_owned() } else { print::plain(val) };
        return fail!("cannot transform {shown} from pairs");
    };
    let mut entries = BTreeMap::new();
    for pair in pairs.items() {
        let Val::List(pair) = pair else { return fail!("invalid pair {}", print::plain(pair)) };
        let [key, value] = pair.items() else {
            return fail!("invalid pair length {}", print::plain(&Val::List(pair.clone())));
        };
        let Some(key) = Key::of(key) else {
            return fail!("runtime error: hash of unhashable type {}", key.type_name());
        };
        entries.insert(key, value.clone());
    }
    machine.new_map(MapKind::Any, entries)
}

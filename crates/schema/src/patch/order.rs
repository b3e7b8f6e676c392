//! The order of a merged list: items named by the patch as the patch says, the rest as they were.

use serde_json::Value;

/// What identifies an item: its merge key's value, or the item itself in a list of scalars.
fn identity<'v>(item: &'v Value, merge_key: Option<&str>) -> Option<&'v Value> {
    match merge_key {
        Some(key) => item.get(key),
        None => Some(item),
    }
}

fn position(list: &[Value], item: &Value, merge_key: Option<&str>) -> Option<usize> {
    let wanted = identity(item, merge_key)?;
    list.iter().position(|other| identity(other, merge_key) == Some(wanted))
}

/// Orders `merged`: items in `wanted` follow its order; items not in it keep their place relative to `live`; where the
/// live order does not decide, items of the patch come first.
pub(super) fn normalize(merged: Vec<Value>, wanted: &[Value], live: &[Value], merge_key: Option<&str>) -> Vec<Value> {
    let (mut named, mut rest): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| position(wanted, item, merge_key).is_some());
    let place = |order: &[Value], item: &Value| position(order, item, merge_key).unwrap_or(usize::MAX);
    named.sort_by_key(|item| place(wanted, item));
    rest.sort_by_key(|item| place(live, item));

    let mut result = Vec::with_capacity(named.len() + rest.len());
    let (mut named, mut rest) = (named.into_iter().peekable(), rest.into_iter().peekable());
    while let (Some(left), Some(right)) = (rest.peek(), named.peek()) {
        let (left, right) = (position(live, left, merge_key), position(live, right, merge_key));
        let rest_first = left.zip(right).is_some_and(|(left, right)| left < right);
        result.extend(if rest_first { rest.next() } else { named.next() });
    }
    result.extend(rest);
    result.extend(named);
    result
}

/// True when the items of `patch` come in the order of `wanted` (items with a directive do not count).
pub(super) fn agrees(patch: &[Value], wanted: &[Value], merge_key: Option<&str>) -> bool {
    let mut wanted = wanted.iter();
    patch
        .iter()
        .filter(|item| item.get(super::strategic::DIRECTIVE).is_none())
        .all(|item| wanted.any(|other| identity(other, merge_key) == identity(item, merge_key)))
}

//! What Go's expr rewrites so that less of a list is looked at. One sees it where a later element would have failed.

use crate::builtins::{Function, Predicate};
use crate::eval::value::{Key, Map, MapKind, Val};
use crate::syntax::ast::{Member, Node, Over};
use crate::syntax::operator::Binary;
use std::collections::BTreeMap;

/// The first or the last that a filter keeps, asked for by its index, is found rather than filtered; it must be there.
pub fn member(member: Box<Member>) -> Node {
    let builtin = match &member.key {
        Node::Constant(Val::Int(_, 0)) => Predicate::Find,
        Node::Constant(Val::Int(_, -1)) => Predicate::FindLast,
        _ => return Node::Member(member),
    };
    let Member { base, key, optional } = *member;
    match base {
        Node::Over(over) if over.builtin == Predicate::Filter && !optional => {
            Node::Over(Box::new(Over { builtin, must: true, ..*over }))
        }
        base => Node::Member(Box::new(Member { base, key, optional })),
    }
}

/// `first(filter(…))` and `last(filter(…))` likewise, and `len(filter(…))` is a count.
pub fn builtin(function: Function, arguments: Vec<Node>) -> Node {
    let builtin = match function {
        Function::First => Predicate::Find,
        Function::Last => Predicate::FindLast,
        Function::Len => Predicate::Count,
        _ => return Node::Builtin(function, arguments),
    };
    match <[Node; 1]>::try_from(arguments) {
        Ok([Node::Over(over)]) if over.builtin == Predicate::Filter => Node::Over(Box::new(Over { builtin, ..*over })),
        Ok([one]) => Node::Builtin(function, vec![one]),
        Err(arguments) => Node::Builtin(function, arguments),
    }
}

/// `left op right`: a count is counted only as far as it matters, and two questions about the elements of one list
/// are asked together.
pub fn operation(op: Binary, written: &'static str, left: Node, right: Node) -> Node {
    match (left, right) {
        (left, Node::List(items)) if op == Binary::In && !items.is_empty() => {
            Node::binary(op, written, left, texts(items))
        }
        (Node::Over(count), Node::Constant(Val::Int(kind, than)))
            if count.builtin == Predicate::Count && count.predicate.is_some() =>
        {
            let count = Over { enough: enough(op, than), ..*count };
            Node::binary(op, written, Node::Over(Box::new(count)), Node::Constant(Val::Int(kind, than)))
        }
        (Node::Over(left), Node::Over(right)) => match joint(op, left, right) {
            Ok(asked) => Node::Over(asked),
            Err((left, right)) => Node::binary(op, written, Node::Over(left), Node::Over(right)),
        },
        (left, right) => Node::binary(op, written, left, right),
    }
}

/// A list of nothing but texts to look something up in is a map of them. What is no text, then, is not merely not
/// among them: it is an error.
fn texts(items: Vec<Node>) -> Node {
    let key = |item: &Node| match item {
        Node::Constant(Val::Text(text)) => Some((Key::Text(text.clone()), Val::Nil)),
        _ => None,
    };
    match items.iter().map(key).collect::<Option<BTreeMap<_, _>>>() {
        Some(keys) => Node::Constant(Val::Map(Map::new(MapKind::Texts, keys))),
        None => Node::List(items),
    }
}

/// How far to count to know what `count op than` is; all the way when none.
fn enough(op: Binary, than: i64) -> Option<usize> {
    let enough = match op {
        Binary::Greater | Binary::LessOrEqual => than.checked_add(1)?,
        Binary::GreaterOrEqual | Binary::Less => than,
        _ => return None,
    };
    usize::try_from(enough).ok().filter(|enough| *enough > 0)
}

/// Two questions about one list as one.
fn joint(op: Binary, left: Box<Over>, right: Box<Over>) -> Result<Box<Over>, (Box<Over>, Box<Over>)> {
    let (by, written) = match (op, left.builtin) {
        (Binary::And, Predicate::All) => (Binary::And, "&&"),
        (Binary::Or, Predicate::Any) | (Binary::And, Predicate::None) => (Binary::Or, "||"),
        _ => return Err((left, right)),
    };
    if left.builtin != right.builtin || left.list != right.list {
        return Err((left, right));
    }
    match (left.predicate, right.predicate) {
        (Some(a), Some(b)) => {
            let predicate = Some(Node::binary(by, written, a, b));
            Ok(Box::new(Over { predicate, ..*left }))
        }
        (a, b) => Err((Box::new(Over { predicate: a, ..*left }), Box::new(Over { predicate: b, ..*right }))),
    }
}

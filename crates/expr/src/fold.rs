//! What Go's expr rewrites before it runs an expression, where one sees the difference: constants are computed, and
//! `and` and `or` with a constant operand are the other operand, whatever that is.

use crate::error::{Error, Result};
use crate::eval::ops;
use crate::eval::value::Val;
use crate::rewrite;
use crate::syntax::ast::{Node, Operation};
use crate::syntax::operator::{Binary, Unary};

/// Folds the constants of `tree`. The only failure is a constant `%` by zero.
pub fn fold(tree: &mut Node) -> Result<()> {
    children(tree)?;
    rewritten(tree)
}

fn children(node: &mut Node) -> Result<()> {
    match node {
        Node::Constant(_) | Node::Name(_) | Node::Pointer(_) => Ok(()),
        Node::Unary(_, inner) | Node::Chain(inner) => fold(inner),
        Node::Binary(operation) => {
            fold(&mut operation.left)?;
            fold(&mut operation.right)
        }
        Node::Member(member) => {
            fold(&mut member.base)?;
            fold(&mut member.key)
        }
        Node::Slice(slice) => {
            fold(&mut slice.base)?;
            slice.from.iter_mut().chain(&mut slice.to).try_for_each(fold)
        }
        Node::Call(call) => {
            if matches!(&call.callee, Node::Name(name) if matches!(&**name, "isNaN" | "isInf")) {
                call.arguments.iter_mut().for_each(floats);
            }
            fold(&mut call.callee)?;
            call.arguments.iter_mut().try_for_each(fold)
        }
        Node::Builtin(_, nodes) | Node::Sequence(nodes) | Node::List(nodes) => nodes.iter_mut().try_for_each(fold),
        Node::Over(over) => {
            fold(&mut over.list)?;
            over.predicate.iter_mut().chain(&mut over.extra).try_for_each(fold)
        }
        Node::Let(bound) => {
            fold(&mut bound.value)?;
            fold(&mut bound.body)
        }
        Node::Conditional(conditional) => {
            fold(&mut conditional.condition)?;
            fold(&mut conditional.yes)?;
            fold(&mut conditional.no)
        }
        Node::Map(entries) => entries.iter_mut().try_for_each(|(key, value)| {
            fold(key)?;
            fold(value)
        }),
    }
}

/// Integer literals where a float is wanted are floats. Integers that are computed are not, and fail.
fn floats(node: &mut Node) {
    match node {
        Node::Constant(Val::Int(_, n)) => *node = Node::Constant(Val::Float(*n as f64)),
        Node::Unary(_, inner) => floats(inner),
        Node::Binary(operation) if matches!(operation.op, Binary::Add | Binary::Subtract | Binary::Multiply) => {
            floats(&mut operation.left);
            floats(&mut operation.right);
        }
        _ => {}
    }
}

/// What `node` becomes when its children are folded.
fn rewritten(node: &mut Node) -> Result<()> {
    if !matches!(node, Node::Unary(..) | Node::Binary(_) | Node::Member(_) | Node::Builtin(..)) {
        return Ok(());
    }
    *node = match std::mem::replace(node, Node::Constant(Val::Nil)) {
        Node::Unary(op, operand) => unary(op, *operand),
        Node::Binary(operation) => {
            let Operation { op, written, left, right, alike } = *operation;
            let mut node = binary(op, written, left, right)?;
            if let Node::Binary(operation) = &mut node {
                operation.alike = alike;
            }
            node
        }
        Node::Member(member) => rewrite::member(member),
        Node::Builtin(function, arguments) => rewrite::builtin(function, arguments),
        other => other,
    };
    Ok(())
}

fn unary(op: Unary, operand: Node) -> Node {
    if let Node::Constant(val @ (Val::Int(..) | Val::Float(_) | Val::Bool(_))) = &operand
        && let Ok(val) = ops::unary(op, val)
    {
        return Node::Constant(val);
    }
    Node::Unary(op, Box::new(operand))
}

fn binary(op: Binary, written: &'static str, left: Node, right: Node) -> Result<Node> {
    match (op, &left, &right) {
        (Binary::And, Node::Constant(Val::Bool(true)), _) => return Ok(right),
        (Binary::And, _, Node::Constant(Val::Bool(true))) => return Ok(left),
        (Binary::And, Node::Constant(Val::Bool(false)), _) | (Binary::And, _, Node::Constant(Val::Bool(false))) => {
            return Ok(Node::Constant(Val::Bool(false)));
        }
        (Binary::Or, Node::Constant(Val::Bool(true)), _) | (Binary::Or, _, Node::Constant(Val::Bool(true))) => {
            return Ok(Node::Constant(Val::Bool(true)));
        }
        (Binary::Or, Node::Constant(Val::Bool(false)), _) => return Ok(right),
        (Binary::Or, _, Node::Constant(Val::Bool(false))) => return Ok(left),
        (_, Node::Constant(a), Node::Constant(b)) if reckons(op, a, b) => {
            if op == Binary::Modulo && matches!(b, Val::Int(_, 0)) {
                return Err(Error::new("integer divide by zero"));
            }
            return ops::binary(op, a, b).map(Node::Constant);
        }
        _ => {}
    }
    Ok(rewrite::operation(op, written, left, right))
}

/// Whether `op` between these constants is computed before.
fn reckons(op: Binary, left: &Val, right: &Val) -> bool {
    let numbers = matches!(left, Val::Int(..) | Val::Float(_)) && matches!(right, Val::Int(..) | Val::Float(_));
    match op {
        Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Power => numbers,
        Binary::Add => numbers || matches!((left, right), (Val::Text(_), Val::Text(_))),
        Binary::Modulo => matches!((left, right), (Val::Int(..), Val::Int(..))),
        _ => false,
    }
}

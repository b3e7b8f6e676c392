//! What Go's expr rewrites before it runs an expression, where one sees the difference: constants are computed, and
//! `and` and `or` with a constant operand are the other operand, whatever that is.

use crate::error::{Error, Result};
use crate::eval::ops;
use crate::eval::value::Val;
use crate::rewrite;
use crate::syntax::ast::{Node, Operation};
use crate::syntax::operator::{Binary, Unary};

/// `tree` with its constants folded. The only failure is a constant `%` by zero.
pub fn fold(tree: Node) -> Result<Node> {
    Ok(match tree {
        Node::Unary(op, operand) => unary(op, fold(*operand)?),
        Node::Binary(operation) => {
            let Operation { op, written, left, right } = *operation;
            binary(op, written, fold(left)?, fold(right)?)?
        }
        Node::Chain(inner) => Node::Chain(Box::new(fold(*inner)?)),
        Node::Member(mut member) => {
            member.base = fold(member.base)?;
            member.key = fold(member.key)?;
            rewrite::member(member)
        }
        Node::Slice(mut slice) => {
            slice.base = fold(slice.base)?;
            slice.from = slice.from.map(fold).transpose()?;
            slice.to = slice.to.map(fold).transpose()?;
            Node::Slice(slice)
        }
        Node::Call(mut call) => {
            call.callee = fold(call.callee)?;
            call.arguments = all(call.arguments)?;
            Node::Call(call)
        }
        Node::Builtin(function, arguments) => rewrite::builtin(function, all(arguments)?),
        Node::Over(mut over) => {
            over.list = fold(over.list)?;
            over.predicate = over.predicate.map(fold).transpose()?;
            over.extra = over.extra.map(fold).transpose()?;
            Node::Over(over)
        }
        Node::Let(mut bound) => {
            bound.value = fold(bound.value)?;
            bound.body = fold(bound.body)?;
            Node::Let(bound)
        }
        Node::Sequence(nodes) => Node::Sequence(all(nodes)?),
        Node::Conditional(mut conditional) => {
            conditional.condition = fold(conditional.condition)?;
            conditional.yes = fold(conditional.yes)?;
            conditional.no = fold(conditional.no)?;
            Node::Conditional(conditional)
        }
        Node::List(items) => Node::List(all(items)?),
        Node::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| Ok((fold(key)?, fold(value)?)));
            Node::Map(entries.collect::<Result<_>>()?)
        }
        leaf @ (Node::Constant(_) | Node::Name(_) | Node::Pointer(_)) => leaf,
    })
}

fn all(nodes: Vec<Node>) -> Result<Vec<Node>> {
    nodes.into_iter().map(fold).collect()
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

//! The tree of an expression.

use super::operator::{Binary, Unary};
use crate::builtins::{Function, Predicate};
use crate::eval::value::Val;
use std::sync::Arc;

/// One node.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A literal, or what folding made of constant operands.
    Constant(Val),
    /// A name: a variable of `let`, of the environment, or `$env`.
    Name(Arc<str>),
    /// `-x`.
    Unary(Unary, Box<Node>),
    /// `a + b`.
    Binary(Box<Operation>),
    /// The reach of `?.`: what a nil before one of them makes nil as a whole.
    Chain(Box<Node>),
    /// `a.b`, `a["b"]`.
    Member(Box<Member>),
    /// `a[from:to]`.
    Slice(Box<Slice>),
    /// A call of a method, or of a value of the environment.
    Call(Box<Call>),
    /// A call of a builtin function.
    Builtin(Function, Vec<Node>),
    /// A call of a builtin that takes a predicate.
    Over(Box<Over>),
    /// `#`, `#index`, `#acc`: without the `#`.
    Pointer(Arc<str>),
    /// `let name = value; body`.
    Let(Box<Let>),
    /// `a; b`: all are evaluated, the last counts.
    Sequence(Vec<Node>),
    /// `c ? a : b`, `if c {a} else {b}`.
    Conditional(Box<Conditional>),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `{a: 1}`.
    Map(Vec<(Node, Node)>),
}

/// `left op right`.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// The operator.
    pub op: Binary,
    /// How it was written: `and` or `&&`.
    pub written: &'static str,
    /// The left operand.
    pub left: Node,
    /// The right operand.
    pub right: Node,
    /// Operands of `==` that were checked to be of one simple type. A nil that turns up all the same is an error.
    pub alike: Option<Alike>,
}

/// Types of which Go compares values without a look at what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alike {
    /// `int`.
    Ints,
    /// `string`.
    Texts,
}

/// `base.key`, `base[key]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// What is looked into.
    pub base: Node,
    /// For what.
    pub key: Node,
    /// `?.`: nil when `base` is nil.
    pub optional: bool,
}

/// `base[from:to]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// What is cut.
    pub base: Node,
    /// The first element, the beginning by default.
    pub from: Option<Node>,
    /// The element after the last, the end by default.
    pub to: Option<Node>,
}

/// `callee(arguments)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What is called: a name or a member.
    pub callee: Node,
    /// With what.
    pub arguments: Vec<Node>,
}

/// `all(list, predicate)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Over {
    /// Which builtin.
    pub builtin: Predicate,
    /// Of what.
    pub list: Node,
    /// What is asked of each element. Some builtins do without.
    pub predicate: Option<Node>,
    /// The order of `sortBy`, the initial value of `reduce`.
    pub extra: Option<Node>,
    /// How far a count is counted; to the end when none.
    pub enough: Option<usize>,
    /// Not to find any is an error.
    pub must: bool,
}

/// `let name = value; body`.
#[derive(Debug, Clone, PartialEq)]
pub struct Let {
    /// The variable.
    pub name: Arc<str>,
    /// Its value.
    pub value: Node,
    /// Where it is known.
    pub body: Node,
}

/// `condition ? yes : no`.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditional {
    /// What decides.
    pub condition: Node,
    /// When true.
    pub yes: Node,
    /// When false.
    pub no: Node,
}

impl Node {
    /// A text literal.
    pub fn text(text: &str) -> Self {
        Node::Constant(Val::text(text))
    }

    /// `left op right`.
    pub fn binary(op: Binary, written: &'static str, left: Node, right: Node) -> Self {
        Node::Binary(Box::new(Operation { op, written, left, right, alike: None }))
    }
}

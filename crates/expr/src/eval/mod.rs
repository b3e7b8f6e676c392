//! Runs a checked and folded tree.

pub mod access;
pub mod budget;
mod calls;
pub mod equal;
pub mod methods;
pub mod ops;
mod over;
pub mod structs;
pub mod value;
mod words;

use crate::env::Environment;
use crate::error::{Result, fail};
use crate::limits::MAX_PATTERNS;
use crate::syntax::ast::{Alike, Node, Operation, Slice};
use crate::syntax::operator::{Binary, Unary};
use budget::Budget;
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::Arc;
use value::{IntKind, Key, List, ListKind, Map, MapKind, Val};

/// The value of `tree` in `environment`.
pub fn run(tree: &Node, environment: &Environment) -> Result<Val> {
    let mut machine = Machine {
        environment,
        variables: Vec::new(),
        scopes: Vec::new(),
        budget: Budget::default(),
        patterns: BTreeMap::new(),
    };
    machine.node(tree)
}

/// One evaluation.
pub struct Machine<'e> {
    /// What names stand for.
    pub environment: &'e Environment,
    /// What it may still cost.
    pub budget: Budget,
    variables: Vec<(Arc<str>, Val)>,
    scopes: Vec<Scope>,
    /// Patterns already compiled.
    patterns: BTreeMap<Arc<str>, Regex>,
}

/// What a predicate sees.
struct Scope {
    source: over::Source,
    index: usize,
    accumulator: Val,
}

impl Machine<'_> {
    fn node(&mut self, node: &Node) -> Result<Val> {
        self.budget.step()?;
        match node {
            Node::Constant(val) => Ok(val.clone()),
            Node::Name(name) => Ok(self.name(name)),
            Node::Unary(op, operand) => self.unary(*op, operand),
            Node::Binary(operation) => self.operation(operation),
            Node::Chain(inner) => Ok(self.linked(inner)?.unwrap_or(Val::Nil)),
            Node::Member(_) | Node::Call(_) => Ok(self.linked(node)?.unwrap_or(Val::Nil)),
            Node::Slice(slice) => self.slice(slice),
            Node::Builtin(function, arguments) => {
                let arguments = self.nodes(arguments)?;
                self.builtin(*function, &arguments)
            }
            Node::Over(over) => self.over(over),
            Node::Pointer(name) => self.pointer(name),
            Node::Let(bound) => {
                let value = self.node(&bound.value)?;
                self.variables.push((bound.name.clone(), value));
                let body = self.node(&bound.body);
                self.variables.pop();
                body
            }
            Node::Sequence(all) => all.iter().try_fold(Val::Nil, |_, one| self.node(one)),
            Node::Conditional(conditional) => {
                let condition = self.node(&conditional.condition)?;
                if ops::truth(&condition)? { self.node(&conditional.yes) } else { self.node(&conditional.no) }
            }
            Node::List(items) => {
                let items = self.nodes(items)?;
                self.list(ListKind::Any, items)
            }
            Node::Map(entries) => self.map(entries),
        }
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<Vec<Val>> {
        nodes.iter().map(|node| self.node(node)).collect()
    }

    /// A new list.
    pub fn list(&mut self, kind: ListKind, items: Vec<Val>) -> Result<Val> {
        self.budget.cells(items.len())?;
        let list = Val::List(List::flat(kind, items));
        self.budget.nesting(&list)?;
        Ok(list)
    }

    fn map(&mut self, entries: &[(Node, Node)]) -> Result<Val> {
        let mut made = BTreeMap::new();
        for (key, value) in entries {
            let key = self.node(key)?;
            let value = self.node(value)?;
            made.insert(Key::Text(ops::text(&key)?), value);
        }
        self.new_map(MapKind::Texts, made)
    }

    /// A new map.
    pub fn new_map(&mut self, kind: MapKind, entries: BTreeMap<Key, Val>) -> Result<Val> {
        self.budget.cells(entries.len())?;
        let map = Val::Map(Map::new(kind, entries));
        self.budget.nesting(&map)?;
        Ok(map)
    }

    fn name(&self, name: &str) -> Val {
        if let Some((_, val)) = self.variables.iter().rev().find(|(variable, _)| **variable == *name) {
            return val.clone();
        }
        if name == "$env" {
            let entry =
                |name: &'static str| (Key::Text(Arc::from(name)), self.environment.find(name).unwrap_or(Val::Nil));
            return Val::Map(Map::new(MapKind::Texts, self.environment.names().map(entry).collect()));
        }
        // A builtin without a call is nothing.
        self.environment.find(name).unwrap_or(Val::Nil)
    }

    fn pointer(&self, name: &str) -> Result<Val> {
        let Some(scope) = self.scopes.last() else { return Ok(Val::Nil) };
        match name {
            "index" => Ok(Val::size(scope.index)),
            "acc" => Ok(scope.accumulator.clone()),
            _ => scope.source.at(scope.index),
        }
    }

    fn unary(&mut self, op: Unary, operand: &Node) -> Result<Val> {
        let val = self.node(operand)?;
        ops::unary(op, &val)
    }

    fn operation(&mut self, operation: &Operation) -> Result<Val> {
        let left = self.node(&operation.left)?;
        match operation.op {
            Binary::And if !ops::truth(&left)? => return Ok(left),
            Binary::Or if ops::truth(&left)? => return Ok(left),
            Binary::Coalesce if !matches!(left, Val::Nil) => return Ok(left),
            _ => {}
        }
        let right = self.node(&operation.right)?;
        if let Some(alike) = operation.alike {
            simple(alike, &right)?;
            simple(alike, &left)?;
        }
        match operation.op {
            // What the left operand has not decided is the right one, whatever it is.
            Binary::And | Binary::Or | Binary::Coalesce => Ok(right),
            Binary::Equal => Ok(Val::Bool(equal::equal(&mut self.budget, &left, &right)?)),
            Binary::NotEqual => Ok(Val::Bool(!equal::equal(&mut self.budget, &left, &right)?)),
            Binary::In => access::found_in(&mut self.budget, &left, &right).map(Val::Bool),
            Binary::Matches => self.matches(&left, &right),
            Binary::Contains | Binary::StartsWith | Binary::EndsWith => {
                words::compare(&mut self.budget, operation.op, &left, &right)
            }
            Binary::Range => self.range(&left, &right),
            op => {
                if let (Binary::Add, Val::Text(a), Val::Text(b)) = (op, &left, &right) {
                    self.budget.text(a.len().saturating_add(b.len()))?;
                }
                ops::binary(op, &left, &right)
            }
        }
    }

    /// `from..to`, both included.
    fn range(&mut self, from: &Val, to: &Val) -> Result<Val> {
        let (from, to) = (ops::to_int(from)?, ops::to_int(to)?);
        let size =
            to.checked_sub(from).and_then(|size| size.checked_add(1)).unwrap_or(if to < from { 0 } else { i64::MAX });
        self.budget.cells(usize::try_from(size.max(0)).unwrap_or(usize::MAX))?;
        Ok(Val::List(List::flat(ListKind::Ints, (from..=to).map(Val::int).collect())))
    }

    fn slice(&mut self, slice: &Slice) -> Result<Val> {
        let base = self.node(&slice.base)?;
        let to = slice.to.as_ref().map(|to| self.node(to)).transpose()?;
        let from = slice.from.as_ref().map(|from| self.node(from)).transpose()?;
        if let Val::Text(text) = &base {
            self.budget.text(text.len())?;
        }
        access::slice(&base, from.as_ref(), to.as_ref())
    }

    fn matches(&mut self, left: &Val, right: &Val) -> Result<Val> {
        if matches!(left, Val::Nil) || matches!(right, Val::Nil) {
            return Ok(Val::Bool(false));
        }
        let pattern = ops::text(right)?;
        let Val::Text(text) = left else {
            return fail!("interface conversion: interface {{}} is {}, not []uint8", left.type_name());
        };
        self.budget.looks(text.len())?;
        if !self.patterns.contains_key(&pattern) {
            if self.patterns.len() >= MAX_PATTERNS {
                return fail!("expression has more than {MAX_PATTERNS} regular expressions");
            }
            let compiled = crate::go::regexp::compile(&pattern)?;
            self.patterns.insert(pattern.clone(), compiled);
        }
        match self.patterns.get(&pattern) {
            Some(compiled) => Ok(Val::Bool(compiled.is_match(text))),
            None => fail!("error parsing regexp: internal error: `{pattern}`"),
        }
    }
}

/// Go trusts what it checked, and fails on a nil that a builtin found instead.
fn simple(alike: Alike, val: &Val) -> Result<()> {
    match (alike, val) {
        (Alike::Ints, Val::Int(IntKind::Int, _)) | (Alike::Texts, Val::Text(_)) => Ok(()),
        (alike, other) => {
            let wanted = if alike == Alike::Ints { "int" } else { "string" };
            fail!("interface conversion: interface {{}} is {}, not {wanted}", other.asserted_name())
        }
    }
}

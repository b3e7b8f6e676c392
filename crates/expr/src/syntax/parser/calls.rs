//! Calls: of builtins, of those among them that take a predicate, and of values.

use super::Parser;
use crate::builtins::{Function, Predicate};
use crate::error::{Result, fail};
use crate::syntax::ast::{Call, Node, Over};
use crate::syntax::token::Kind;
use std::sync::Arc;

impl Parser {
    /// A call of `name`, of which the opening bracket is next. `piped` is its first argument when it stands behind
    /// a `|`; `::name()` means builtins alone.
    pub(super) fn call(&mut self, name: &str, piped: Option<Node>, values: bool) -> Result<Node> {
        if let Some(builtin) = Predicate::find(name) {
            let over = self.over(builtin, piped)?;
            return self.node(Node::Over(Box::new(over)));
        }
        let arguments = self.arguments(piped.into_iter().collect())?;
        if let Some(function) = Function::find(name) {
            return self.node(Node::Builtin(function, arguments));
        }
        if !values {
            return fail!("unknown name {name}");
        }
        let callee = self.node(Node::Name(Arc::from(name)))?;
        self.node(Node::Call(Box::new(Call { callee, arguments })))
    }

    /// `(a, b)`, behind those already there.
    pub(super) fn arguments(&mut self, given: Vec<Node>) -> Result<Vec<Node>> {
        let mut arguments = given;
        let offset = arguments.len();
        self.expect(Kind::Bracket, "(")?;
        while !self.is(Kind::Bracket, ")") {
            if arguments.len() > offset {
                self.expect(Kind::Operator, ",")?;
            }
            if self.is(Kind::Bracket, ")") {
                break;
            }
            arguments.push(self.expression(0)?);
        }
        self.next()?;
        Ok(arguments)
    }

    /// `(list, predicate, extra)`.
    fn over(&mut self, builtin: Predicate, piped: Option<Node>) -> Result<Over> {
        let (need_predicate, takes_extra) = builtin.arity();
        self.expect(Kind::Bracket, "(")?;
        let first = piped.is_none();
        let list = match piped {
            Some(list) => list,
            None => self.expression(0)?,
        };
        let mut over = Over { builtin, list, predicate: None, extra: None, enough: None, must: false };
        let more = if first { self.separator()? } else { !self.is(Kind::Bracket, ")") };
        if more {
            over.predicate = Some(self.predicate()?);
            if takes_extra && self.separator()? {
                over.extra = Some(self.expression(0)?);
            }
        } else if need_predicate {
            return fail!("expected at least {} arguments", if first { 2 } else { 1 });
        }
        if self.is(Kind::Operator, ",") {
            self.next()?;
        }
        self.expect(Kind::Bracket, ")")?;
        Ok(over)
    }

    /// Whether another argument follows, past the comma.
    fn separator(&mut self) -> Result<bool> {
        if self.is(Kind::Bracket, ")") {
            return Ok(false);
        }
        self.expect(Kind::Operator, ",")?;
        Ok(true)
    }

    /// `{…}` or a bare expression, in which `#` is the element.
    fn predicate(&mut self) -> Result<Node> {
        self.predicates += 1;
        let parsed = if self.is(Kind::Bracket, "{") { self.block() } else { self.expression(0) };
        self.predicates -= 1;
        parsed
    }
}

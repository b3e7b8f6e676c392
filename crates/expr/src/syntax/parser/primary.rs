//! Operands: literals, names, brackets, and what follows them (`.b`, `[1]`, `(x)`).

use super::Parser;
use crate::error::{Result, fail};
use crate::eval::value::{List, Val};
use crate::limits::NESTED;
use crate::syntax::ast::{Call, Member, Node, Slice};
use crate::syntax::lexer;
use crate::syntax::number;
use crate::syntax::operator::Unary;
use crate::syntax::token::Kind;
use std::sync::Arc;

impl Parser {
    /// An operand with its signs in front and its members behind.
    pub(super) fn primary(&mut self) -> Result<Node> {
        if self.word().kind == Kind::Operator {
            if let Some((op, strength)) = Unary::find(&self.word().value) {
                self.next()?;
                let operand = self.deeper(NESTED, |parser| parser.expression(strength))?;
                let node = self.node(Node::Unary(op, Box::new(operand)))?;
                return self.members(node);
            }
            if self.predicates > 0 && (self.is(Kind::Operator, "#") || self.is(Kind::Operator, ".")) {
                let mut name = String::new();
                if self.is(Kind::Operator, "#") {
                    self.next()?;
                    if self.word().kind == Kind::Identifier {
                        name = self.name()?;
                    }
                }
                let node = self.node(Node::Pointer(Arc::from(name)))?;
                return self.members(node);
            }
            if self.is(Kind::Operator, "::") {
                self.next()?;
                let name = self.name()?;
                let node = self.call(&name, None, false)?;
                return self.members(node);
            }
        }
        if self.is(Kind::Bracket, "(") {
            self.next()?;
            let inner = self.sequence()?;
            self.expect(Kind::Bracket, ")")?;
            return self.members(inner);
        }
        self.literal()
    }

    fn literal(&mut self) -> Result<Node> {
        let word = self.word().clone();
        let node = match word.kind {
            Kind::Identifier => {
                self.next()?;
                let constant = match word.value.as_str() {
                    "true" => Some(Val::Bool(true)),
                    "false" => Some(Val::Bool(false)),
                    "nil" => Some(Val::Nil),
                    _ => None,
                };
                if let Some(constant) = constant {
                    // These have no members.
                    return self.node(Node::Constant(constant));
                }
                if self.is(Kind::Bracket, "(") {
                    self.call(&word.value, None, true)?
                } else {
                    self.node(Node::Name(Arc::from(word.value)))?
                }
            }
            Kind::Number => {
                self.next()?;
                let value = number::number(&word.value)?;
                return self.node(Node::Constant(value));
            }
            Kind::Text => {
                self.next()?;
                self.node(Node::text(&word.value))?
            }
            Kind::Bytes => {
                self.next()?;
                let byte = |at| u8::from_str_radix(&word.value[at..at + 2], 16).unwrap_or_default();
                let bytes = (0..word.value.len()).step_by(2).map(byte);
                self.node(Node::Constant(Val::List(List::bytes(bytes))))?
            }
            _ if self.is(Kind::Bracket, "[") => self.list()?,
            _ if self.is(Kind::Bracket, "{") => self.map()?,
            _ => return self.unexpected(),
        };
        self.members(node)
    }

    /// `[a, b]`.
    fn list(&mut self) -> Result<Node> {
        self.expect(Kind::Bracket, "[")?;
        let mut items = Vec::new();
        while !self.is(Kind::Bracket, "]") {
            if !items.is_empty() {
                self.expect(Kind::Operator, ",")?;
                if self.is(Kind::Bracket, "]") {
                    break;
                }
            }
            items.push(self.expression(0)?);
        }
        self.next()?;
        self.node(Node::List(items))
    }

    /// `{a: 1, "b": 2, (c): 3}`.
    fn map(&mut self) -> Result<Node> {
        self.expect(Kind::Bracket, "{")?;
        let mut entries = Vec::new();
        while !self.is(Kind::Bracket, "}") {
            if !entries.is_empty() {
                self.expect(Kind::Operator, ",")?;
                if self.is(Kind::Bracket, "}") {
                    break;
                }
                if self.is(Kind::Operator, ",") {
                    return self.unexpected();
                }
            }
            let key = match self.word().kind {
                Kind::Number | Kind::Text | Kind::Identifier => {
                    let name = self.word().value.clone();
                    self.next()?;
                    self.node(Node::text(&name))?
                }
                _ if self.is(Kind::Bracket, "(") => self.expression(0)?,
                _ => {
                    return fail!(
                        "a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses (unexpected token {})",
                        self.word()
                    );
                }
            };
            self.expect(Kind::Operator, ":")?;
            let value = self.expression(0)?;
            let value = self.node(value)?;
            entries.push((key, value));
        }
        self.next()?;
        self.node(Node::Map(entries))
    }

    /// `.b`, `?.b`, `[1]`, `[1:2]`, `.b(x)` behind `node`, as many as there are.
    fn members(&mut self, node: Node) -> Result<Node> {
        let mut node = node;
        let depth = self.depth;
        loop {
            let mut optional = self.is(Kind::Operator, "?.");
            if optional || self.is(Kind::Operator, ".") {
                self.deepen(1)?;
                self.next()?;
                if !(optional && self.is(Kind::Bracket, "[")) {
                    node = self.member(node, optional)?;
                    continue;
                }
            } else {
                optional = false;
            }
            if !self.is(Kind::Bracket, "[") {
                break;
            }
            self.deepen(1)?;
            self.next()?;
            node = self.index(node, optional)?;
        }
        self.depth = depth;
        Ok(node)
    }

    /// `b` or `b(x)` of `base.b`. The reach of a `?.` before it ends behind it.
    fn member(&mut self, base: Node, optional: bool) -> Result<Node> {
        let word = self.word().clone();
        self.next()?;
        let named = match word.kind {
            Kind::Identifier => true,
            Kind::Operator => word.value.starts_with(lexer::starts_name),
            _ => false,
        };
        if !named {
            return fail!("expected name");
        }
        let (base, chained) = match base {
            Node::Chain(inner) => (*inner, true),
            base => (base, false),
        };
        let key = self.node(Node::text(&word.value))?;
        let method = self.is(Kind::Bracket, "(");
        let mut node = self.node(Node::Member(Box::new(Member { base, key, optional })))?;
        if method {
            let arguments = self.arguments(Vec::new())?;
            node = self.node(Node::Call(Box::new(Call { callee: node, arguments })))?;
        }
        if chained || optional { self.node(Node::Chain(Box::new(node))) } else { Ok(node) }
    }

    /// `1]`, `1:2]`, `:2]`, `1:]`, `:]` of `base[…]`.
    fn index(&mut self, base: Node, optional: bool) -> Result<Node> {
        let from = if self.is(Kind::Operator, ":") { None } else { Some(self.expression(0)?) };
        if self.is(Kind::Operator, ":") {
            self.next()?;
            let to = if self.is(Kind::Bracket, "]") { None } else { Some(self.expression(0)?) };
            self.expect(Kind::Bracket, "]")?;
            return self.node(Node::Slice(Box::new(Slice { base, from, to })));
        }
        self.expect(Kind::Bracket, "]")?;
        let Some(key) = from else { return self.unexpected() };
        let node = self.node(Node::Member(Box::new(Member { base, key, optional })))?;
        if optional { self.node(Node::Chain(Box::new(node))) } else { Ok(node) }
    }
}

//! From words to a tree: operators by how strongly they bind.

mod calls;
mod primary;

use super::ast::{Conditional, Let, Node};
use super::lexer;
use super::operator::{Binary, Unary};
use super::token::{Kind, Token};
use crate::error::{Error, Result, fail};
use crate::eval::value::Val;
use crate::limits::{MAX_DEPTH, MAX_NODES, MAX_SOURCE, NESTED};
use std::sync::Arc;

/// The tree of `source`.
pub fn parse(source: &str) -> Result<Node> {
    if source.len() > MAX_SOURCE {
        return fail!("expression exceeds maximum length of {MAX_SOURCE} bytes");
    }
    let words = lexer::words(source)?;
    let mut parser = Parser { words, at: 0, nodes: 0, depth: 0, predicates: 0 };
    let tree = parser.sequence()?;
    if parser.word().kind != Kind::Eof {
        return parser.unexpected();
    }
    Ok(tree)
}

struct Parser {
    words: Vec<Token>,
    /// Which word is next.
    at: usize,
    nodes: usize,
    /// How deep the tree is here, as [`MAX_DEPTH`] counts.
    depth: usize,
    /// How many predicates the next word stands in.
    predicates: usize,
}

impl Parser {
    fn word(&self) -> &Token {
        &self.words[self.at]
    }

    /// Steps to the next word. There is always one: the last is [`Kind::Eof`].
    fn next(&mut self) -> Result<()> {
        if self.at + 1 == self.words.len() {
            return fail!("unexpected end of expression");
        }
        self.at += 1;
        Ok(())
    }

    fn unexpected<T>(&self) -> Result<T> {
        fail!("unexpected token {}", self.word())
    }

    fn is(&self, kind: Kind, value: &str) -> bool {
        self.word().is(kind, value)
    }

    fn expect(&mut self, kind: Kind, value: &str) -> Result<()> {
        if !self.is(kind, value) {
            return self.unexpected();
        }
        self.next()
    }

    /// The next word, when it is a name.
    fn name(&mut self) -> Result<String> {
        if self.word().kind != Kind::Identifier {
            return self.unexpected();
        }
        let name = self.word().value.clone();
        self.next()?;
        Ok(name)
    }

    /// Counts a node.
    fn node(&mut self, node: Node) -> Result<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return fail!("compilation failed: expression exceeds maximum allowed nodes");
        }
        Ok(node)
    }

    /// A second `node`, which was made since there were `since` nodes. Copies of copies would grow without end if they
    /// did not count.
    fn copy(&mut self, node: &Node, since: usize) -> Result<Node> {
        self.nodes += self.nodes - since;
        self.node(node.clone())
    }

    /// One level deeper, for as long as `inner` parses.
    fn deeper<T>(&mut self, by: usize, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let depth = self.depth;
        self.deepen(by)?;
        let parsed = inner(self);
        self.depth = depth;
        parsed
    }

    fn deepen(&mut self, by: usize) -> Result<()> {
        self.depth += by;
        if self.depth > MAX_DEPTH { Err(too_deep()) } else { Ok(()) }
    }

    /// `a; b; c`.
    fn sequence(&mut self) -> Result<Node> {
        let first = self.expression(0)?;
        if !self.is(Kind::Operator, ";") {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.is(Kind::Operator, ";") {
            self.next()?;
            // One may stand behind the last.
            if self.word().kind == Kind::Eof {
                break;
            }
            all.push(self.expression(0)?);
        }
        if all.len() == 1 {
            return Ok(all.remove(0));
        }
        self.node(Node::Sequence(all))
    }

    /// An expression of operators that bind at least as strongly as `strength`.
    fn expression(&mut self, strength: u16) -> Result<Node> {
        self.deeper(if strength == 0 { NESTED } else { 1 }, |parser| {
            if strength == 0 && parser.is(Kind::Operator, "let") {
                return parser.variable();
            }
            if strength == 0 && parser.is(Kind::Operator, "if") {
                return parser.condition();
            }
            let (depth, nodes) = (parser.depth, parser.nodes);
            let tree = parser.operators(strength);
            parser.depth = depth;
            if strength == 0 { parser.conditional(tree?, nodes) } else { tree }
        })
    }

    /// A primary and the operators behind it. What grows to the left grows deep: each operator is a level.
    fn operators(&mut self, strength: u16) -> Result<Node> {
        let mut left = self.primary()?;
        let mut before = "";
        while self.word().kind == Kind::Operator {
            let negated = self.is(Kind::Operator, "not");
            let start = self.at;
            if negated {
                self.next()?;
                if !Binary::negatable(&self.word().value) {
                    return self.unexpected();
                }
            }
            let Some((op, written, binds)) = Binary::find(&self.word().value).filter(|op| op.2 >= strength) else {
                self.at = start;
                break;
            };
            self.next()?;
            self.deepen(1)?;
            left = if op == Binary::Pipe {
                let name = self.name()?;
                self.call(&name, Some(left), true)?
            } else if before == "??" && op != Binary::Coalesce {
                return fail!(
                    "Operator ({written}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses."
                );
            } else if op.orders() {
                self.comparisons(left, op, written, binds)?
            } else {
                let right = self.expression(if op.groups_from_the_right() { binds } else { binds + 1 })?;
                let node = self.node(Node::binary(op, written, left, right))?;
                if negated { self.node(Node::Unary(Unary::Not, Box::new(node)))? } else { node }
            };
            before = written;
        }
        Ok(left)
    }

    /// `a < b < c` is `a < b && b < c`.
    fn comparisons(&mut self, left: Node, op: Binary, written: &'static str, binds: u16) -> Result<Node> {
        let (mut op, mut written, mut left) = (op, written, left);
        let mut all: Option<Node> = None;
        loop {
            let since = self.nodes;
            let right = self.expression(binds + 1)?;
            let next =
                Binary::find(&self.word().value).filter(|(op, ..)| op.orders() && self.word().kind == Kind::Operator);
            let middle = if next.is_some() { self.copy(&right, since)? } else { Node::Constant(Val::Nil) };
            let one = self.node(Node::binary(op, written, left, right))?;
            all = Some(match all {
                Some(before) => self.node(Node::binary(Binary::And, "&&", before, one))?,
                None => one,
            });
            let Some((op_of_next, written_of_next, _)) = next else { break };
            self.next()?;
            self.deepen(1)?;
            (op, written, left) = (op_of_next, written_of_next, middle);
        }
        all.ok_or_else(too_deep)
    }

    /// `let name = value; body`.
    fn variable(&mut self) -> Result<Node> {
        self.expect(Kind::Operator, "let")?;
        let name = self.name()?;
        self.expect(Kind::Operator, "=")?;
        let value = self.expression(0)?;
        self.expect(Kind::Operator, ";")?;
        let body = self.sequence()?;
        self.node(Node::Let(Box::new(Let { name: Arc::from(name), value, body })))
    }

    /// `if c {a} else {b}`, `if c {a} else if d {b} else {e}`.
    fn condition(&mut self) -> Result<Node> {
        self.expect(Kind::Operator, "if")?;
        let condition = self.expression(0)?;
        let yes = self.block()?;
        self.expect(Kind::Operator, "else")?;
        let no = if self.is(Kind::Operator, "if") { self.deeper(NESTED, Self::condition)? } else { self.block()? };
        self.node(Node::Conditional(Box::new(Conditional { condition, yes, no })))
    }

    fn block(&mut self) -> Result<Node> {
        self.expect(Kind::Bracket, "{")?;
        let inner = self.sequence()?;
        self.expect(Kind::Bracket, "}")?;
        Ok(inner)
    }

    /// `c ? a : b` and `c ?: b`, of which `condition` is the first part, made since there were `since` nodes.
    fn conditional(&mut self, condition: Node, since: usize) -> Result<Node> {
        let mut tree = condition;
        while self.is(Kind::Operator, "?") {
            self.next()?;
            self.deepen(1)?;
            let yes = if self.is(Kind::Operator, ":") { self.copy(&tree, since)? } else { self.expression(0)? };
            self.expect(Kind::Operator, ":")?;
            let no = self.expression(0)?;
            tree = self.node(Node::Conditional(Box::new(Conditional { condition: tree, yes, no })))?;
        }
        Ok(tree)
    }
}

fn too_deep() -> Error {
    Error::new("expression is nested too deeply")
}

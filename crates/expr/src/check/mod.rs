//! What Go's expr refuses before it runs an expression: unknown names, operators between types that do not go
//! together, wrong arguments. A JSON list or map holds values of unknown type; what concerns those waits for the run.

mod access;
mod arguments;
mod builtins;
mod operators;
mod over;

use crate::builtins::{Function, Predicate};
use crate::env::Environment;
use crate::error::{Result, fail};
use crate::eval::value::Val;
use crate::syntax::ast::{Call, Conditional, Let, Node};
use crate::types::Type;
use arguments::Given;
use std::sync::Arc;

/// The type of `tree` in `environment`, or what is wrong with it.
pub fn check(tree: &mut Node, environment: &Environment) -> Result<Type> {
    Checker { environment, variables: Vec::new(), scopes: Vec::new(), patterns: 0 }.node(tree)
}

struct Checker<'e> {
    environment: &'e Environment,
    /// Variables of `let`, the innermost last.
    variables: Vec<(Arc<str>, Type)>,
    /// What `#` and its kin stand for, the innermost last.
    scopes: Vec<Scope>,
    /// Regular expressions compiled.
    patterns: usize,
}

/// What a predicate knows.
struct Scope {
    element: Type,
    builtin: Predicate,
}

impl Checker<'_> {
    fn node(&mut self, node: &mut Node) -> Result<Type> {
        match node {
            Node::Constant(val) => Ok(Type::of_val(val)),
            Node::Name(name) => self.name(name),
            Node::Unary(op, operand) => {
                let of = self.node(operand)?;
                operators::unary(*op, &of)
            }
            Node::Binary(operation) => self.operation(operation),
            Node::Chain(inner) => self.node(inner),
            Node::Member(member) => self.member(member),
            Node::Slice(slice) => self.slice(slice),
            Node::Call(call) => self.call(call),
            Node::Builtin(function, arguments) => self.builtin(*function, arguments),
            Node::Over(over) => self.over(over),
            Node::Pointer(name) => self.pointer(name),
            Node::Let(bound) => self.bound(bound),
            Node::Sequence(all) => all.iter_mut().try_fold(Type::Nil, |_, one| self.node(one)),
            Node::Conditional(conditional) => self.conditional(conditional),
            Node::List(items) => self.list(items),
            Node::Map(entries) => {
                for (key, value) in entries {
                    self.node(key)?;
                    self.node(value)?;
                }
                Ok(Type::map())
            }
        }
    }

    fn name(&self, name: &str) -> Result<Type> {
        if let Some((_, of)) = self.variables.iter().rev().find(|(variable, _)| **variable == *name) {
            return Ok(of.clone());
        }
        if name == "$env" {
            return Ok(Type::Environment);
        }
        if let Some(of) = self.environment.type_of(name) {
            return Ok(of);
        }
        if Function::find(name).is_some() {
            return Ok(Type::Builtin);
        }
        fail!("unknown name {name}")
    }

    fn bound(&mut self, bound: &mut Let) -> Result<Type> {
        let name = &bound.name;
        if self.environment.type_of(name).is_some() {
            return fail!("cannot redeclare {name}");
        }
        if Function::find(name).is_some() || Predicate::find(name).is_some() {
            return fail!("cannot redeclare builtin {name}");
        }
        if self.variables.iter().any(|(variable, _)| variable == name) {
            return fail!("cannot redeclare variable {name}");
        }
        let value = self.node(&mut bound.value)?;
        self.variables.push((name.clone(), value));
        let body = self.node(&mut bound.body);
        self.variables.pop();
        body
    }

    fn conditional(&mut self, conditional: &mut Conditional) -> Result<Type> {
        let condition = self.node(&mut conditional.condition)?;
        if !condition.is_bool() && !condition.is_unknown() {
            return fail!("non-bool expression (type {condition}) used as condition");
        }
        let (yes, no) = (self.node(&mut conditional.yes)?, self.node(&mut conditional.no)?);
        Ok(match (yes, no) {
            (Type::Nil, no) => no,
            (yes, Type::Nil) => yes,
            (yes, no) if yes.assignable_to(&no) => yes,
            _ => Type::Computed,
        })
    }

    /// Items of one type make a list of it.
    fn list(&mut self, items: &mut [Node]) -> Result<Type> {
        let mut of: Option<Type> = None;
        for item in items {
            let item = self.node(item)?;
            of = Some(match of {
                Some(of) if of != item => Type::Unknown,
                _ => item,
            });
        }
        Ok(Type::list(of.unwrap_or(Type::Computed)))
    }

    fn call(&mut self, call: &mut Call) -> Result<Type> {
        let (of, name) = match &mut call.callee {
            Node::Member(member) => {
                let base = self.node(&mut member.base)?;
                let key = self.node(&mut member.key)?;
                let name = match &member.key {
                    Node::Constant(Val::Text(name)) => name.to_string(),
                    _ => String::new(),
                };
                if let Some((parameters, result)) = access::method(&base, &name) {
                    self.arguments(&name, parameters, &mut call.arguments)?;
                    return Ok(result);
                }
                (access::called_member(&base, &key, &name)?, name)
            }
            Node::Name(name) => (self.name(name)?, name.to_string()),
            other => (self.node(other)?, "function".to_owned()),
        };
        match of {
            Type::Function(function) => {
                let (parameters, result) = function.signature();
                self.arguments(&name, parameters, &mut call.arguments)?;
                Ok(result)
            }
            Type::Unknown | Type::Computed => {
                for argument in &mut call.arguments {
                    self.node(argument)?;
                }
                Ok(Type::Unknown)
            }
            Type::Nil => fail!("{name} is nil; cannot call nil as function"),
            of => fail!("{of} is not callable"),
        }
    }

    /// Whether `arguments` suit `parameters` of the function `name`.
    fn arguments(&mut self, name: &str, parameters: &[Type], arguments: &mut [Node]) -> Result<()> {
        match self.suiting(name, parameters, &mut Given::of(arguments))? {
            None => Ok(()),
            Some(why) => Err(why),
        }
    }
}

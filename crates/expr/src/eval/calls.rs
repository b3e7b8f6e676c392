//! Members, calls, and the reach of `?.`.

use super::access;
use super::methods;
use super::ops;
use super::value::Val;
use super::{Machine, Result};
use crate::builtins::{Function, bits, convert, lists, maps, numbers, text, time};
use crate::env::EnvFunction;
use crate::error::fail;
use crate::syntax::ast::{Call, Member, Node};

impl Machine<'_> {
    /// The value of `node`; none when a `?.` on its left found nil.
    pub(super) fn linked(&mut self, node: &Node) -> Result<Option<Val>> {
        match node {
            Node::Member(member) => self.member(member),
            Node::Call(call) => self.call(call),
            other => self.node(other).map(Some),
        }
    }

    fn member(&mut self, member: &Member) -> Result<Option<Val>> {
        self.budget.step()?;
        let Some((base, key)) = self.base_and_key(member)? else { return Ok(None) };
        if let Val::Text(name) = &key
            && methods::knows(&base, name)
        {
            return fail!("method {name} must be called");
        }
        access::fetch(&base, &key).map(Some)
    }

    /// What a member is of, and which one; none when a `?.` found nil.
    fn base_and_key(&mut self, member: &Member) -> Result<Option<(Val, Val)>> {
        let Some(base) = self.linked(&member.base)? else { return Ok(None) };
        if member.optional && matches!(base, Val::Nil) {
            return Ok(None);
        }
        Ok(Some((base, self.node(&member.key)?)))
    }

    fn call(&mut self, call: &Call) -> Result<Option<Val>> {
        self.budget.step()?;
        let callee = match &call.callee {
            Node::Member(member) => {
                let Some((base, key)) = self.base_and_key(member)? else { return Ok(None) };
                if let Val::Text(name) = &key
                    && methods::knows(&base, name)
                {
                    let arguments = self.nodes(&call.arguments)?;
                    return methods::call(&base, name, &arguments).map(Some);
                }
                access::fetch(&base, &key)?
            }
            other => self.node(other)?,
        };
        let arguments = self.nodes(&call.arguments)?;
        match callee {
            Val::Function(function) => self.call_function(function, &arguments).map(Some),
            Val::Nil => fail!("invalid operation: cannot call nil"),
            other => fail!("invalid operation: cannot call non-function of type {}", other.type_name()),
        }
    }

    /// A function of the environment; one found in a list or map comes with unchecked arguments.
    fn call_function(&mut self, function: EnvFunction, arguments: &[Val]) -> Result<Val> {
        let (parameters, _) = function.signature();
        if arguments.len() != parameters.len() {
            let (wanted, got) = (parameters.len(), arguments.len());
            return fail!("invalid number of arguments: expected {wanted}, got {got}");
        }
        self.environment.call(function, arguments)
    }

    /// A builtin.
    pub(super) fn builtin(&mut self, function: Function, arguments: &[Val]) -> Result<Val> {
        let first = arguments.first().unwrap_or(&Val::Nil);
        let second = arguments.get(1).unwrap_or(&Val::Nil);
        match function {
            Function::Len => lists::len(first),
            Function::Type => Ok(convert::type_name(first)),
            Function::Int => convert::int(first),
            Function::Float => convert::float(first),
            Function::String => convert::string(&mut self.budget, first),
            Function::ToJson => convert::to_json(&mut self.budget, first),
            Function::FromJson => convert::from_json(&mut self.budget, first),
            Function::ToBase64 => convert::to_base64(&mut self.budget, first),
            Function::FromBase64 => convert::from_base64(&mut self.budget, first),
            Function::Abs | Function::Ceil | Function::Floor | Function::Round => numbers::rounded(function, first),
            Function::Max | Function::Min | Function::Mean | Function::Median => {
                numbers::aggregated(&mut self.budget, function, arguments)
            }
            Function::BitAnd
            | Function::BitOr
            | Function::BitXor
            | Function::BitNand
            | Function::BitNot
            | Function::BitShl
            | Function::BitShr
            | Function::BitUshr => bits::apply(function, arguments),
            Function::Now => Ok(Val::time(self.environment.now.clone())),
            Function::Duration => time::duration(first),
            Function::Date => time::date(arguments),
            Function::Timezone => time::timezone(&ops::text(first)?),
            Function::First => Ok(lists::end(first, true)),
            Function::Last => Ok(lists::end(first, false)),
            Function::Get => lists::get(first, second),
            Function::Take => lists::take(first, second),
            Function::Reverse => self.made(lists::reversed(first)?),
            Function::Uniq => {
                let items = lists::unique(&mut self.budget, first)?;
                self.made(items)
            }
            Function::Concat => self.made(lists::joined(arguments)?),
            Function::Flatten => {
                let items = lists::flattened(&mut self.budget, first)?;
                self.made(items)
            }
            Function::Sort => {
                self.budget.looks(lists::cost_of_sorting(first))?;
                self.made(lists::sorted(first, arguments.get(1))?)
            }
            Function::Keys | Function::Values => self.made(maps::parts(function, first)?),
            Function::ToPairs => maps::to_pairs(self, first),
            Function::FromPairs => maps::from_pairs(self, first),
            _ => text::apply(&mut self.budget, function, arguments),
        }
    }

    fn made(&mut self, items: Vec<Val>) -> Result<Val> {
        self.list(super::value::ListKind::Any, items)
    }
}

//! Builtins with predicates.

use super::{Checker, Scope};
use crate::builtins::Predicate;
use crate::error::{Result, fail};
use crate::eval::value::MapKind;
use crate::syntax::ast::Over;
use crate::types::Type;

impl Checker<'_> {
    /// The type of `all(list, predicate)` and its kin.
    pub(super) fn over(&mut self, over: &mut Over) -> Result<Type> {
        let name = over.builtin.name();
        let list = self.node(&mut over.list)?;
        if !list.is_list() && !list.is_unknown() {
            return fail!("builtin {name} takes only array (got {list})");
        }
        let element = list.element();
        let asked = match &mut over.predicate {
            None => None,
            Some(predicate) => {
                self.scopes.push(Scope { element: element.clone(), builtin: over.builtin });
                let asked = self.node(predicate);
                self.scopes.pop();
                let asked = asked?;
                if asked == Type::Nil {
                    return fail!("predicate should has one input and one output param");
                }
                if over.builtin.asks() && !asked.is_bool() && !asked.is_unknown() {
                    return fail!("predicate should return boolean (got {asked})");
                }
                Some(asked)
            }
        };
        if let Some(extra) = &mut over.extra {
            self.node(extra)?;
        }
        Ok(match over.builtin {
            Predicate::All | Predicate::None | Predicate::Any | Predicate::One => Type::Bool,
            Predicate::Filter => Type::list(element),
            Predicate::Map => Type::list(asked.unwrap_or(Type::Unknown)),
            Predicate::Find | Predicate::FindLast => element,
            Predicate::FindIndex | Predicate::FindLastIndex | Predicate::Count => Type::INT,
            Predicate::Sum => asked.unwrap_or(element),
            Predicate::GroupBy => Type::Map(MapKind::Groups),
            Predicate::SortBy => list,
            Predicate::Reduce => asked.unwrap_or(Type::Unknown),
        })
    }

    /// The type of `#`, `#index` or `#acc`.
    pub(super) fn pointer(&self, name: &str) -> Result<Type> {
        let Some(scope) = self.scopes.last() else {
            return fail!("cannot use pointer accessor outside predicate");
        };
        match name {
            "" => Ok(scope.element.clone()),
            "index" if matches!(scope.builtin, Predicate::Map | Predicate::Reduce) => Ok(Type::INT),
            "acc" if scope.builtin == Predicate::Reduce => Ok(Type::Computed),
            other => fail!("unknown pointer #{other}"),
        }
    }
}

//! Builtins with predicates.

use super::ops;
use super::value::{IntKind, Key, List, ListKind, Map, MapKind, Val};
use super::{Machine, Scope};
use crate::builtins::{Predicate, lists};
use crate::error::{Result, fail};
use crate::syntax::ast::{Node, Over};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the elements come from.
#[derive(Clone)]
pub(super) enum Source {
    List(List),
    Text(Arc<str>),
    /// A map has a length but no elements.
    Map(Map),
}

impl Source {
    fn of(val: Val) -> Result<Self> {
        let kind = match val {
            Val::List(list) => return Ok(Source::List(list)),
            Val::Text(text) => return Ok(Source::Text(text)),
            Val::Map(map) => return Ok(Source::Map(map)),
            Val::Nil => "zero",
            Val::Bool(_) => "bool",
            Val::Int(IntKind::Int | IntKind::Month | IntKind::Weekday, _) => "int",
            Val::Int(IntKind::Int64, _) | Val::Duration(_) => "int64",
            Val::Int(IntKind::Byte, _) => "uint8",
            Val::Float(_) => "float64",
            Val::Time(_) | Val::Struct(_) => "struct",
            Val::Location(_) => "ptr",
            Val::Function(_) => "func",
        };
        fail!("reflect: call of reflect.Value.Len on {kind} Value")
    }

    fn len(&self) -> usize {
        match self {
            Source::List(list) => list.len(),
            Source::Text(text) => text.len(),
            Source::Map(map) => map.entries().len(),
        }
    }

    /// The element `index`, which is less than [`Source::len`].
    pub(super) fn at(&self, index: usize) -> Result<Val> {
        match self {
            Source::List(list) => Ok(list.items()[index].clone()),
            Source::Text(text) => Ok(Val::Int(IntKind::Byte, i64::from(text.as_bytes()[index]))),
            Source::Map(_) => fail!("reflect: call of reflect.Value.Index on map Value"),
        }
    }
}

impl Machine<'_> {
    /// `all(list, predicate)` and its kin.
    pub(super) fn over(&mut self, over: &Over) -> Result<Val> {
        let list = self.node(&over.list)?;
        let source = Source::of(list)?;
        let predicate = over.predicate.as_ref();
        match over.builtin {
            Predicate::All => Ok(Val::Bool(self.find(&source, predicate, false, 0..source.len())?.is_none())),
            Predicate::None => Ok(Val::Bool(self.find(&source, predicate, true, 0..source.len())?.is_none())),
            Predicate::Any => Ok(Val::Bool(self.find(&source, predicate, true, 0..source.len())?.is_some())),
            Predicate::One => Ok(Val::Bool(self.count(&source, predicate, None)? == 1)),
            Predicate::Count => Ok(Val::size(self.count(&source, predicate, over.enough)?)),
            Predicate::Find | Predicate::FindIndex => {
                let at = self.find(&source, predicate, true, 0..source.len())?;
                found(&source, over, at)
            }
            Predicate::FindLast | Predicate::FindLastIndex => {
                let at = self.find(&source, predicate, true, (0..source.len()).rev())?;
                found(&source, over, at)
            }
            Predicate::Filter => self.filter(&source, predicate),
            Predicate::Map => {
                let items = (0..source.len()).map(|at| self.ask(&source, predicate, at, Val::Nil));
                let items = items.collect::<Result<_>>()?;
                self.list(ListKind::Any, items)
            }
            Predicate::Sum => (0..source.len()).try_fold(Val::int(0), |sum, at| {
                let item = self.ask(&source, predicate, at, Val::Nil)?;
                ops::binary(crate::syntax::operator::Binary::Add, &item, &sum)
            }),
            Predicate::GroupBy => self.group(&source, predicate),
            Predicate::SortBy => self.sort(&source, over),
            Predicate::Reduce => self.reduce(&source, over),
        }
    }

    /// What the predicate says of the element `at`; the element itself when there is none.
    fn ask(&mut self, source: &Source, predicate: Option<&Node>, at: usize, accumulator: Val) -> Result<Val> {
        self.budget.step()?;
        let Some(predicate) = predicate else { return source.at(at) };
        self.scopes.push(Scope { source: source.clone(), index: at, accumulator });
        let said = self.node(predicate);
        self.scopes.pop();
        said
    }

    /// The first of `order` of which the predicate says `wanted`.
    fn find(
        &mut self,
        source: &Source,
        predicate: Option<&Node>,
        wanted: bool,
        order: impl Iterator<Item = usize>,
    ) -> Result<Option<usize>> {
        for at in order {
            let said = self.ask(source, predicate, at, Val::Nil)?;
            if ops::truth(&said)? == wanted {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    fn count(&mut self, source: &Source, predicate: Option<&Node>, enough: Option<usize>) -> Result<usize> {
        let mut count = 0;
        for at in 0..source.len() {
            if enough == Some(count) {
                break;
            }
            let said = self.ask(source, predicate, at, Val::Nil)?;
            count += usize::from(ops::truth(&said)?);
        }
        Ok(count)
    }

    fn filter(&mut self, source: &Source, predicate: Option<&Node>) -> Result<Val> {
        let mut kept = Vec::new();
        for at in 0..source.len() {
            let said = self.ask(source, predicate, at, Val::Nil)?;
            if ops::truth(&said)? {
                kept.push(source.at(at)?);
            }
        }
        self.list(ListKind::Any, kept)
    }

    fn group(&mut self, source: &Source, predicate: Option<&Node>) -> Result<Val> {
        let mut groups: BTreeMap<Key, Vec<Val>> = BTreeMap::new();
        for at in 0..source.len() {
            let said = self.ask(source, predicate, at, Val::Nil)?;
            let Some(key) = Key::of(&said) else {
                let name = said.type_name();
                // Go's maps complain in two ways.
                return if groups.is_empty() {
                    fail!("hash of unhashable type: {name}")
                } else {
                    fail!("runtime error: hash of unhashable type {name}")
                };
            };
            groups.entry(key).or_default().push(source.at(at)?);
        }
        let mut made = BTreeMap::new();
        for (key, items) in groups {
            made.insert(key, self.list(ListKind::Any, items)?);
        }
        self.new_map(MapKind::Groups, made)
    }

    fn sort(&mut self, source: &Source, over: &Over) -> Result<Val> {
        let mut keyed = Vec::with_capacity(source.len());
        for at in 0..source.len() {
            let key = self.ask(source, over.predicate.as_ref(), at, Val::Nil)?;
            keyed.push((key, source.at(at)?));
        }
        let order = over.extra.as_ref().map(|order| self.node(order)).transpose()?;
        self.budget.cells(keyed.len())?;
        lists::sort(&mut keyed, order.as_ref(), |(key, _)| key)?;
        self.list(ListKind::Any, keyed.into_iter().map(|(_, item)| item).collect())
    }

    fn reduce(&mut self, source: &Source, over: &Over) -> Result<Val> {
        let (mut accumulator, start) = match &over.extra {
            Some(initial) => (self.node(initial)?, 0),
            None if source.len() == 0 => return fail!("reduce of empty array with no initial value"),
            None => (source.at(0)?, 1),
        };
        for at in start..source.len() {
            accumulator = self.ask(source, over.predicate.as_ref(), at, accumulator)?;
        }
        Ok(accumulator)
    }
}

/// What `find` and its kin return for the element `at`.
fn found(source: &Source, over: &Over, at: Option<usize>) -> Result<Val> {
    match at {
        Some(at) if matches!(over.builtin, Predicate::Find | Predicate::FindLast) => source.at(at),
        Some(at) => Ok(Val::size(at)),
        None if over.must => fail!("reflect: slice index out of range"),
        None => Ok(Val::Nil),
    }
}

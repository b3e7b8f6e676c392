//! Builtins that take values.

use super::Checker;
use super::arguments::Given;
use crate::builtins::Function;
use crate::error::{Error, Result, fail};
use crate::eval::value::{ListKind, MapKind};
use crate::syntax::ast::Node;
use crate::types::Type;
use std::sync::Arc;

/// How many arguments a function takes that looks at them itself: at least and at most.
fn arity(function: Function) -> Option<(usize, usize)> {
    const ANY: usize = usize::MAX;
    Some(match function {
        Function::Len | Function::Abs | Function::Ceil | Function::Floor | Function::Round => (1, 1),
        Function::Int | Function::Float | Function::First | Function::Last => (1, 1),
        Function::Keys | Function::Values | Function::ToPairs | Function::FromPairs => (1, 1),
        Function::Reverse | Function::Uniq | Function::Flatten => (1, 1),
        Function::Get | Function::Take => (2, 2),
        Function::Concat => (1, ANY),
        Function::Now => (0, 0),
        Function::Date => (1, 3),
        _ => return None,
    })
}

impl Checker<'_> {
    /// The type of a call of `function`.
    pub(super) fn builtin(&mut self, function: Function, arguments: &mut [Node]) -> Result<Type> {
        if let Some((variants, result)) = signatures(function) {
            return self.signed(function.name(), &variants, arguments).map(|()| result);
        }
        let given = arguments.iter_mut().map(|argument| self.node(argument)).collect::<Result<Vec<_>>>()?;
        let Some((least, most)) = arity(function) else { return aggregated(function.name(), &given) };
        let got = given.len();
        if got < least || got > most {
            let expected = match (least, most) {
                (least, most) if least == most => least.to_string(),
                (least, _) if got < least => format!("at least {least}"),
                (_, most) => format!("at most {most}"),
            };
            return fail!("invalid number of arguments (expected {expected}, got {got})");
        }
        validated(function, &given)
    }

    /// Whether `arguments` suit one of several lists of parameters, of which the last complains.
    fn signed(&mut self, name: &str, variants: &[Vec<Type>], arguments: &mut [Node]) -> Result<()> {
        let mut given = Given::of(arguments);
        let mut complaint = Error::new(String::new());
        for parameters in variants {
            match self.suiting(name, parameters, &mut given)? {
                None => return Ok(()),
                Some(why) => complaint = why,
            }
        }
        Err(complaint)
    }
}

/// A type as these messages print it: Go prints the missing type of nil as it prints mistakes.
fn shown(of: &Type) -> String {
    if *of == Type::Nil { "%!s(<nil>)".to_owned() } else { of.to_string() }
}

fn validated(function: Function, given: &[Type]) -> Result<Type> {
    let name = function.name();
    let first = given.first().unwrap_or(&Type::Nil);
    let invalid = || fail!("invalid argument for {name} (type {})", shown(first));
    let unless = |fine: bool, result: Type, complaint: String| {
        if fine || first.is_unknown() { Ok(result) } else { Err(Error::new(complaint)) }
    };
    // A duration is an integer for Go when it looks no closer.
    let number = first.is_number() || first.is_duration() || first.is_unknown();
    match function {
        Function::Len => match first {
            Type::Unknown | Type::Computed | Type::Text(_) | Type::List(..) | Type::Map(_) | Type::Environment => {
                Ok(Type::INT)
            }
            _ => invalid(),
        },
        Function::Abs if number => Ok(first.clone()),
        Function::Ceil | Function::Floor | Function::Round if number => Ok(Type::Float),
        Function::Int if number || first.is_text() || matches!(first, Type::Int(_)) => Ok(Type::INT),
        Function::Float if number || first.is_text() => Ok(Type::Float),
        Function::First | Function::Last => {
            unless(first.is_list(), declared(first), format!("cannot get {name} element from {}", shown(first)))
        }
        Function::Get => got(first, &given[1]),
        Function::Take => {
            if !first.is_list() && !first.is_unknown() {
                return fail!("cannot take from {}", shown(first));
            }
            if !given[1].is_integer() && !given[1].is_unknown() {
                return fail!("cannot take {} elements", shown(&given[1]));
            }
            Ok(match first {
                Type::List(kind, _) => Type::List(*kind, Arc::new(declared(first))),
                _ => Type::Unknown,
            })
        }
        Function::Keys | Function::Values => {
            unless(first.is_map(), Type::any_list(), format!("cannot get {name} from {}", shown(first)))
        }
        Function::ToPairs => {
            unless(first.is_map(), Type::any_list(), format!("cannot transform {} to pairs", shown(first)))
        }
        Function::FromPairs => {
            unless(first.is_list(), Type::Map(MapKind::Any), format!("cannot transform {} from pairs", shown(first)))
        }
        Function::Reverse | Function::Uniq | Function::Flatten => {
            unless(first.is_list(), Type::any_list(), format!("cannot {name} {}", shown(first)))
        }
        Function::Concat => match given.iter().find(|of| !of.is_list() && !of.is_unknown()) {
            Some(other) => fail!("cannot concat {}", shown(other)),
            None => Ok(Type::any_list()),
        },
        Function::Now | Function::Date => Ok(Type::Time),
        _ => invalid(),
    }
}

/// What Go's own type of a list says of its elements, whatever else is known of them.
fn declared(list: &Type) -> Type {
    match list {
        Type::List(kind, _) => kind.element(),
        _ => Type::Unknown,
    }
}

fn got(from: &Type, key: &Type) -> Result<Type> {
    match from {
        Type::Unknown | Type::Computed => Ok(Type::Computed),
        Type::Map(MapKind::Texts) | Type::Environment if !key.is_text() && !key.is_unknown() => {
            fail!("cannot use {key} to get an element from {from}")
        }
        Type::Map(MapKind::Groups) => Ok(Type::any_list()),
        Type::Map(_) | Type::Environment => Ok(Type::Unknown),
        Type::List(_, of) if key.is_integer() || key.is_unknown() => Ok(Type::clone(of)),
        Type::List(..) => fail!("non-integer slice index {key}"),
        from => fail!("type {from} does not support indexing"),
    }
}

/// `max` and its kin: the type of the first argument when all are numbers.
fn aggregated(name: &str, given: &[Type]) -> Result<Type> {
    if given.is_empty() {
        return fail!("not enough arguments to call {name}");
    }
    for of in given {
        // What stands behind a list is seen when the expression runs.
        if of.is_list() || of.is_unknown() {
            return Ok(Type::Unknown);
        }
        if !(of.is_number() || of.is_duration()) {
            return fail!("invalid argument for {name} (type {})", shown(of));
        }
    }
    Ok(given[0].clone())
}

/// The lists of parameters that a function has, and what it returns; none for those that look at types themselves.
fn signatures(function: Function) -> Option<(Vec<Vec<Type>>, Type)> {
    const T: Type = Type::TEXT;
    const I: Type = Type::INT;
    const ANY: Type = Type::Unknown;
    let list = |kind: ListKind| Type::List(kind, Arc::new(kind.element()));
    let texts = || list(ListKind::Texts);
    Some(match function {
        Function::Type | Function::String | Function::ToJson => (vec![vec![ANY]], T),
        Function::Trim => (vec![vec![T], vec![T, T]], T),
        Function::TrimPrefix | Function::TrimSuffix => (vec![vec![T, T], vec![T]], T),
        Function::Upper | Function::Lower | Function::ToBase64 | Function::FromBase64 => (vec![vec![T]], T),
        Function::Split | Function::SplitAfter => (vec![vec![T, T], vec![T, T, I]], texts()),
        Function::Replace => (vec![vec![T, T, T, I], vec![T, T, T]], T),
        Function::Repeat => (vec![vec![T, I]], T),
        Function::Join => (vec![vec![texts(), T], vec![texts()]], T),
        Function::IndexOf | Function::LastIndexOf => (vec![vec![T, T]], I),
        Function::HasPrefix | Function::HasSuffix => (vec![vec![T, T]], Type::Bool),
        Function::FromJson => (vec![vec![T]], ANY),
        Function::Duration => (vec![vec![T]], Type::Duration),
        Function::Timezone => (vec![vec![T]], Type::Location),
        Function::Sort => (vec![vec![list(ListKind::Any), T], vec![list(ListKind::Ints)]], Type::any_list()),
        Function::BitNot => (vec![vec![I]], I),
        Function::BitAnd
        | Function::BitOr
        | Function::BitXor
        | Function::BitNand
        | Function::BitShl
        | Function::BitShr
        | Function::BitUshr => (vec![vec![I, I]], I),
        _ => return None,
    })
}

//! Members, indices, slices and methods.

use super::Checker;
use crate::error::{Result, fail};
use crate::eval::value::{IntKind, MapKind, Val};
use crate::syntax::ast::{Member, Node, Slice};
use crate::types::Type;

/// Parameters and result of the method `name` of a value of type `base`.
pub(super) fn method(base: &Type, name: &str) -> Option<(&'static [Type], Type)> {
    const INT64: Type = Type::Int(IntKind::Int64);
    let none: &[Type] = &[];
    Some(match (base, name) {
        (Type::Time, "Year" | "Day" | "Hour" | "Minute" | "Second" | "Nanosecond" | "YearDay") => (none, Type::INT),
        (Type::Time, "Month") => (none, Type::Int(IntKind::Month)),
        (Type::Time, "Weekday") => (none, Type::Int(IntKind::Weekday)),
        (Type::Time, "Unix" | "UnixMilli" | "UnixMicro" | "UnixNano") => (none, INT64),
        (Type::Time, "UTC" | "Local") => (none, Type::Time),
        (Type::Time, "IsZero") => (none, Type::Bool),
        (Type::Time, "String") | (Type::Duration | Type::Location, "String") => (none, Type::TEXT),
        (Type::Int(IntKind::Month | IntKind::Weekday), "String") => (none, Type::TEXT),
        (Type::Time, "Format") => (&[Type::TEXT], Type::TEXT),
        (Type::Time, "Add") => (&[Type::Duration], Type::Time),
        (Type::Time, "AddDate") => (&[Type::INT, Type::INT, Type::INT], Type::Time),
        (Type::Time, "Sub") => (&[Type::Time], Type::Duration),
        (Type::Time, "Before" | "After" | "Equal") => (&[Type::Time], Type::Bool),
        (Type::Time, "Compare") => (&[Type::Time], Type::INT),
        (Type::Time, "In") => (&[Type::Location], Type::Time),
        (Type::Time, "Location") => (none, Type::Location),
        (Type::Time, "Truncate" | "Round") => (&[Type::Duration], Type::Time),
        (Type::Duration, "Hours" | "Minutes" | "Seconds") => (none, Type::Float),
        (Type::Duration, "Milliseconds" | "Microseconds" | "Nanoseconds") => (none, INT64),
        (Type::Duration, "Abs") => (none, Type::Duration),
        (Type::Duration, "Truncate" | "Round") => (&[Type::Duration], Type::Duration),
        _ => return None,
    })
}

/// What a call of the member `name` of `base`, which is no method, finds there to call.
pub(super) fn called_member(base: &Type, key: &Type, name: &str) -> Result<Type> {
    match base {
        Type::Unknown | Type::Computed => Ok(Type::Computed),
        Type::Map(_) => Ok(Type::Unknown),
        Type::Environment => environment(name),
        Type::List(..) => index(key),
        Type::Nil => fail!("type nil has no field {name}"),
        base => fail!("type {base} has no method {name}"),
    }
}

fn environment(name: &str) -> Result<Type> {
    crate::env::EnvFunction::find(name).map_or_else(|| fail!("unknown name {name}"), |found| Ok(Type::Function(found)))
}

fn index(key: &Type) -> Result<Type> {
    if key.is_integer() || key.is_unknown() {
        return Ok(Type::Unknown);
    }
    fail!("array elements can only be selected using an integer (got {key})")
}

impl Checker<'_> {
    /// The type of `base.key`.
    pub(super) fn member(&mut self, member: &mut Member) -> Result<Type> {
        let base = self.node(&mut member.base)?;
        let key = self.node(&mut member.key)?;
        let name = match &member.key {
            Node::Constant(Val::Text(name)) => Some(&**name),
            _ => None,
        };
        if let Some(name) = name
            && method(&base, name).is_some()
        {
            return Ok(Type::Method);
        }
        match &base {
            Type::Unknown | Type::Computed => Ok(Type::Computed),
            Type::Environment => match name {
                Some(name) => self.environment.type_of(name).map_or_else(|| fail!("unknown name {name}"), Ok),
                None => Ok(Type::Unknown),
            },
            Type::Map(MapKind::Texts) if !key.is_text() && !key.is_unknown() => {
                fail!("cannot use {key} to get an element from {base}")
            }
            Type::Map(MapKind::Groups) => Ok(Type::any_list()),
            Type::Map(_) => Ok(Type::Unknown),
            Type::List(_, of) => {
                index(&key)?;
                Ok(Type::clone(of))
            }
            Type::Struct(of) => match name {
                Some(name) => of.field(name).map_or_else(|| fail!("type {base} has no field {name}"), Ok),
                None => Ok(Type::Unknown),
            },
            Type::Nil if name.is_some() => fail!("type nil has no field {}", name.unwrap_or_default()),
            base => match name {
                Some(name) => fail!("type {base} has no field {name}"),
                None => fail!("type {base}[{key}] is undefined"),
            },
        }
    }

    /// The type of `base[from:to]`.
    pub(super) fn slice(&mut self, slice: &mut Slice) -> Result<Type> {
        let base = self.node(&mut slice.base)?;
        match &base {
            Type::Unknown | Type::Computed | Type::Text(_) | Type::List(..) => {}
            base => return fail!("cannot slice {base}"),
        }
        for bound in [&mut slice.from, &mut slice.to].into_iter().flatten() {
            let bound = self.node(bound)?;
            if !base.is_unknown() && !bound.is_integer() && !bound.is_unknown() {
                return fail!("non-integer slice index {bound}");
            }
        }
        Ok(base)
    }
}

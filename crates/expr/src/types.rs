//! What is known about values before an expression runs.

use crate::cloudwatch;
use crate::env::EnvFunction;
use crate::eval::structs::StructType;
use crate::eval::value::{IntKind, ListKind, MapKind, Val};
use crate::value::Value;
use std::fmt;
use std::sync::Arc;

/// A type, with what literals and predicates tell of the elements of lists.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Known only when the expression runs.
    Unknown,
    /// Known only when the expression runs, and computed: messages name it otherwise.
    Computed,
    /// The type of `nil`.
    Nil,
    /// `bool`.
    Bool,
    /// An integer.
    Int(IntKind),
    /// `float64`.
    Float,
    /// A string type: its name.
    Text(&'static str),
    /// `time.Time`.
    Time,
    /// `time.Duration`.
    Duration,
    /// `time.Location`.
    Location,
    /// A slice and its elements.
    List(ListKind, Arc<Type>),
    /// A map.
    Map(MapKind),
    /// `$env`: a map whose keys are known.
    Environment,
    /// A struct.
    Struct(&'static StructType),
    /// A function of the environment.
    Function(EnvFunction),
    /// A builtin named without a call.
    Builtin,
    /// A method named without a call.
    Method,
}

impl Type {
    /// `string`.
    pub const TEXT: Type = Type::Text("string");
    /// `int`.
    pub const INT: Type = Type::Int(IntKind::Int);

    /// `[]interface {}` whose elements are `of`.
    pub fn list(of: Type) -> Self {
        Type::List(ListKind::Any, Arc::new(of))
    }

    /// `[]interface {}` of anything.
    pub fn any_list() -> Self {
        Self::list(Type::Unknown)
    }

    /// `map[string]interface {}`.
    pub fn map() -> Self {
        Type::Map(MapKind::Texts)
    }

    /// The type of `result`.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Nil => Type::Nil,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::INT,
            Value::Float(_) => Type::Float,
            Value::String(_) => Type::TEXT,
            Value::List(_) => Type::any_list(),
            Value::Floats(_) => Type::List(ListKind::Floats, Arc::new(Type::Float)),
            Value::Map(_) => Type::map(),
            Value::CloudWatch(_) => cloudwatch::list_type(),
        }
    }

    /// The type of a constant.
    pub fn of_val(val: &Val) -> Self {
        match val {
            Val::Nil => Type::Nil,
            Val::Bool(_) => Type::Bool,
            Val::Int(kind, _) => Type::Int(*kind),
            Val::Float(_) => Type::Float,
            Val::Text(_) => Type::TEXT,
            Val::List(list) => Type::List(list.kind, Arc::new(list.kind.element())),
            Val::Map(map) => Type::Map(map.kind),
            Val::Time(_) => Type::Time,
            Val::Duration(_) => Type::Duration,
            Val::Location(_) => Type::Location,
            Val::Struct(one) => Type::Struct(one.of),
            Val::Function(function) => Type::Function(*function),
        }
    }

    /// Nothing is known. `nil` has no type either, but is no such value.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Type::Unknown | Type::Computed)
    }

    /// `bool`.
    pub fn is_bool(&self) -> bool {
        *self == Type::Bool
    }

    /// An integer with which one reckons.
    pub fn is_integer(&self) -> bool {
        matches!(self, Type::Int(IntKind::Int | IntKind::Int64 | IntKind::Byte))
    }

    /// A number with which one reckons.
    pub fn is_number(&self) -> bool {
        *self == Type::Float || self.is_integer()
    }

    /// A string.
    pub fn is_text(&self) -> bool {
        matches!(self, Type::Text(_))
    }

    /// `time.Time`.
    pub fn is_time(&self) -> bool {
        *self == Type::Time
    }

    /// `time.Duration`.
    pub fn is_duration(&self) -> bool {
        *self == Type::Duration
    }

    /// A slice.
    pub fn is_list(&self) -> bool {
        matches!(self, Type::List(..))
    }

    /// A map.
    pub fn is_map(&self) -> bool {
        matches!(self, Type::Map(_) | Type::Environment)
    }

    /// The type of the elements, when it is a list.
    pub fn element(&self) -> Type {
        match self {
            Type::List(_, of) => Type::clone(of),
            _ => Type::Computed,
        }
    }

    /// Whether Go lets a variable of the type `other` have a value of this one.
    pub fn assignable_to(&self, other: &Type) -> bool {
        match (self, other) {
            (_, Type::Unknown) => true,
            (Type::List(kind, _), Type::List(other, _)) => kind == other,
            (of, other) => of == other,
        }
    }

    /// Whether `==` may stand between values of the two.
    pub fn comparable(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Unknown | Type::Computed | Type::Nil, _) | (_, Type::Unknown | Type::Computed | Type::Nil) => true,
            (a, b) if a.is_number() && b.is_number() => true,
            (Type::Text(_), Type::Text(_)) | (Type::List(..), Type::List(..)) => true,
            (a, b) if a.is_map() && b.is_map() => true,
            (a, b) => a == b,
        }
    }
}

impl ListKind {
    /// What the Go type says of the elements.
    pub fn element(self) -> Type {
        match self {
            ListKind::Any | ListKind::Pair => Type::Unknown,
            ListKind::Floats => Type::Float,
            ListKind::Ints => Type::INT,
            ListKind::Texts => Type::TEXT,
            ListKind::Bytes => Type::Int(IntKind::Byte),
            ListKind::Times => Type::Time,
            ListKind::Structs(of) => Type::Struct(of),
            ListKind::Pairs => Type::List(ListKind::Pair, Arc::new(Type::Unknown)),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Unknown => f.write_str("interface {}"),
            Type::Nil | Type::Computed => f.write_str("unknown"),
            Type::Bool => f.write_str("bool"),
            Type::Int(kind) => kind.fmt(f),
            Type::Float => f.write_str("float64"),
            Type::Text(name) => f.write_str(name),
            Type::Time => f.write_str("time.Time"),
            Type::Duration => f.write_str("time.Duration"),
            Type::Location => f.write_str("time.Location"),
            Type::List(kind, _) => kind.fmt(f),
            Type::Map(kind) => kind.fmt(f),
            Type::Environment => f.write_str("map[string]interface {}"),
            Type::Struct(of) => f.write_str(of.name),
            Type::Function(function) => f.write_str(function.go_type()),
            Type::Builtin => f.write_str("func(...interface {}) (interface {}, error)"),
            Type::Method => f.write_str("func()"),
        }
    }
}

impl fmt::Display for IntKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IntKind::Int => "int",
            IntKind::Int64 => "int64",
            IntKind::Byte => "uint8",
            IntKind::Month => "time.Month",
            IntKind::Weekday => "time.Weekday",
        })
    }
}

impl fmt::Display for ListKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListKind::Any => f.write_str("[]interface {}"),
            ListKind::Floats => f.write_str("[]float64"),
            ListKind::Ints => f.write_str("[]int"),
            ListKind::Texts => f.write_str("[]string"),
            ListKind::Bytes => f.write_str("[]uint8"),
            ListKind::Times => f.write_str("[]time.Time"),
            ListKind::Structs(of) => write!(f, "[]{}", of.name),
            ListKind::Pairs => f.write_str("[][2]interface {}"),
            ListKind::Pair => f.write_str("[2]interface {}"),
        }
    }
}

impl fmt::Display for MapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MapKind::Texts => "map[string]interface {}",
            MapKind::Any => "map[interface {}]interface {}",
            MapKind::Groups => "map[interface {}][]interface {}",
        })
    }
}

impl Val {
    /// The name of its type when the expression runs.
    pub fn type_name(&self) -> String {
        match self {
            Val::Nil => "<nil>".to_owned(),
            Val::Location(_) => "*time.Location".to_owned(),
            other => Type::of_val(other).to_string(),
        }
    }

    /// The same in a failed type assertion.
    pub fn asserted_name(&self) -> String {
        match self {
            Val::Nil => "nil".to_owned(),
            other => other.type_name(),
        }
    }
}

//! The names an expression may use besides builtins: `result` and six functions in conditions, two of these in the
//! times of range queries.

use crate::error::{Error, Result, fail};
use crate::eval::value::{IntKind, Val};
use crate::go::{print, strconv};
use crate::types::Type;
use jiff::Zoned;

/// A function of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvFunction {
    /// `asInt(any) int64`.
    AsInt,
    /// `asFloat(any) float64`.
    AsFloat,
    /// `isNaN(float64) bool`.
    IsNan,
    /// `isInf(float64) bool`.
    IsInf,
    /// `isNil(any) bool`: of `result`, whatever its argument is.
    IsNil,
    /// `default(any, any) any`: `result`, or the second argument when that is nil; whatever the first is.
    Default,
}

impl EnvFunction {
    const ALL: &[EnvFunction] = &[
        EnvFunction::AsFloat,
        EnvFunction::AsInt,
        EnvFunction::Default,
        EnvFunction::IsInf,
        EnvFunction::IsNan,
        EnvFunction::IsNil,
    ];

    /// The function of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            EnvFunction::AsInt => "asInt",
            EnvFunction::AsFloat => "asFloat",
            EnvFunction::IsNan => "isNaN",
            EnvFunction::IsInf => "isInf",
            EnvFunction::IsNil => "isNil",
            EnvFunction::Default => "default",
        }
    }

    /// Types of its arguments and of what it returns.
    pub fn signature(self) -> (&'static [Type], Type) {
        match self {
            EnvFunction::AsInt => (&[Type::Unknown], Type::Int(IntKind::Int64)),
            EnvFunction::AsFloat => (&[Type::Unknown], Type::Float),
            EnvFunction::IsNan | EnvFunction::IsInf => (&[Type::Float], Type::Bool),
            EnvFunction::IsNil => (&[Type::Unknown], Type::Bool),
            EnvFunction::Default => (&[Type::Unknown, Type::Unknown], Type::Unknown),
        }
    }

    /// Its type as Go spells it.
    pub fn go_type(self) -> &'static str {
        match self {
            EnvFunction::AsInt => "func(interface {}) int64",
            EnvFunction::AsFloat => "func(interface {}) float64",
            EnvFunction::IsNan | EnvFunction::IsInf => "func(float64) bool",
            EnvFunction::IsNil => "func(interface {}) bool",
            EnvFunction::Default => "func(interface {}, interface {}) interface {}",
        }
    }
}

/// What the names stand for in one evaluation.
#[derive(Debug)]
pub struct Environment {
    /// `result`, and with it the four functions of conditions; none in the times of range queries.
    pub result: Option<(Type, Val)>,
    /// What `now()` returns; the wall clock's time is not an expression's to ask for.
    pub now: Zoned,
}

impl Environment {
    /// What `name` stands for.
    pub fn find(&self, name: &str) -> Option<Val> {
        if name == "result" {
            return self.result.as_ref().map(|(_, val)| val.clone());
        }
        EnvFunction::find(name).filter(|function| self.knows(*function)).map(Val::Function)
    }

    /// The type of what `name` stands for.
    pub fn type_of(&self, name: &str) -> Option<Type> {
        if name == "result" {
            return self.result.as_ref().map(|(of, _)| of.clone());
        }
        EnvFunction::find(name).filter(|function| self.knows(*function)).map(Type::Function)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let functions = EnvFunction::ALL.iter().copied().filter(|function| self.knows(*function));
        functions.map(EnvFunction::name).chain(self.result.as_ref().map(|_| "result"))
    }

    fn knows(&self, function: EnvFunction) -> bool {
        self.result.is_some() || matches!(function, EnvFunction::IsNan | EnvFunction::IsInf)
    }

    /// Calls `function`; the checker has counted the arguments, and they have its types.
    pub fn call(&self, function: EnvFunction, arguments: &[Val]) -> Result<Val> {
        let first = arguments.first().unwrap_or(&Val::Nil);
        let result = self.result.as_ref().map_or(&Val::Nil, |(_, val)| val);
        Ok(match function {
            EnvFunction::AsInt => Val::Int(IntKind::Int64, as_int(first)?),
            EnvFunction::AsFloat => Val::Float(as_float(first)?),
            EnvFunction::IsNan => Val::Bool(float(first)?.is_nan()),
            EnvFunction::IsInf => Val::Bool(float(first)?.is_infinite()),
            EnvFunction::IsNil => Val::Bool(matches!(result, Val::Nil)),
            EnvFunction::Default => match result {
                Val::Nil => arguments.get(1).cloned().unwrap_or(Val::Nil),
                result => result.clone(),
            },
        })
    }
}

fn as_int(val: &Val) -> Result<i64> {
    match val {
        Val::Int(IntKind::Int | IntKind::Int64 | IntKind::Byte, n) => Ok(*n),
        Val::Float(f) => Ok(print::truncate(*f)),
        Val::Text(text) => strconv::parse_int(text).map_err(Error::new),
        other => fail!("asInt() not supported on {} {}", other.type_name(), print::plain(other)),
    }
}

fn as_float(val: &Val) -> Result<f64> {
    match val {
        Val::Int(IntKind::Int | IntKind::Int64 | IntKind::Byte, n) => Ok(*n as f64),
        Val::Float(f) => Ok(*f),
        Val::Text(text) => strconv::parse_float(text).map_err(Error::new),
        other => fail!("asFloat() not supported on {} {}", other.type_name(), print::plain(other)),
    }
}

fn float(val: &Val) -> Result<f64> {
    match val {
        Val::Float(f) => Ok(*f),
        other => fail!("interface conversion: interface {{}} is {}, not float64", other.asserted_name()),
    }
}

//! Values with fields that are known before.

use super::value::{ListKind, Val};
use crate::types::Type;
use std::sync::Arc;

/// A Go struct.
#[derive(Debug, PartialEq)]
pub struct StructType {
    /// Its name with its package.
    pub name: &'static str,
    /// Its fields in their order.
    pub fields: &'static [(&'static str, FieldOf)],
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FieldOf {
    /// `*string`.
    TextOrNil,
    /// A string type of its own.
    Named(&'static str),
    /// `[]float64`.
    Floats,
    /// `[]time.Time`.
    Times,
    /// A list of structs.
    Structs(&'static StructType),
}

/// A value of a struct.
#[derive(Debug, Clone)]
pub struct Struct {
    /// What it is.
    pub of: &'static StructType,
    /// Its fields in their order.
    pub fields: Vec<Val>,
}

impl StructType {
    /// The type of a field.
    pub fn field(&self, name: &str) -> Option<Type> {
        let (_, field) = self.fields.iter().find(|(field, _)| *field == name)?;
        Some(match field {
            FieldOf::TextOrNil => Type::Text("*string"),
            FieldOf::Named(name) => Type::Text(name),
            FieldOf::Floats => Type::List(ListKind::Floats, Arc::new(Type::Float)),
            FieldOf::Times => Type::List(ListKind::Times, Arc::new(Type::Time)),
            FieldOf::Structs(of) => Type::List(ListKind::Structs(of), Arc::new(Type::Struct(of))),
        })
    }
}

impl Struct {
    /// A field.
    pub fn field(&self, name: &str) -> Option<&Val> {
        let at = self.of.fields.iter().position(|(field, _)| *field == name)?;
        self.fields.get(at)
    }
}

//! How the schema says a value is owned: as a whole, field by field, or item by item.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fieldset::Step;
use crate::Schema;
use crate::schema::{Additional, ListType, Type};

/// What is known of a value's type: a schema, or nothing (fields nobody described), which is then deduced from the
/// value: maps field by field, lists and scalars as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape<'s> {
    Known(&'s Schema),
    Deduced,
}

/// How the items of a list are told apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Items<'s> {
    Atomic,
    Set(Shape<'s>),
    Keyed(&'s [Box<str>], Shape<'s>),
}

impl<'s> Items<'s> {
    pub(super) fn shape(self) -> Shape<'s> {
        match self {
            Self::Atomic => Shape::Deduced,
            Self::Set(shape) | Self::Keyed(_, shape) => shape,
        }
    }
}

impl<'s> Shape<'s> {
    /// The shape of a field; `None` when the schema does not allow it.
    pub(super) fn field(self, name: &str) -> Option<Self> {
        let Self::Known(schema) = self else { return Some(Self::Deduced) };
        if let Some(field) = schema.properties.get(name) {
            return Some(Self::Known(field));
        }
        match &schema.additional {
            Additional::Schema(field) => Some(Self::Known(field)),
            Additional::Any => Some(Self::Deduced),
            Additional::None => None,
            Additional::Unsaid => (schema.preserve_unknown || schema.properties.is_empty()).then_some(Self::Deduced),
        }
    }

    /// A field named in the schema, unlike a key of a map.
    pub(super) fn is_named(self, name: &str) -> bool {
        matches!(self, Self::Known(schema) if schema.properties.contains_key(name))
    }

    /// Null may be stored here.
    pub(super) fn takes_null(self) -> bool {
        match self {
            Self::Known(schema) => schema.takes_null(),
            Self::Deduced => true,
        }
    }

    pub(super) fn is_atomic_map(self) -> bool {
        matches!(self, Self::Known(schema) if schema.map_atomic)
    }

    pub(super) fn items(self) -> Items<'s> {
        let Self::Known(schema) = self else { return Items::Atomic };
        let item = schema.items.as_ref().map_or(Shape::Deduced, |item| Shape::Known(item));
        match &schema.list_type {
            ListType::Atomic => Items::Atomic,
            ListType::Set => Items::Set(item),
            ListType::Map(keys) => Items::Keyed(keys, item),
        }
    }

    /// Owned as a whole: scalars, atomic maps and lists.
    pub(super) fn is_leaf(self, value: &Value) -> bool {
        match value {
            Value::Object(_) => self.is_atomic_map(),
            Value::Array(_) => matches!(self.items(), Items::Atomic),
            Value::Null => match self {
                Self::Known(schema) => match schema.ty {
                    Type::Object => schema.map_atomic,
                    Type::Array => schema.list_type == ListType::Atomic,
                    _ => true,
                },
                Self::Deduced => true,
            },
            _ => true,
        }
    }
}

/// The step that names a list item; an error says why it has none.
pub(super) fn item_step(items: Items<'_>, item: &Value) -> Result<Step, String> {
    match items {
        Items::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        Items::Set(_) => match item {
            Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
            Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
            Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
            scalar => Ok(Step::Value(scalar.to_string().into())),
        },
        Items::Keyed(keys, shape) => {
            let object = match item {
                Value::Object(object) => object,
                Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
                _ => return Err("associative list with keys may not have non-map elements".to_owned()),
            };
            keyed_step(keys, shape, object)
        }
    }
}

fn keyed_step(keys: &[Box<str>], shape: Shape<'_>, object: &Map<String, Value>) -> Result<Step, String> {
    let default = |key: &str| match shape {
        Shape::Known(schema) => schema.properties.get(key).and_then(|field| field.default_value()),
        Shape::Deduced => None,
    };
    let found: BTreeMap<&str, &Value> = keys
        .iter()
        .filter_map(|key| Some((key.as_ref(), object.get(key.as_ref()).or_else(|| default(key))?)))
        .collect();
    if found.is_empty() && !keys.is_empty() {
        let keys: Vec<String> = keys.iter().map(|key| crate::go::go_quote(key)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
            keys.join(" ")
        ));
    }
    let mut text = String::from("{");
    for (index, (key, value)) in found.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(*key).to_string());
        text.push(':');
        text.push_str(&value.to_string());
    }
    text.push('}');
    Ok(Step::Key(text.into()))
}

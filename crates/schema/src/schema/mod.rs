//! Structural schemas: what an object of a kind may hold.

mod default;
mod format;
mod parse;
mod prune;
mod validate;
mod value_rules;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::{Number, Value};

use crate::builtin::Definition;
use crate::cel::Rule;

pub(crate) use format::holds as has_format;
pub(crate) use value_rules::same_deep;

/// The JSON type a schema asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Type {
    /// No `type` given: any JSON value.
    #[default]
    Any,
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
    /// A string.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl Type {
    /// The OpenAPI word; empty for [`Type::Any`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }
}

/// `x-kubernetes-list-type`: how a list is owned and merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListType {
    /// One owner for the whole list (the default).
    #[default]
    Atomic,
    /// A set of scalars.
    Set,
    /// Objects found by these keys.
    Map(Vec<Box<str>>),
}

impl ListType {
    /// The item of `old` with the same keys; items of other lists have no past of their own.
    pub(crate) fn same_item<'v>(&self, item: &Value, old: &'v Value) -> Option<&'v Value> {
        let Self::Map(keys) = self else { return None };
        old.as_array()?.iter().find(|other| keys.iter().all(|key| other.get(key.as_ref()) == item.get(key.as_ref())))
    }
}

/// What an object may hold beside its `properties`.
#[derive(Clone, Debug, Default)]
pub enum Additional {
    /// Nothing was said: pruned when `properties` exist or the type is object.
    #[default]
    Unsaid,
    /// `additionalProperties: true`.
    Any,
    /// `additionalProperties: false`.
    None,
    /// Every further value follows this schema: the object is a map.
    Schema(SchemaRef),
}

/// How a strategic merge patch treats a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchStrategy {
    /// Lists merge item by item (`merge`); otherwise they are replaced.
    pub merge: bool,
    /// `retainKeys`: keys absent from the patch's list are dropped.
    pub retain_keys: bool,
    /// The key by which items of a list of objects are found.
    pub merge_key: Option<Box<str>>,
}

/// One node of a structural schema. Cheap to share, expensive to clone: hold it in an `Arc` or a [`SchemaRef`].
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// `type`.
    pub ty: Type,
    /// `format`, such as `int32` or `date-time`.
    pub format: Option<Box<str>>,
    /// `nullable: true`.
    pub nullable: bool,
    /// `x-kubernetes-int-or-string: true` (or the built-in format `int-or-string`).
    pub int_or_string: bool,
    /// `x-kubernetes-preserve-unknown-fields: true`.
    pub preserve_unknown: bool,
    /// `x-kubernetes-embedded-resource: true`.
    pub embedded_resource: bool,
    /// Named fields.
    pub properties: BTreeMap<Box<str>, SchemaRef>,
    /// `additionalProperties`.
    pub additional: Additional,
    /// `items`.
    pub items: Option<SchemaRef>,
    /// `required`.
    pub required: Vec<Box<str>>,
    /// `x-kubernetes-list-type` and `x-kubernetes-list-map-keys`.
    pub list_type: ListType,
    /// Whether the schema spelled a list type out.
    pub list_type_given: bool,
    /// `x-kubernetes-map-type: atomic`.
    pub map_atomic: bool,
    /// `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key`.
    pub patch: PatchStrategy,
    /// Limits on values; `None` when there are none, which is the usual case.
    pub limits: Option<Box<Limits>>,
    /// `x-kubernetes-validations`, compiled.
    pub rules: Vec<Rule>,
    /// The name of the built-in definition this is, such as `io.k8s.api.core.v1.PodSpec`: a Go struct.
    pub(crate) definition: Option<&'static str>,
    /// True when this node or anything below it has CEL rules, a default or limits worth visiting.
    pub(crate) below: Below,
}

/// What lies below a node, so that walks skip subtrees with nothing to do. References count as "something".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Below {
    pub(crate) defaults: bool,
    pub(crate) rules: bool,
}

/// Value validation keywords.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// `enum`.
    pub one_of_values: Option<Vec<Value>>,
    /// `minimum`.
    pub minimum: Option<Number>,
    /// `exclusiveMinimum`.
    pub exclusive_minimum: bool,
    /// `maximum`.
    pub maximum: Option<Number>,
    /// `exclusiveMaximum`.
    pub exclusive_maximum: bool,
    /// `multipleOf`.
    pub multiple_of: Option<Number>,
    /// `minLength`, in characters.
    pub min_length: Option<u64>,
    /// `maxLength`, in characters.
    pub max_length: Option<u64>,
    /// `pattern`, with its source.
    pub pattern: Option<Pattern>,
    /// `minItems`.
    pub min_items: Option<u64>,
    /// `maxItems`.
    pub max_items: Option<u64>,
    /// `uniqueItems`.
    pub unique_items: bool,
    /// `minProperties`.
    pub min_properties: Option<u64>,
    /// `maxProperties`.
    pub max_properties: Option<u64>,
    /// `allOf`.
    pub all_of: Vec<Schema>,
    /// `anyOf`.
    pub any_of: Vec<Schema>,
    /// `oneOf`.
    pub one_of: Vec<Schema>,
    /// `not`.
    pub not: Option<Box<Schema>>,
}

/// A compiled `pattern`.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As written in the schema, for messages.
    pub source: Box<str>,
    pub(crate) regex: regex_lite::Regex,
}

/// A schema held by another: owned by its parent, or one of the shared built-in definitions (which may be cyclic and
/// are parsed when first looked at).
#[derive(Clone, Debug)]
pub struct SchemaRef {
    target: Target,
    default: Option<Box<Value>>,
}

#[derive(Clone, Debug)]
enum Target {
    Owned(Arc<Schema>),
    Shared(&'static Definition),
}

impl SchemaRef {
    /// A reference to a schema of one's own.
    #[must_use]
    pub fn owned(schema: Arc<Schema>, default: Option<Value>) -> Self {
        Self { target: Target::Owned(schema), default: default.map(Box::new) }
    }

    pub(crate) fn shared(definition: &'static Definition, default: Option<Value>) -> Self {
        Self { target: Target::Shared(definition), default: default.map(Box::new) }
    }

    /// What lies below; anything may lie below a shared definition, which is not looked into (it may be cyclic).
    pub(crate) fn below_or_any(&self) -> Below {
        match &self.target {
            Target::Owned(schema) => schema.below,
            Target::Shared(_) => Below { defaults: true, rules: false },
        }
    }

    /// The `default` written beside the reference.
    #[must_use]
    pub fn default_value(&self) -> Option<&Value> {
        self.default.as_deref()
    }
}

impl Deref for SchemaRef {
    type Target = Schema;

    fn deref(&self) -> &Schema {
        match &self.target {
            Target::Owned(schema) => schema,
            Target::Shared(definition) => definition.schema(),
        }
    }
}

impl Schema {
    /// The schema of a field: a named property, or the map's value schema. `None` means the field is not known.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&SchemaRef> {
        self.properties.get(name).or(match &self.additional {
            Additional::Schema(schema) => Some(schema),
            _ => None,
        })
    }
}

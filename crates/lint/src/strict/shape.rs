//! What a value must look like: from the shapes of Go's types where these are known, from the CRDs where not.

use super::field::{spec_of, struct_of};
use super::scalars::Scalar;
use rollouts_api::crd;
use rollouts_api::go_json::types::{self, Field, Type};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Schemas by kind.
static CRDS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let schema = |mut crd: Value| {
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap_or_default().to_string();
        (kind, crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].take())
    };
    crd::manifests().into_iter().map(schema).collect()
});

/// The shape of a value.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Anything.
    Any,
    /// A text, a number, or something written as one.
    Scalar(Scalar),
    /// A list of values of one shape.
    List(Inner),
    /// A mapping with any keys.
    Map(Inner),
    /// A mapping with these keys.
    Struct(Fields),
}

/// The shape of items.
#[derive(Debug, Clone, Copy)]
pub struct Inner(Source);

/// The fields of a mapping.
#[derive(Debug, Clone, Copy)]
pub struct Fields(Source);

#[derive(Debug, Clone, Copy)]
enum Source {
    Go(&'static Type),
    GoStruct(&'static str),
    /// The schema, and the name of the field that has it.
    Crd(&'static Value, &'static str),
}

const POD_TEMPLATE: &str = "core/v1.PodTemplateSpec";
const OBJECT_META: &str = "meta/v1.ObjectMeta";

impl Shape {
    /// The shape of a kind of `argoproj.io/v1alpha1`.
    pub fn of_custom(kind: &str) -> Option<Shape> {
        let (kind, schema) = CRDS.get_key_value(kind)?;
        Some(Source::Crd(schema, kind).shape())
    }

    /// The shape of a built-in kind.
    pub fn of_built_in(group: &str, version: &str, kind: &str) -> Option<Shape> {
        Some(Shape::Struct(Fields(Source::GoStruct(types::of_kind(group, version, kind)?))))
    }

    /// Go's name of the type.
    pub fn go_name(self) -> String {
        match self {
            Shape::Any => "interface {}".into(),
            Shape::Scalar(scalar) => scalar.go_name().into(),
            Shape::List(inner) => format!("[]{}", inner.shape().go_name()),
            Shape::Map(inner) => format!("map[string]{}", inner.shape().go_name()),
            Shape::Struct(Fields(source)) => source.go_name(),
        }
    }
}

impl Inner {
    /// The shape.
    pub fn shape(self) -> Shape {
        self.0.shape()
    }
}

impl Fields {
    /// The shape of the field.
    pub fn get(&self, name: &str) -> Option<Shape> {
        match self.0 {
            Source::Crd(schema, parent) => {
                let (name, field) = schema["properties"].as_object()?.get_key_value(name)?;
                Some(match name.as_str() {
                    "spec" if spec_of(parent).is_some() => Source::Crd(field, spec_of(parent).unwrap_or(name)).shape(),
                    // That of an object; others are maps, or have their fields in the CRD.
                    "metadata" if field["properties"].is_null() && field["additionalProperties"].is_null() => {
                        Source::GoStruct(OBJECT_META).shape()
                    }
                    "template" if field["properties"]["spec"]["properties"]["containers"].is_object() => {
                        Source::GoStruct(POD_TEMPLATE).shape()
                    }
                    _ => Source::Crd(field, name).shape(),
                })
            }
            _ => self.go_fields().iter().find(|f| f.name == name).map(|f| Source::Go(&f.ty).shape()),
        }
    }

    /// The names of all fields.
    pub fn names(&self) -> Vec<&'static str> {
        match self.0 {
            Source::Crd(schema, _) => {
                schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
            }
            _ => self.go_fields().iter().map(|f| f.name).collect(),
        }
    }

    /// Go's name of the struct, without its package.
    pub fn struct_name(&self) -> String {
        let name = self.0.go_name();
        name.rsplit('.').next().unwrap_or(&name).to_string()
    }

    fn go_fields(&self) -> &'static [Field] {
        let name = match self.0 {
            Source::GoStruct(name) => name,
            Source::Go(Type::Struct(name)) => *name,
            Source::Go(_) | Source::Crd(..) => return &[],
        };
        types::fields(name).unwrap_or_default()
    }
}

impl Source {
    fn shape(self) -> Shape {
        match self {
            Source::GoStruct(_) => Shape::Struct(Fields(self)),
            Source::Go(ty) => of_go(ty),
            Source::Crd(schema, name) => of_crd(schema, name),
        }
    }

    fn go_name(self) -> String {
        match self {
            Source::GoStruct(name) => of_package(name),
            Source::Go(Type::Struct(name)) => of_package(name),
            Source::Go(ty) => of_go(ty).go_name(),
            Source::Crd(_, name) => format!("v1alpha1.{}", struct_of(name)),
        }
    }
}

/// `core/v1.PodSpec` as Go prints it: `v1.PodSpec`.
fn of_package(name: &str) -> String {
    name.split_once('/').map_or(name, |(_, name)| name).to_string()
}

fn of_go(ty: &'static Type) -> Shape {
    match ty {
        Type::Pointer(inner) => of_go(inner),
        Type::List(inner) => Shape::List(Inner(Source::Go(inner))),
        Type::Map(inner) => Shape::Map(Inner(Source::Go(inner))),
        Type::Struct(_) => Shape::Struct(Fields(Source::Go(ty))),
        Type::Raw => Shape::Any,
        Type::String | Type::Bytes | Type::Duration => Shape::Scalar(Scalar::Text),
        Type::Bool => Shape::Scalar(Scalar::Bool),
        Type::Int32 => Shape::Scalar(Scalar::Int32),
        Type::Int64 => Shape::Scalar(Scalar::Int64),
        Type::Time | Type::MicroTime => Shape::Scalar(Scalar::Time),
        Type::Quantity => Shape::Scalar(Scalar::Quantity),
        Type::IntOrString => Shape::Scalar(Scalar::IntOrString),
    }
}

fn of_crd(schema: &'static Value, name: &'static str) -> Shape {
    if schema["x-kubernetes-int-or-string"] == true {
        return Shape::Scalar(Scalar::IntOrString);
    }
    match schema["type"].as_str() {
        Some("array") => Shape::List(Inner(Source::Crd(&schema["items"], name))),
        Some("object") if schema["properties"].is_object() => Shape::Struct(Fields(Source::Crd(schema, name))),
        Some("object") if schema["additionalProperties"].is_object() => {
            Shape::Map(Inner(Source::Crd(&schema["additionalProperties"], name)))
        }
        Some("string") if schema["format"] == "date-time" => Shape::Scalar(Scalar::Time),
        Some("string") => Shape::Scalar(Scalar::Text),
        Some("boolean") => Shape::Scalar(Scalar::Bool),
        Some("integer") if schema["format"] == "int64" => Shape::Scalar(Scalar::Int64),
        Some("integer") => Shape::Scalar(Scalar::Int32),
        _ => Shape::Any,
    }
}

/// Which fields a CRD demands.
#[derive(Debug, Clone, Copy)]
pub struct Demands(&'static Value);

/// What is demanded below a field.
pub struct Below {
    /// The demands.
    pub demands: Demands,
    /// It is an entry of a map rather than a field.
    pub is_key: bool,
}

impl Demands {
    /// Those of a kind of `argoproj.io/v1alpha1`.
    pub fn of(kind: &str) -> Option<Demands> {
        CRDS.get(kind).map(Demands)
    }

    /// Names of the fields that must be there.
    pub fn fields(self) -> Vec<&'static str> {
        self.0["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Those below the field. A pod template has rules of its own.
    pub fn below(self, name: &str) -> Option<Below> {
        let below = |schema, is_key| Below { demands: Demands(schema), is_key };
        if let Some(field) = self.0["properties"].get(name) {
            let is_template = field["properties"]["spec"]["properties"]["containers"].is_object();
            return (!is_template).then(|| below(field, false));
        }
        self.0.get("additionalProperties").filter(|schema| schema.is_object()).map(|schema| below(schema, true))
    }

    /// Those of the items of a list.
    pub fn items(self) -> Option<Demands> {
        self.0.get("items").map(Demands)
    }
}

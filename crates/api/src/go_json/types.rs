//! The shapes of Kubernetes' built-in types: which fields a struct has, in which order Go declares them, and which
//! are omitted when empty. `crates/api/gen` writes the table.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("types.txt");

static STRUCTS: LazyLock<BTreeMap<&'static str, Vec<Field>>> =
    LazyLock::new(|| TABLE.lines().map(parse_line).collect());

/// One field of a struct.
#[derive(Debug)]
pub struct Field {
    /// JSON name.
    pub name: &'static str,
    /// When it is left out.
    pub omit: Omit,
    /// What it holds.
    pub ty: Type,
}

/// When a field is left out of the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Omit {
    /// Never.
    Never,
    /// `omitempty`: a struct is never empty.
    Empty,
    /// `omitzero`: an unset time.
    Zero,
}

/// What a Go value is in JSON.
#[derive(Debug)]
pub enum Type {
    /// A string.
    String,
    /// A boolean.
    Bool,
    /// A 32-bit integer.
    Int32,
    /// A 64-bit integer.
    Int64,
    /// `metav1.Time`.
    Time,
    /// `metav1.MicroTime`.
    MicroTime,
    /// `metav1.Duration`.
    Duration,
    /// `resource.Quantity`.
    Quantity,
    /// `intstr.IntOrString`.
    IntOrString,
    /// Bytes in base64.
    Bytes,
    /// Any JSON.
    Raw,
    /// A pointer: may be absent.
    Pointer(Box<Type>),
    /// A slice.
    List(Box<Type>),
    /// A map with string keys.
    Map(Box<Type>),
    /// A struct of this name in the table.
    Struct(&'static str),
}

/// The fields of a struct, such as `core/v1.PodTemplateSpec`; `None` if the table has no such struct.
pub fn fields(name: &str) -> Option<&'static [Field]> {
    STRUCTS.get(name).map(Vec::as_slice)
}

/// The struct's name for a built-in kind: `apps`, `v1`, `Deployment` → `apps/v1.Deployment`.
pub fn of_kind(group: &str, version: &str, kind: &str) -> Option<&'static str> {
    let package = if group.is_empty() { "core" } else { group.split('.').next().unwrap_or(group) };
    STRUCTS.get_key_value(format!("{package}/{version}.{kind}").as_str()).map(|(name, _)| *name)
}

fn parse_line(line: &'static str) -> (&'static str, Vec<Field>) {
    let mut words = line.split(' ');
    (words.next().unwrap_or_default(), words.map(parse_field).collect())
}

fn parse_field(word: &'static str) -> Field {
    let (name, ty) = word.split_once(':').expect("the generator writes NAME:TYPE");
    let (name, omit) = match (name.strip_suffix('?'), name.strip_suffix('!')) {
        (Some(name), _) => (name, Omit::Empty),
        (_, Some(name)) => (name, Omit::Zero),
        _ => (name, Omit::Never),
    };
    Field { name, omit, ty: parse_type(ty) }
}

fn parse_type(s: &'static str) -> Type {
    let (head, rest) = s.split_at(1);
    let inner = || Box::new(parse_type(rest));
    match head {
        "*" => Type::Pointer(inner()),
        "[" => Type::List(inner()),
        "{" => Type::Map(inner()),
        "@" => Type::Struct(rest),
        "s" => Type::String,
        "b" => Type::Bool,
        "i" => Type::Int32,
        "l" => Type::Int64,
        "t" => Type::Time,
        "m" => Type::MicroTime,
        "d" => Type::Duration,
        "q" => Type::Quantity,
        "o" => Type::IntOrString,
        "y" => Type::Bytes,
        _ => Type::Raw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_struct_named_is_in_the_table() {
        fn check(ty: &Type) {
            match ty {
                Type::Pointer(t) | Type::List(t) | Type::Map(t) => check(t),
                Type::Struct(name) => assert!(fields(name).is_some(), "{name}"),
                _ => {}
            }
        }
        for field in STRUCTS.values().flatten() {
            check(&field.ty);
        }
        assert_eq!(of_kind("rbac.authorization.k8s.io", "v1", "Role"), Some("rbac/v1.Role"));
        assert_eq!(of_kind("", "v1", "Pod"), Some("core/v1.Pod"));
        assert_eq!(of_kind("argoproj.io", "v1alpha1", "Rollout"), None);
    }
}

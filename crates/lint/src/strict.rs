//! Decodes a document the way Kubernetes' Go types do, and finds everything that these refuse: fields that they do not
//! know, values of another type. What it gives has no such things left in it.

mod field;
mod required;
mod scalars;
mod shape;
mod similar;

pub use required::missing_fields;
pub use shape::Shape;

use crate::yaml::{Content, Node, Position};
use rollouts_api::field::Path;
use rollouts_api::field::quote;
use serde_json::{Map, Value};

/// A value that its field does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where.
    pub at: Position,
    /// The field. One that is not known is named in the message.
    pub path: Path,
    /// Which kind of mistake.
    pub kind: MisfitKind,
    /// In words.
    pub message: String,
    /// In the words of Go's decoder.
    pub go_text: String,
}

/// Kinds of mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MisfitKind {
    /// There is no such field.
    UnknownField,
    /// The value has another type, or cannot be read.
    WrongType,
    /// A text was expected, and a number or a boolean would be taken for one by the Go decoder, not by an API server.
    NotQuoted,
}

/// A decoded document.
#[derive(Debug, Default)]
pub struct Decoded {
    /// Without what is in [`Self::misfits`].
    pub value: Value,
    /// What does not fit, in the order in which Go's decoder finds it.
    pub misfits: Vec<Misfit>,
}

/// Decodes `node` as `shape`.
pub fn decode(node: &Node, shape: Shape) -> Decoded {
    let mut walk = Walk { misfits: Vec::new(), path: Vec::new() };
    let value = walk.value(node, node.at, shape);
    Decoded { value, misfits: walk.misfits }
}

struct Walk {
    misfits: Vec<Misfit>,
    /// Names of fields, `[3]` for items; with the Go struct that has the field.
    path: Vec<Segment>,
}

enum Segment {
    Field { name: String, of: String },
    Item(usize),
    Key(String),
}

impl Walk {
    fn value(&mut self, node: &Node, at: Position, shape: Shape) -> Value {
        match (&node.content, shape) {
            (Content::Null, _) => Value::Null,
            (_, Shape::Any) => node.to_json(),
            (Content::Map(_), Shape::Struct(fields)) => self.fields(node, fields),
            (Content::Map(entries), Shape::Map(inner)) => {
                let entries = entries.iter().map(|entry| {
                    self.path.push(Segment::Key(entry.key.clone()));
                    let value = self.value(&entry.value, entry.at, inner.shape());
                    self.path.pop();
                    (entry.key.clone(), value)
                });
                Value::Object(entries.collect())
            }
            (Content::List(items), Shape::List(inner)) => {
                let items = items.iter().enumerate().map(|(i, item)| {
                    self.path.push(Segment::Item(i));
                    let value = self.value(item, item.at, inner.shape());
                    self.path.pop();
                    value
                });
                Value::Array(items.collect())
            }
            (_, Shape::Scalar(scalar)) => match scalars::read(&node.content, scalar) {
                scalars::Read::Fits(value) => value,
                scalars::Read::Reads(text) => {
                    let found = with_article(node.json_kind());
                    let message = format!(
                        "{found} where a text is expected, which an API server refuses: put it in quotes (it is read as {text})"
                    );
                    self.misfit(at, MisfitKind::NotQuoted, message, String::new());
                    Value::String(text)
                }
                scalars::Read::Unreadable(why) => {
                    self.misfit(at, MisfitKind::WrongType, why.clone(), why);
                    Value::Null
                }
                scalars::Read::Wrong { found, type_name } => self.mismatch(at, &found, &type_name),
            },
            (_, shape) => self.mismatch(at, node.json_kind(), &shape.go_name()),
        }
    }

    fn fields(&mut self, node: &Node, fields: shape::Fields) -> Value {
        let Content::Map(entries) = &node.content else { return Value::Null };
        // Go's decoder sees the keys sorted, and stops at the first mistake.
        let mut sorted: Vec<_> = entries.iter().collect();
        sorted.sort_by(|a, b| a.key.cmp(&b.key));
        let mut out = Map::new();
        for entry in sorted {
            let Some(shape) = fields.get(&entry.key) else {
                self.unknown(&entry.key, entry.at, &fields);
                continue;
            };
            self.path.push(Segment::Field { name: entry.key.clone(), of: fields.struct_name() });
            let value = self.value(&entry.value, entry.at, shape);
            self.path.pop();
            out.insert(entry.key.clone(), value);
        }
        Value::Object(out)
    }

    fn unknown(&mut self, key: &str, at: Position, fields: &shape::Fields) {
        let go_text = format!("json: unknown field {}", quote(key));
        let mut message = format!("unknown field {}", quote(key));
        let similar = similar::nearest(key, &fields.names());
        if let Some(similar) = similar {
            message.push_str(&format!("; did you mean {}?", quote(similar)));
        }
        self.misfit(at, MisfitKind::UnknownField, message, go_text);
    }

    fn mismatch(&mut self, at: Position, found: &str, type_name: &str) -> Value {
        let names = self.path.iter().filter_map(|segment| match segment {
            Segment::Field { name, .. } => Some(name.as_str()),
            Segment::Item(_) | Segment::Key(_) => None,
        });
        let names: Vec<&str> = names.collect();
        let of = self.path.iter().rev().find_map(|segment| match segment {
            Segment::Field { of, .. } => Some(of.as_str()),
            Segment::Item(_) | Segment::Key(_) => None,
        });
        let target = match of {
            Some(of) => format!("Go struct field {of}.{} of type {type_name}", names.join(".")),
            None => format!("Go value of type {type_name}"),
        };
        let go_text = format!("json: cannot unmarshal {found} into {target}");
        let message = format!("{} where {} is expected", with_article(found), with_article(plain(type_name)));
        self.misfit(at, MisfitKind::WrongType, message, go_text);
        Value::Null
    }

    fn misfit(&mut self, at: Position, kind: MisfitKind, message: String, go_text: String) {
        let path = self.path.iter().fold(Path::default(), |path, segment| match segment {
            Segment::Field { name, .. } => path.child(name),
            Segment::Item(i) => path.index(*i),
            Segment::Key(key) => path.key(key),
        });
        self.misfits.push(Misfit { at, path, kind, message, go_text });
    }
}

/// Go's types in the words of JSON.
fn plain(type_name: &str) -> &str {
    match type_name {
        "int32" | "int64" | "int" => "integer",
        "bool" => "boolean",
        "string" => "text",
        name if name.starts_with("[]") => "list",
        _ => "mapping",
    }
}

fn with_article(what: &str) -> String {
    let what = match what {
        "string" => "text",
        "array" => "list",
        "object" => "mapping",
        "bool" => "boolean",
        other => other,
    };
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {what}")
}

#[cfg(test)]
mod tests;

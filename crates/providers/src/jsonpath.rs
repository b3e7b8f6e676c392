//! Kubernetes' dialect of JSONPath, as `kubectl -o jsonpath` has it (analysis.md §4.2).
//!
//! Text outside of braces is a result of its own. Order within objects, random in Go, is that of the keys.

mod compare;
mod eval;
mod parse;

use rollouts_expr::Value;

/// How many values one path may reach: a path with many `..` or unions must not eat the controller's memory.
const HITS_MAX: usize = 1_000_000;

/// How deep `{range}` may be nested.
const RANGES_MAX: usize = 64;

/// A path, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath {
    nodes: Vec<Node>,
}

impl JsonPath {
    /// Parses `template`. The error is the bare text of Kubernetes' parser.
    pub fn parse(template: &str) -> Result<Self, String> {
        Ok(JsonPath { nodes: parse::parse(template)? })
    }

    /// The first value of the first expression that has one; `None` when none has. The error says what is not there.
    pub fn first(&self, data: &Value) -> Result<Option<Value>, String> {
        let found = eval::find(&self.nodes, data)?;
        Ok(found.into_iter().find_map(|hits| hits.into_iter().next()).map(|hit| hit.into_owned()))
    }
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// All steps in a pair of braces.
    List(Vec<Node>),
    /// Text, outside of braces or in quotes.
    Text(String),
    /// `.name`.
    Field(String),
    /// `[a:b:c]` and `[n]`.
    Array(Slice),
    /// `[?(left op right)]`.
    Filter { left: Vec<Node>, right: Vec<Node>, operator: String },
    /// A number or boolean.
    Literal(Value),
    /// `.*`.
    Wildcard,
    /// `..`.
    Recursive,
    /// `[a,b]`.
    Union(Vec<Vec<Node>>),
    /// A word: `range` or `end`.
    Identifier(String),
}

/// Bounds of a slice as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Slice {
    start: Option<i64>,
    end: Option<i64>,
    /// `[n]`: the end follows from the start.
    single: bool,
    step: Option<i64>,
}

#[cfg(test)]
mod tests;

//! From the parser's events to a tree.

use super::{Content, Document, Entry, Node, Position, Problem, scalar};
use granit_parser::{Event, Marker, ScalarStyle, Tag};
use std::collections::{BTreeMap, BTreeSet};

/// Values of a document, those that aliases repeat counted again.
const NODES_MAX: usize = 300_000;
/// Levels of a document, those below aliases among them.
const DEPTH_MAX: usize = 200;

/// A tree as far as it has been read.
#[derive(Default)]
pub struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Anchored>,
    nodes: usize,
    problems: Vec<Problem>,
}

/// What an anchor stands for.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A collection that has not ended.
struct Open {
    at: Position,
    anchor: usize,
    nodes_before: usize,
    depth: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, keys: BTreeSet<String>, merged: Vec<Entry>, key: Option<(String, Position)> },
}

impl Builder {
    /// The next event of the document.
    pub fn take(&mut self, event: Event<'_>, mark: Marker) {
        let at = Position { line: mark.line().max(1), column: mark.col() + 1 };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let content = scalar_content(&text, style, tag.as_deref());
                self.add(Node { at, content }, anchor, 1, 0);
            }
            Event::SequenceStart(_, anchor, _) => self.begin(at, anchor, Inside::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                let (entries, keys, merged, key) = Default::default();
                self.begin(at, anchor, Inside::Map { entries, keys, merged, key });
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(id) => self.alias(id, at),
            _ => {}
        }
    }

    /// The document.
    pub fn finish(self) -> Document {
        let is_sound = self.problems.is_empty() && self.open.is_empty();
        let root = self.root.filter(|root| is_sound && root.content != Content::Null);
        Document { root, problems: self.problems }
    }

    fn begin(&mut self, at: Position, anchor: usize, inside: Inside) {
        self.open.push(Open { at, anchor, nodes_before: self.nodes, depth: 0, inside });
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let content = match open.inside {
            Inside::List(items) => Content::List(items),
            Inside::Map { mut entries, keys, merged, .. } => {
                let mut keys = keys;
                // What stands in the mapping itself wins; of several merged mappings the first one.
                entries.extend(merged.into_iter().filter(|entry| keys.insert(entry.key.clone())));
                Content::Map(entries)
            }
        };
        let nodes = self.nodes - open.nodes_before + 1;
        self.nodes = open.nodes_before;
        self.add(Node { at: open.at, content }, open.anchor, nodes, open.depth + 1);
    }

    fn alias(&mut self, id: usize, at: Position) {
        let known = self.anchors.get(&id).map(|a| (a.nodes, a.depth));
        match known {
            None => self.problems.push(Problem::new(at, "anchor value contains itself")),
            Some((nodes, depth)) if self.nodes + nodes > NODES_MAX || self.open.len() + depth > DEPTH_MAX => {
                self.problems.push(Problem::new(at, "document contains excessive aliasing"));
            }
            Some((nodes, depth)) => {
                let node = self.anchors[&id].node.clone();
                self.add(node, 0, nodes, depth);
            }
        }
    }

    /// Puts a complete node where it belongs.
    fn add(&mut self, node: Node, anchor: usize, nodes: usize, depth: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, depth });
        }
        self.nodes += nodes;
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        open.depth = open.depth.max(depth);
        match &mut open.inside {
            Inside::List(items) => items.push(node),
            Inside::Map { entries, keys, merged, key } => match key.take() {
                None => match key_text(&node) {
                    Some(text) => *key = Some((text, node.at)),
                    None => {
                        let message = format!("invalid map key: {}", node.json_kind());
                        self.problems.push(Problem::new(node.at, message));
                        *key = Some((String::new(), node.at));
                    }
                },
                Some((text, at)) if text == "<<" => match merge(&node) {
                    Some(more) => merged.extend(more),
                    None => {
                        let message = "map merge requires map or sequence of maps as the value";
                        self.problems.push(Problem::new(at, message));
                    }
                },
                Some((text, at)) => {
                    if !keys.insert(text.clone()) {
                        self.problems.push(Problem::repeated_key(at, &text));
                    }
                    entries.push(Entry { key: text, at, value: node });
                }
            },
        }
    }
}

fn scalar_content(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Content {
    match tag.and_then(Tag::core_suffix) {
        Some("str" | "binary") => Content::Text(text.into()),
        Some("null") => Content::Null,
        None if style != ScalarStyle::Plain => Content::Text(text.into()),
        _ => scalar::plain(text),
    }
}

/// JSON has no keys but texts.
fn key_text(node: &Node) -> Option<String> {
    match &node.content {
        Content::Text(text) => Some(text.clone()),
        Content::Bool(truth) => Some(truth.to_string()),
        Content::Number(number) => Some(number.to_string()),
        Content::Null | Content::List(_) | Content::Map(_) => None,
    }
}

/// The entries of what `<<` names: a mapping, or several.
fn merge(node: &Node) -> Option<Vec<Entry>> {
    match &node.content {
        Content::Map(entries) => Some(entries.clone()),
        Content::List(items) => {
            let all: Option<Vec<Vec<Entry>>> = items
                .iter()
                .map(|item| match &item.content {
                    Content::Map(entries) => Some(entries.clone()),
                    _ => None,
                })
                .collect();
            Some(all?.into_iter().flatten().collect())
        }
        _ => None,
    }
}

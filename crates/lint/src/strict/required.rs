//! Fields that the CRDs demand: an API server refuses objects without them before any controller sees them.

use super::shape::Demands;
use crate::yaml::{Content, Node, Position};
use rollouts_api::field::Path;

/// The fields that are missing from `node`, an object of this kind, with the place of what they are missing from.
pub fn missing_fields(node: &Node, kind: &str) -> Vec<(Position, Path)> {
    let mut missing = Vec::new();
    if let Some(demands) = Demands::of(kind) {
        walk(node, node.at, &Path::default(), demands, &mut missing);
    }
    missing
}

fn walk(node: &Node, at: Position, path: &Path, demands: Demands, missing: &mut Vec<(Position, Path)>) {
    match &node.content {
        Content::Map(entries) => {
            let absent = demands.fields().into_iter().filter(|name| node.get(name).is_none());
            missing.extend(absent.map(|name| (at, path.child(name))));
            for entry in entries {
                if let Some(below) = demands.below(&entry.key) {
                    let path = if below.is_key { path.key(&entry.key) } else { path.child(&entry.key) };
                    walk(&entry.value, entry.at, &path, below.demands, missing);
                }
            }
        }
        Content::List(items) => {
            let Some(inner) = demands.items() else { return };
            for (i, item) in items.iter().enumerate() {
                walk(item, item.at, &path.index(i), inner, missing);
            }
        }
        _ => {}
    }
}

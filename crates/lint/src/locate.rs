//! From the name of a field to its place in the text.

use crate::yaml::{Node, Position};

/// A part of a path.
#[derive(Debug, PartialEq)]
enum Segment<'a> {
    Name(&'a str),
    /// What stands in brackets: a number or a key.
    Bracket(&'a str),
}

/// Where the field at `path` stands in the object `root`, which stands at `at`: its key, or the item of a list. If it is
/// not there, what it should be in is.
///
/// Messages of the controller leave out `canary` and `blueGreen` (`spec.strategy.steps[0]`); they are looked into.
pub fn locate(root: &Node, at: Position, path: &str) -> Position {
    let (mut node, mut at) = (root, at);
    for segment in segments(path) {
        let found = step(node, &segment).or_else(|| {
            let strategies = ["canary", "blueGreen"].iter().filter_map(|name| node.get(name));
            strategies.filter_map(|strategy| step(strategy, &segment)).next()
        });
        let Some((next, place)) = found else {
            // The strategy that lacks it says more than `strategy` does.
            let strategy = ["canary", "blueGreen"].iter().filter_map(|name| node.entry(name)).next();
            return strategy.filter(|_| segment != Segment::Name("strategy")).map_or(at, |entry| entry.at);
        };
        (node, at) = (next, place);
    }
    at
}

fn step<'n>(node: &'n Node, segment: &Segment<'_>) -> Option<(&'n Node, Position)> {
    let entry = |key: &str| node.entry(key).map(|e| (&e.value, e.at));
    match segment {
        Segment::Name(name) => entry(name),
        Segment::Bracket(key) => {
            let item = key.parse().ok().and_then(|i: usize| node.items().get(i));
            item.map(|item| (item, item.at)).or_else(|| entry(key))
        }
    }
}

fn segments(path: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (key, behind) = inside.split_once(']').unwrap_or((inside, ""));
            segments.push(Segment::Bracket(key));
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            segments.push(Segment::Name(&rest[..end]));
            rest = &rest[end..];
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[test]
    fn fields_and_what_they_should_be_in() {
        let text = "metadata:\n  annotations:\n    a.b/c: x\nspec:\n  strategy:\n    canary:\n      steps:\n      - pause: {}\n      - setWeight: 120\n";
        let documents = yaml::documents(text);
        let root = documents[0].root.as_ref().expect("a document");
        let at = |path: &str| {
            let at = locate(root, root.at, path);
            (at.line, at.column)
        };
        let table = [
            ("", (1, 1)),
            ("spec.strategy.canary.steps[1].setWeight", (9, 9)),
            ("spec.strategy.steps[1].setWeight", (9, 9)),
            ("spec.strategy.steps[0].pause.duration", (8, 9)),
            ("spec.strategy.steps[7]", (7, 7)),
            ("spec.strategy.strategy", (5, 3)),
            ("spec.strategy.canaryService", (6, 5)),
            ("spec.strategy.trafficRouting.alb", (6, 5)),
            ("spec.selector", (4, 1)),
            ("metadata.annotations[a.b/c]", (3, 5)),
            ("status", (1, 1)),
        ];
        for (path, place) in table {
            assert_eq!(at(path), place, "{path}");
        }
    }
}

//! From steps and a value to what they reach.

use super::compare::compare;
use super::{HITS_MAX, Node, RANGES_MAX, Slice};
use rollouts_expr::Value;
use std::borrow::Cow;

type Result<T> = std::result::Result<T, String>;
type Hits<'a> = Vec<Cow<'a, Value>>;

/// What each step of the outermost list reaches in `data`.
pub(super) fn find<'a>(nodes: &'a [Node], data: &'a Value) -> Result<Vec<Hits<'a>>> {
    let mut walk = Walk::default();
    walk.find(nodes, 0, Cow::Borrowed(data))
}

/// Where the walk is with regard to ranges.
#[derive(Default)]
struct Walk {
    begun: usize,
    inside: usize,
    ended: usize,
    /// Where the last end was met.
    last_end: Option<usize>,
    /// How many values were reached so far, over all.
    hits: usize,
}

impl Walk {
    /// What the steps from `from` on reach, up to the end of the range that they are in.
    fn find<'a>(&mut self, nodes: &'a [Node], from: usize, data: Cow<'a, Value>) -> Result<Vec<Hits<'a>>> {
        let mut found = Vec::new();
        let mut at = from;
        while let Some(node) = nodes.get(at) {
            let hits = self.walk(vec![data.clone()], node)?;
            if self.ended > 0 && self.ended <= self.inside {
                self.ended -= 1;
                self.last_end = Some(at);
                break;
            }
            if self.begun == 0 {
                found.push(hits);
                at += 1;
                continue;
            }
            self.begun -= 1;
            self.inside += 1;
            if self.inside > RANGES_MAX {
                return Err(format!("more than {RANGES_MAX} ranges in each other"));
            }
            if hits.is_empty() {
                // Only to find the end of it.
                self.find(nodes, at + 1, Cow::Owned(Value::Nil))?;
            }
            for hit in hits {
                found.extend(self.find(nodes, at + 1, hit)?);
            }
            self.inside -= 1;
            at = self.last_end.filter(|end| *end > at).unwrap_or(at) + 1;
        }
        Ok(found)
    }

    fn walk<'a>(&mut self, input: Hits<'a>, node: &'a Node) -> Result<Hits<'a>> {
        let hits = match node {
            Node::List(nodes) => return self.list(input, nodes),
            Node::Text(text) => vec![Cow::Owned(Value::String(text.clone()))],
            Node::Field(name) => field(&input, name)?,
            Node::Array(slice) => array(input, slice)?,
            Node::Filter { left, right, operator } => self.filter(input, left, right, operator)?,
            Node::Literal(value) => input.iter().map(|_| Cow::Borrowed(value)).collect(),
            Node::Wildcard => input.into_iter().flat_map(children).collect(),
            Node::Recursive => recursive(input)?,
            Node::Union(parts) => {
                let mut hits = Vec::new();
                for part in parts {
                    hits.extend(self.list(input.clone(), part)?);
                }
                hits
            }
            Node::Identifier(word) => match word.as_str() {
                "range" => {
                    self.begun += 1;
                    input
                }
                "end" if self.inside > 0 => {
                    self.ended += 1;
                    Vec::new()
                }
                "end" => return Err("not in range, nothing to end".to_owned()),
                _ => return Err(format!("unrecognized identifier {word}")),
            },
        };
        self.hits += hits.len();
        if self.hits > HITS_MAX { Err(too_many()) } else { Ok(hits) }
    }

    fn list<'a>(&mut self, input: Hits<'a>, nodes: &'a [Node]) -> Result<Hits<'a>> {
        nodes.iter().try_fold(input, |input, node| self.walk(input, node))
    }

    fn filter<'a>(&mut self, input: Hits<'a>, left: &'a [Node], right: &'a [Node], operator: &str) -> Result<Hits<'a>> {
        let mut hits = Vec::new();
        for value in input {
            if !matches!(*value, Value::List(_) | Value::Floats(_)) {
                return Err(format!("{} is not array or slice and cannot be filtered", plain(&value)));
            }
            for item in children(value) {
                let lefts = self.list(vec![item.clone()], left);
                if operator == "exists" {
                    if lefts.is_ok_and(|lefts| !lefts.is_empty()) {
                        hits.push(item);
                    }
                    continue;
                }
                let Some(left) = only(lefts?)? else { continue };
                let Some(right) = only(self.list(vec![item.clone()], right)?)? else { continue };
                if compare(&left, operator, &right)? {
                    hits.push(item);
                }
            }
        }
        Ok(hits)
    }
}

fn too_many() -> String {
    format!("the path reaches more than {HITS_MAX} values")
}

fn only(hits: Hits<'_>) -> Result<Option<Cow<'_, Value>>> {
    if hits.len() > 1 {
        return Err("can only compare one element at a time".to_owned());
    }
    Ok(hits.into_iter().next())
}

/// Fields of that name; an error if there are values but none has it.
fn field<'a>(input: &Hits<'a>, name: &str) -> Result<Hits<'a>> {
    let get = |value: &Cow<'a, Value>| match value {
        Cow::Borrowed(Value::Map(map)) => map.get(name).map(Cow::Borrowed),
        Cow::Owned(Value::Map(map)) => map.get(name).cloned().map(Cow::Owned),
        _ => None,
    };
    let hits: Hits<'a> = input.iter().filter_map(get).collect();
    if hits.is_empty() && !input.is_empty() {
        return Err(format!("{name} is not found"));
    }
    Ok(hits)
}

fn array<'a>(input: Hits<'a>, slice: &Slice) -> Result<Hits<'a>> {
    let mut hits = Vec::new();
    for value in input {
        match *value {
            Value::Nil => continue,
            Value::List(_) | Value::Floats(_) => {}
            ref other => return Err(format!("{} is not array or slice", type_name(other))),
        }
        let items = children(value);
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let from_end = |n: i64| if n < 0 { n.saturating_add(length) } else { n };
        let start = from_end(slice.start.unwrap_or(0));
        let end = match slice.end {
            None => length,
            Some(0) if slice.single => length,
            Some(end) => from_end(end),
        };
        // Nothing is what was asked for.
        if start == end {
            return Ok(hits);
        }
        let beyond = |index: i64| format!("array index out of bounds: index {index}, length {length}");
        if start >= length || start < 0 {
            return Err(beyond(start));
        }
        if end > length || end < 0 {
            return Err(beyond(end.saturating_sub(1)));
        }
        if start > end {
            return Err(format!("starting index {start} is greater than ending index {end}"));
        }
        let step = slice.step.unwrap_or(1);
        if step <= 0 {
            return Err("step must be > 0".to_owned());
        }
        // All of them lie between 0 and the length.
        let (start, count) = (usize::try_from(start).unwrap_or(0), usize::try_from(end - start).unwrap_or(0));
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        hits.extend(items.into_iter().skip(start).take(count).step_by(step));
    }
    Ok(hits)
}

/// Every value below, and the value itself, that has something below it.
fn recursive(input: Hits<'_>) -> Result<Hits<'_>> {
    let mut hits = Vec::new();
    let mut stack: Vec<Cow<'_, Value>> = input.into_iter().rev().collect();
    while let Some(value) = stack.pop() {
        let below = children(value.clone());
        if !below.is_empty() {
            hits.push(value);
            stack.extend(below.into_iter().rev());
        }
        if hits.len() + stack.len() > HITS_MAX {
            return Err(too_many());
        }
    }
    Ok(hits)
}

/// Items of a list, fields of an object; of anything else nothing.
fn children(value: Cow<'_, Value>) -> Hits<'_> {
    match value {
        Cow::Borrowed(Value::List(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::List(items)) => items.into_iter().map(Cow::Owned).collect(),
        Cow::Borrowed(Value::Map(map)) => map.values().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::Map(map)) => map.into_values().map(Cow::Owned).collect(),
        _ => Vec::new(),
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::List(_) | Value::CloudWatch(_) => "[]interface {}",
        Value::Floats(_) => "[]float64",
        Value::Map(_) => "map[string]interface {}",
    }
}

/// `%v`.
fn plain(value: &Value) -> String {
    match value {
        Value::Nil => "<invalid reflect.Value>".to_owned(),
        Value::String(text) => text.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Map(map) => {
            let fields: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{}", plain(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
        other => crate::text::json(other),
    }
}

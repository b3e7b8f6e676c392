//! Sets of field paths, and their JSON form `FieldsV1`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::go::{go_float, go_quote};

/// One step of a path. Keys and values are kept as compact JSON with sorted keys, which makes them easy to compare.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// `f:spec`
    Field(Box<str>),
    /// `k:{"name":"web"}`: an item of a list of objects.
    Key(Box<str>),
    /// `v:"a"`: an item of a set.
    Value(Box<str>),
    /// `i:0`
    Index(usize),
}

impl Step {
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let canonical = || serde_json::from_str::<Value>(rest).ok().map(|value| value.to_string().into_boxed_str());
        match kind {
            "f" => Some(Self::Field(rest.into())),
            "k" => canonical().map(Self::Key),
            "v" => canonical().map(Self::Value),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    fn encode(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(key) => format!("k:{key}"),
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

/// `.name`, `[name="web"]`, `[="a"]`, `[0]`, as conflicts print them.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Value(value) => write!(f, "[={}]", scalar(&parsed(value))),
            Self::Key(key) => {
                let key = parsed(key);
                let parts =
                    key.as_object().into_iter().flatten().map(|(name, value)| format!("{name}={}", scalar(value)));
                write!(f, "[{}]", parts.collect::<Vec<_>>().join(","))
            }
        }
    }
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or(Value::Null)
}

fn scalar(value: &Value) -> Cow<'static, str> {
    match value {
        Value::String(s) => go_quote(s).into(),
        Value::Null => "null".into(),
        Value::Number(n) if n.is_f64() => go_float(n.as_f64().unwrap_or_default()).into(),
        other => other.to_string().into(),
    }
}

/// A set of paths, as a tree. A node is in the set when it is a `member`; nodes without a reason to be are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    pub(crate) member: bool,
    pub(crate) children: BTreeMap<Step, FieldSet>,
}

impl FieldSet {
    pub(crate) fn leaf() -> Self {
        Self { member: true, children: BTreeMap::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    /// Reads `FieldsV1`.
    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let mut set = Self::default();
        for (name, below) in json.as_object()? {
            if name == "." {
                set.member = true;
                continue;
            }
            let step = Step::parse(name)?;
            let mut child = Self::from_json(below)?;
            // `{}` means the step itself.
            child.member |= child.children.is_empty();
            set.children.insert(step, child);
        }
        Some(set)
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut fields = Map::new();
        for (step, child) in &self.children {
            let mut below = child.to_json();
            if let (true, false, Value::Object(below)) = (child.member, child.children.is_empty(), &mut below) {
                below.insert(".".to_owned(), Value::Object(Map::new()));
            }
            fields.insert(step.encode(), below);
        }
        Value::Object(fields)
    }

    /// Adds a child unless it is empty.
    pub(crate) fn put(&mut self, step: Step, child: Self) {
        if !child.is_empty() {
            self.children.insert(step, child);
        }
    }

    pub(crate) fn get(&self, step: &Step) -> Option<&Self> {
        self.children.get(step)
    }

    pub(crate) fn union_with(&mut self, other: &Self) {
        self.member |= other.member;
        for (step, child) in &other.children {
            match self.children.get_mut(step) {
                Some(mine) => mine.union_with(child),
                None => {
                    self.children.insert(step.clone(), child.clone());
                }
            }
        }
    }

    /// Paths in both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let mut both = Self { member: self.member && other.member, children: BTreeMap::new() };
        for (step, child) in &self.children {
            if let Some(theirs) = other.get(step) {
                both.put(step.clone(), child.intersection(theirs));
            }
        }
        both
    }

    /// Takes the paths of `other` out; paths below them stay.
    pub(crate) fn subtract(&mut self, other: &Self) {
        self.member &= !other.member;
        if other.children.is_empty() {
            return;
        }
        self.children.retain(|step, child| {
            if let Some(theirs) = other.get(step) {
                child.subtract(theirs);
            }
            !child.is_empty()
        });
    }

    /// Takes a path and everything below it out.
    pub(crate) fn remove_below(&mut self, path: &[&str]) {
        let Some((first, rest)) = path.split_first() else { return };
        let step = Step::Field((*first).into());
        let gone = match self.children.get_mut(&step) {
            None => false,
            Some(_) if rest.is_empty() => true,
            Some(child) => {
                child.remove_below(rest);
                child.is_empty()
            }
        };
        if gone {
            self.children.remove(&step);
        }
    }

    /// Takes exactly this path out.
    pub(crate) fn remove_path(&mut self, path: &[&str]) {
        let Some((first, rest)) = path.split_first() else {
            self.member = false;
            return;
        };
        let step = Step::Field((*first).into());
        if let Some(child) = self.children.get_mut(&step) {
            child.remove_path(rest);
            if child.is_empty() {
                self.children.remove(&step);
            }
        }
    }

    /// All paths as text, a level's own members before what is below them, as the API server lists conflicts.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect(&mut String::new(), &mut paths);
        paths
    }

    fn collect(&self, prefix: &mut String, paths: &mut Vec<String>) {
        for (step, _) in self.children.iter().filter(|(_, child)| child.member) {
            paths.push(format!("{prefix}{step}"));
        }
        for (step, child) in &self.children {
            let length = prefix.len();
            prefix.push_str(&step.to_string());
            child.collect(prefix, paths);
            prefix.truncate(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(json: Value) -> FieldSet {
        FieldSet::from_json(&json).unwrap()
    }

    #[test]
    fn json_round_trip() {
        let json = json!({
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:image": {}}}, "f:set": {"v:\"x\"": {}}, "f:list": {"i:0": {}}},
        });
        let set = set(json.clone());
        assert_eq!(set.to_json(), json);
        assert_eq!(
            set.paths(),
            [
                ".metadata.labels",
                ".metadata.labels.app",
                ".spec.containers[name=\"a\"]",
                ".spec.containers[name=\"a\"].image",
                ".spec.list[0]",
                ".spec.set[=\"x\"]",
            ]
        );
        assert!(FieldSet::from_json(&json!({"x:y": {}})).is_none());
        assert!(FieldSet::from_json(&json!([])).is_none());
    }

    #[test]
    fn algebra() {
        let a = set(json!({"f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:b": {}}));
        let b = set(json!({"f:a": {".": {}, "f:x": {}}, "f:c": {}}));
        assert_eq!(a.intersection(&b).to_json(), json!({"f:a": {".": {}, "f:x": {}}}));
        let mut less = a.clone();
        less.subtract(&b);
        assert_eq!(less.to_json(), json!({"f:a": {"f:y": {}}, "f:b": {}}));
        let mut more = a.clone();
        more.union_with(&b);
        assert_eq!(more.to_json(), json!({"f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:b": {}, "f:c": {}}));
        let mut gone = a;
        gone.remove_below(&["a"]);
        gone.remove_path(&["b"]);
        assert!(gone.is_empty());
    }
}

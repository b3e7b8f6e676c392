//! The JSONPath that printer columns use: names, indexes, slices, wildcards, filters and `..`.

use serde_json::Value;

use crate::schema::same_deep;

/// A compiled JSONPath of a printer column, a scale path or a selectable field.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    source: Box<str>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    /// `[2]`, `[-1]`
    Index(i64),
    /// `[1:3]`
    Slice(Option<i64>, Option<i64>),
    /// `.*`, `[*]`
    All,
    /// `..name`: at any depth.
    Deep(String),
    /// `[?(@.type=="Ready")]`
    Filter(Vec<Step>, Option<(Comparison, Value)>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl JsonPath {
    /// Compiles `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`, `.metadata.labels['a/b']`,
    /// `.metadata.labels.app\.kubernetes\.io/name`; surrounding braces are allowed.
    ///
    /// # Errors
    /// A sentence saying what is wrong with the path.
    pub fn parse(source: &str) -> Result<Self, String> {
        let text = source.trim();
        let text = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
        let text = text.strip_prefix('$').unwrap_or(text);
        let mut parser = Parser { rest: text };
        let steps = parser.steps()?;
        if parser.rest.is_empty() {
            Ok(Self { source: source.into(), steps })
        } else {
            Err(format!("unexpected {:?} in path {source:?}", parser.rest))
        }
    }

    /// As written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// All values found, in document order; empty when the path leads nowhere.
    #[must_use]
    pub fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        follow(&self.steps, value)
    }

    /// The field names of a path made of nothing else, such as `["spec", "replicas"]`.
    #[must_use]
    pub fn field_names(&self) -> Option<Vec<&str>> {
        self.steps.iter().map(|step| if let Step::Field(name) = step { Some(name.as_str()) } else { None }).collect()
    }
}

fn follow<'v>(steps: &[Step], value: &'v Value) -> Vec<&'v Value> {
    let mut found = vec![value];
    for step in steps {
        found = found.into_iter().flat_map(|value| take(step, value)).collect();
        if found.is_empty() {
            break;
        }
    }
    found
}

fn take<'v>(step: &Step, value: &'v Value) -> Vec<&'v Value> {
    let list = || value.as_array().map(Vec::as_slice).unwrap_or_default();
    match step {
        Step::Field(name) => value.get(name).into_iter().collect(),
        Step::Index(index) => place(*index, list().len()).and_then(|i| list().get(i)).into_iter().collect(),
        Step::Slice(from, to) => {
            let len = list().len();
            let bound = |at: i64| usize::try_from(if at < 0 { at + len as i64 } else { at }).unwrap_or(0).min(len);
            let (from, to) = (from.map_or(0, bound), to.map_or(len, bound));
            list().get(from..to).unwrap_or_default().iter().collect()
        }
        Step::All => match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(fields) => fields.values().collect(),
            _ => Vec::new(),
        },
        Step::Deep(name) => {
            let mut found = Vec::new();
            deep(name, value, &mut found);
            found
        }
        Step::Filter(path, wanted) => list()
            .iter()
            .filter(|item| {
                follow(path, item).first().is_some_and(|found| match wanted {
                    None => true,
                    Some((comparison, wanted)) => holds(*comparison, found, wanted),
                })
            })
            .collect(),
    }
}

fn place(index: i64, len: usize) -> Option<usize> {
    usize::try_from(if index < 0 { index + len as i64 } else { index }).ok()
}

fn deep<'v>(name: &str, value: &'v Value, found: &mut Vec<&'v Value>) {
    found.extend(value.get(name));
    match value {
        Value::Array(items) => items.iter().for_each(|item| deep(name, item, found)),
        Value::Object(fields) => fields.values().for_each(|field| deep(name, field, found)),
        _ => {}
    }
}

fn holds(comparison: Comparison, left: &Value, right: &Value) -> bool {
    let order = match (left, right) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => left.as_f64().zip(right.as_f64()).and_then(|(a, b)| a.partial_cmp(&b)),
    };
    match comparison {
        Comparison::Equal => same_deep(left, right),
        Comparison::NotEqual => !same_deep(left, right),
        Comparison::Less => order.is_some_and(|o| o.is_lt()),
        Comparison::LessOrEqual => order.is_some_and(|o| o.is_le()),
        Comparison::Greater => order.is_some_and(|o| o.is_gt()),
        Comparison::GreaterOrEqual => order.is_some_and(|o| o.is_ge()),
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.eat(text) { Ok(()) } else { Err(format!("expected {text:?} before {:?}", self.rest)) }
    }

    fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        loop {
            if self.eat("..") {
                steps.push(Step::Deep(self.name()?));
            } else if self.eat(".*") {
                steps.push(Step::All);
            } else if self.eat(".") {
                if !self.rest.is_empty() && !self.rest.starts_with('[') {
                    steps.push(Step::Field(self.name()?));
                }
            } else if self.eat("[") {
                steps.push(self.bracket()?);
            } else {
                return Ok(steps);
            }
        }
    }

    /// A name after a dot; a backslash takes the next character as it is.
    fn name(&mut self) -> Result<String, String> {
        let mut name = String::new();
        let mut chars = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => name.extend(chars.next().map(|(_, c)| c)),
                '.' | '[' | ']' | ')' | '=' | '!' | '<' | '>' | ' ' => {
                    end = at;
                    break;
                }
                c => name.push(c),
            }
        }
        self.rest = &self.rest[end..];
        if name.is_empty() { Err("a name is missing after a dot".to_owned()) } else { Ok(name) }
    }

    fn bracket(&mut self) -> Result<Step, String> {
        if self.eat("?(") {
            return self.filter();
        }
        if self.eat("*]") {
            return Ok(Step::All);
        }
        if self.rest.starts_with(['\'', '"']) {
            let name = self.quoted()?;
            self.expect("]")?;
            return Ok(Step::Field(name));
        }
        let Some((inside, rest)) = self.rest.split_once(']') else {
            return Err("unterminated array".to_owned());
        };
        self.rest = rest;
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| format!("invalid array index {inside}"));
        match inside.split_once(':') {
            None => number(inside).map(Step::Index),
            Some((from, to)) => {
                let bound = |text: &str| if text.trim().is_empty() { Ok(None) } else { number(text).map(Some) };
                Ok(Step::Slice(bound(from)?, bound(to)?))
            }
        }
    }

    fn filter(&mut self) -> Result<Step, String> {
        self.skip_spaces();
        self.expect("@")?;
        let path = self.steps()?;
        self.skip_spaces();
        const COMPARISONS: [(&str, Comparison); 6] = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let comparison = COMPARISONS.iter().find(|(text, _)| self.eat(text)).map(|(_, comparison)| *comparison);
        let wanted = match comparison {
            None => None,
            Some(comparison) => {
                self.skip_spaces();
                Some((comparison, self.literal()?))
            }
        };
        self.skip_spaces();
        self.expect(")]")?;
        Ok(Step::Filter(path, wanted))
    }

    fn literal(&mut self) -> Result<Value, String> {
        if self.rest.starts_with(['\'', '"']) {
            return self.quoted().map(Value::String);
        }
        let end = self.rest.find([')', ' ']).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        serde_json::from_str(text).map_err(|_| format!("unrecognized value {text:?} in filter"))
    }

    fn quoted(&mut self) -> Result<String, String> {
        let mut chars = self.rest.char_indices();
        let Some((_, quote)) = chars.next() else { return Err("unterminated string".to_owned()) };
        let mut text = String::new();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.rest = &self.rest[at + 1..];
                return Ok(text);
            }
            if c == '\\' {
                text.extend(chars.next().map(|(_, c)| c));
            } else {
                text.push(c);
            }
        }
        Err("unterminated string".to_owned())
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds() {
        let object = json!({
            "a": {"b": 1, "x.y": 2, "app.kubernetes.io/name": "n"},
            "l": [{"n": "p", "v": 1}, {"n": "q", "v": 2}, {"n": "r", "v": 3, "opt": true}],
        });
        for (path, want) in [
            (".a.b", json!([1])),
            ("{.a.b}", json!([1])),
            ("$.a.b", json!([1])),
            (".a['x.y']", json!([2])),
            (".a.x\\.y", json!([2])),
            (".a.app\\.kubernetes\\.io/name", json!(["n"])),
            (".l[0].v", json!([1])),
            (".l[-1].v", json!([3])),
            (".l[1:].v", json!([2, 3])),
            (".l[0:2].n", json!(["p", "q"])),
            (".l[*].n", json!(["p", "q", "r"])),
            (".l[?(@.n==\"q\")].v", json!([2])),
            (".l[?(@.n=='q')].v", json!([2])),
            (".l[?(@.v>=2)].n", json!(["q", "r"])),
            (".l[?(@.n != 'q')].v", json!([1, 3])),
            (".l[?(@.opt)].v", json!([3])),
            (".l[?(@.opt==true)].v", json!([3])),
            ("..v", json!([1, 2, 3])),
            (".none.deeper", json!([])),
        ] {
            let found: Vec<Value> = JsonPath::parse(path).unwrap().find(&object).into_iter().cloned().collect();
            assert_eq!(Value::from(found), want, "{path}");
        }
    }

    #[test]
    fn bad_paths() {
        for path in [".a[", ".a[x]", "a", ".l[?(x)]", ".a['b]"] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
        assert_eq!(JsonPath::parse(".spec.replicas").unwrap().field_names().unwrap(), ["spec", "replicas"]);
    }
}

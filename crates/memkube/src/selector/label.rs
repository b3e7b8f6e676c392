//! `labelSelector`: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.

use crate::meta;
use serde_json::Value;

/// All requirements must hold; none selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    Missing,
    Greater,
    Less,
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = |s: &str| s.parse::<i64>().ok();
        let bound = || self.values.first().and_then(|v| number(v));
        match (self.operator, value) {
            (Operator::In, Some(v)) => self.values.iter().any(|x| x == v),
            (Operator::NotIn, Some(v)) => self.values.iter().all(|x| x != v),
            (Operator::Exists, v) => v.is_some(),
            (Operator::Missing, v) => v.is_none(),
            (Operator::NotIn, None) => true,
            (Operator::Greater, Some(v)) => matches!((number(v), bound()), (Some(a), Some(b)) if a > b),
            (Operator::Less, Some(v)) => matches!((number(v), bound()), (Some(a), Some(b)) if a < b),
            (Operator::In | Operator::Greater | Operator::Less, None) => false,
        }
    }
}

impl LabelSelector {
    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the object's labels satisfy it.
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|r| r.holds(meta::label(object, &r.key)))
    }

    /// Parses the text of `?labelSelector=`.
    ///
    /// # Errors
    /// The real server's message.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokenize(text);
        let mut parser = Parser { tokens: &tokens, at: 0 };
        parser.requirements().map(LabelSelector)
    }

    /// A selector from a stored `metav1.LabelSelector` object.
    pub fn from_object(selector: &Value) -> Self {
        let mut all = Vec::new();
        if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object) {
            for (key, value) in labels {
                let values = value.as_str().map(str::to_owned).into_iter().collect();
                all.push(Requirement { key: key.clone(), operator: Operator::In, values });
            }
        }
        for e in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
            let operator = match e.get("operator").and_then(Value::as_str) {
                Some("NotIn") => Operator::NotIn,
                Some("Exists") => Operator::Exists,
                Some("DoesNotExist") => Operator::Missing,
                _ => Operator::In,
            };
            let values = e.get("values").and_then(Value::as_array).into_iter().flatten();
            all.push(Requirement {
                key: e.get("key").and_then(Value::as_str).unwrap_or_default().to_owned(),
                operator,
                values: values.filter_map(Value::as_str).map(str::to_owned).collect(),
            });
        }
        LabelSelector(all)
    }
}

fn tokenize(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let symbol = matches!(c, '(' | ')' | ',' | '!' | '=' | '<' | '>');
        if (symbol || c.is_whitespace()) && !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if symbol {
            let mut s = c.to_string();
            if matches!(c, '!' | '=') && chars.peek() == Some(&'=') {
                s.extend(chars.next());
            }
            tokens.push(s);
        } else if !c.is_whitespace() {
            word.push(c);
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

struct Parser<'t> {
    tokens: &'t [String],
    at: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> &'t str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> &'t str {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, String> {
        let mut all = Vec::new();
        if self.tokens.is_empty() {
            return Ok(all);
        }
        loop {
            let first = self.peek();
            if first != "!" && !is_word(first) {
                return Err(format!("found '{first}', expected: !, identifier, or 'end of string'"));
            }
            all.push(self.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?);
            match self.next() {
                "" => return Ok(all),
                "," => match self.peek() {
                    "" | "," => return Err(format!("found '{}', expected: identifier after ','", self.peek())),
                    _ => {}
                },
                other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let negated = self.peek() == "!";
        if negated {
            self.at += 1;
        }
        let key = self.next();
        if !is_word(key) {
            return Err(format!("found '{key}', expected: identifier"));
        }
        check_key(key)?;
        let requirement = |operator, values| Requirement { key: key.to_owned(), operator, values };
        if negated {
            return Ok(requirement(Operator::Missing, Vec::new()));
        }
        let operator = match self.peek() {
            "" | "," => return Ok(requirement(Operator::Exists, Vec::new())),
            "=" | "==" | "in" => Operator::In,
            "!=" | "notin" => Operator::NotIn,
            ">" => Operator::Greater,
            "<" => Operator::Less,
            other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        let set = is_word(self.next());
        let values = if set { self.set()? } else { vec![self.single()?] };
        values.iter().try_for_each(|v| check_value(key, v))?;
        if matches!(operator, Operator::Greater | Operator::Less)
            && let Some(value) = values.iter().find(|v| v.parse::<i64>().is_err())
        {
            let why = "for 'Gt', 'Lt' operators, the value must be an integer";
            return Err(format!("values[0]: Invalid value: {value:?}: {why}"));
        }
        Ok(requirement(operator, values))
    }

    fn single(&mut self) -> Result<String, String> {
        match self.peek() {
            "" | "," => Ok(String::new()),
            word if is_word(word) => Ok(self.next().to_owned()),
            other => Err(format!("found '{other}', expected: identifier")),
        }
    }

    fn set(&mut self) -> Result<Vec<String>, String> {
        match self.next() {
            "(" => {}
            other => return Err(format!("found '{other}' expected: '('")),
        }
        let mut values = Vec::new();
        loop {
            match self.next() {
                ")" if values.is_empty() => return Ok(vec![String::new()]),
                word if is_word(word) => values.push(word.to_owned()),
                other => return Err(format!("found '{other}', expected: ',', ')' or identifier")),
            }
            match self.next() {
                "," => {}
                ")" => return Ok(values),
                other => return Err(format!("found '{other}', expected: ',' or ')'")),
            }
        }
    }
}

fn is_word(token: &str) -> bool {
    !token.is_empty() && !token.starts_with(['(', ')', ',', '!', '=', '<', '>'])
}

fn check_key(key: &str) -> Result<(), String> {
    let faults = crate::names::qualified_name_faults(key);
    if faults.is_empty() { Ok(()) } else { Err(format!("<nil>: Invalid value: {key:?}: {}", faults.join("; "))) }
}

fn check_value(key: &str, value: &str) -> Result<(), String> {
    match crate::names::label_value_fault(value) {
        None => Ok(()),
        Some(why) => Err(format!("values[0][{key}]: Invalid value: {value:?}: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(selector: &str) -> bool {
        let object = json!({"metadata": {"labels": {"app": "web", "n": "5", "a.io/b": ""}}});
        LabelSelector::parse(selector).unwrap().matches(&object)
    }

    #[test]
    fn selects() {
        for yes in [
            "",
            "app",
            "app=web",
            "app==web",
            "app!=db",
            "x!=y",
            "!x",
            "app in (web, db)",
            "app notin (db)",
            "n>4",
            "n<6",
            "a.io/b=",
            "app=web,n=5",
            "x notin (y),app",
        ] {
            assert!(matches(yes), "{yes}");
        }
        for no in ["x", "app=db", "!app", "app in (db)", "app notin (web)", "n>5", "x=", "app=web,x"] {
            assert!(!matches(no), "{no}");
        }
    }

    #[test]
    fn refuses_malformed_text() {
        for bad in ["a=b=c", "a in b", "a in (b", ",", "=x", "a,,b", "-a", "a=b c"] {
            assert!(LabelSelector::parse(bad).is_err(), "{bad}");
        }
    }
}

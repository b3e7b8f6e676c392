//! Where two answers differ.

use regex_lite::Regex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One place of two values that should be the same.
#[derive(Debug)]
pub(crate) struct Difference {
    /// JSON pointer.
    pub(crate) at: String,
    pub(crate) want: Option<Value>,
    pub(crate) have: Option<Value>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = |v: &Option<Value>| v.as_ref().map_or("nothing".to_owned(), Value::to_string);
        write!(f, "{}\n      want {}\n      have {}", self.at, side(&self.want), side(&self.have))
    }
}

/// Which names of one side stand for which of the other: a number given to a uid or a version says only which are
/// the same, and one object more or less would shift all later ones.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    names: BTreeMap<String, String>,
}

static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("<(uid|version) [0-9]+>").expect("the expression is well formed"));

impl Comparison {
    /// Every place where `have` is not `want`. Of answers with another code, that and the message.
    pub(crate) fn differences(&mut self, want: &Value, have: &Value) -> Vec<Difference> {
        let mut found = Vec::new();
        if want["code"] == have["code"] {
            self.walk(String::new(), Some(want), Some(have), &mut found);
        } else {
            let brief = |v: &Value| Some(json!([v["code"], v.pointer("/body/message"), v.pointer("/body/reason")]));
            found.push(Difference { at: "/code".into(), want: brief(want), have: brief(have) });
        }
        found
    }

    fn walk(&mut self, at: String, want: Option<&Value>, have: Option<&Value>, found: &mut Vec<Difference>) {
        match (want, have) {
            (Some(Value::Object(w)), Some(Value::Object(h))) => {
                for key in w.keys().chain(h.keys().filter(|k| !w.contains_key(*k))) {
                    let key_text = key.replace('~', "~0").replace('/', "~1");
                    self.walk(format!("{at}/{key_text}"), w.get(key), h.get(key), found);
                }
            }
            (Some(Value::Array(w)), Some(Value::Array(h))) if w.len() == h.len() => {
                for (i, (w, h)) in w.iter().zip(h).enumerate() {
                    self.walk(format!("{at}/{i}"), Some(w), Some(h), found);
                }
            }
            (Some(Value::String(w)), Some(Value::String(h))) if self.same_text(w, h) => {}
            _ if want == have => {}
            _ => found.push(Difference { at, want: want.cloned(), have: have.cloned() }),
        }
    }

    fn same_text(&mut self, want: &str, have: &str) -> bool {
        if NAME.replace_all(want, "") != NAME.replace_all(have, "") {
            return false;
        }
        let pairs = NAME.find_iter(want).zip(NAME.find_iter(have));
        pairs.fold(true, |same, (w, h)| {
            let bound = self.names.entry(h.as_str().to_owned()).or_insert_with(|| w.as_str().to_owned());
            same && bound == w.as_str()
        })
    }
}

/// Differences without the known ones, and known ones that are none any more.
pub(crate) fn judge(found: Vec<Difference>, known: &BTreeMap<String, String>) -> (Vec<Difference>, Vec<String>) {
    let covers =
        |pointer: &str, at: &str| at.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let stale = known.keys().filter(|p| !found.iter().any(|d| covers(p, &d.at))).cloned().collect();
    let left = found.into_iter().filter(|d| !known.keys().any(|p| covers(p, &d.at))).collect();
    (left, stale)
}

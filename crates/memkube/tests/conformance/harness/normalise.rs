//! Makes answers of different servers and different times comparable: what is drawn at random or read from a clock is
//! replaced by a name.

use super::run::Answer;
use super::step::Step;
use regex_lite::{Captures, Regex};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Headers that clients look at.
const HEADERS: [&str; 6] = ["content-type", "warning", "retry-after", "etag", "allow", "location"];
/// Variables shorter than this are not looked for in answers: they would be found everywhere.
const SHORTEST_VARIABLE_BYTES: usize = 5;

macro_rules! regex {
    ($name:ident, $text:expr) => {
        static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($text).expect("the expression is well formed"));
    };
}
regex!(UID, "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
// Times of the present; those that a case sends are older.
regex!(TIME, "20(2[5-9]|[3-9][0-9])-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z");
regex!(
    GO_TIME,
    "20(2[5-9]|[3-9][0-9])-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)? \\+0000 UTC( m=\\+[0-9.]+)?"
);
regex!(AGE, "^[0-9]+(ms|s|m|h|d|y)([0-9]+(s|m|h|d))?( ago)?$");
regex!(NODE_PORT, ":3[0-2][0-9]{3}/");
regex!(CLUSTER_IP, "\\b10\\.[0-9]+\\.[0-9]+\\.[0-9]+\\b");
regex!(TOKEN_VOLUME, "kube-api-access-[a-z0-9]{5}");
// The refusal of a patch shows the whole object, in the order of Go's fields.
regex!(
    PATCHED,
    r#"(patch: )?Invalid value: "[{m](\\.|[^"\\])*\}?": (strict decoding error|json: cannot|no kind|parsing time|illegal|converting|cannot restore|unrecognized)"#
);
regex!(RECORDED_VERSION, "ResourceVersion in (record|the precondition) \\([0-9]+\\)");
regex!(
    VERSIONS,
    "(too old resource version: |Too large resource version: |provided list is too old: |current: |StorageError: )?\\b[0-9]+( \\([0-9]+\\)|, current: [0-9]+)"
);

/// Gives equal names to equal things, through all answers of one file.
#[derive(Debug, Default)]
pub(crate) struct Normaliser {
    uids: BTreeMap<String, usize>,
    versions: BTreeMap<String, usize>,
}

fn numbered(seen: &mut BTreeMap<String, usize>, what: &str, value: &str) -> String {
    let next = seen.len() + 1;
    format!("<{what} {}>", seen.entry(value.to_owned()).or_insert(next))
}

impl Normaliser {
    /// Code, headers and body of an answer. The body of a watch is the list of its events.
    pub(crate) fn answer(&mut self, step: &Step, answer: &Answer, variables: &BTreeMap<String, String>) -> Value {
        let mut headers = Map::new();
        for name in HEADERS {
            let values: Vec<&str> = answer.headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect();
            let value = values.join("\n");
            match (name, value.as_str()) {
                (_, "") | ("content-type", "application/json") => {}
                ("etag", _) => drop(headers.insert(name.into(), json!("<etag>"))),
                _ => drop(headers.insert(name.into(), json!(self.text(&value, variables)))),
            }
        }
        let text = String::from_utf8_lossy(&answer.body);
        let mut body = match serde_json::from_str::<Value>(&text) {
            _ if (step.method == "WATCH" || step.path.contains("watch")) && answer.status == 200 => {
                text.lines().map(|l| serde_json::from_str(l).unwrap_or(json!(l))).collect()
            }
            Ok(value) => value,
            Err(_) => json!(text),
        };
        for pointer in step.ignore.keys() {
            if let Some(part) = pointer.strip_prefix("/body").and_then(|p| body.pointer_mut(p)) {
                *part = json!("<ignored>");
            }
        }
        self.value(&mut body, variables);
        let mut out = json!({"code": answer.status, "body": body});
        if !headers.is_empty() {
            out["headers"] = Value::Object(headers);
        }
        out
    }

    fn value(&mut self, value: &mut Value, variables: &BTreeMap<String, String>) {
        match value {
            Value::String(s) => *s = self.text(s, variables),
            Value::Array(items) => {
                for item in items {
                    self.value(item, variables);
                }
            }
            Value::Object(map) => self.object(map, variables),
            _ => {}
        }
    }

    fn object(&mut self, map: &mut Map<String, Value>, variables: &BTreeMap<String, String>) {
        let list = map.contains_key("items") || map.contains_key("rows") || is_bookmark(map);
        if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
            if let Some(Value::Array(owners)) = metadata.get_mut("managedFields") {
                // Ordered by time, in seconds: by how fast the machine is.
                owners.sort_by_key(|o| ["operation", "manager", "subresource", "apiVersion"].map(|k| o[k].to_string()));
            }
            for key in ["resourceVersion", "continue"] {
                match metadata.get_mut(key) {
                    Some(Value::String(s)) if !s.is_empty() => {
                        *s = match key {
                            "continue" => "<continue>".to_owned(),
                            _ if list => "<version>".to_owned(),
                            _ => numbered(&mut self.versions, "version", s),
                        }
                    }
                    _ => {}
                }
            }
        }
        sort_causes(map);
        // Of use only to several servers that share a store.
        map.remove("storageVersionHash");
        if let Some(token @ Value::String(_)) = map.get_mut("token") {
            *token = json!("<token>");
        }
        if let Some(port @ Value::Number(_)) = map.get_mut("nodePort")
            && port.as_u64().is_some_and(|p| p != 30007)
        {
            *port = json!("<port>");
        }
        let mut renamed = Map::new();
        for (key, mut value) in std::mem::take(map) {
            self.value(&mut value, variables);
            renamed.insert(self.text(&key, variables), value);
        }
        *map = renamed;
    }

    fn text(&mut self, text: &str, variables: &BTreeMap<String, String>) -> String {
        // Most text is a word; the expressions below are slow.
        let plain = text.len() < SHORTEST_VARIABLE_BYTES && !text.bytes().any(|b| b.is_ascii_digit());
        if plain {
            return text.to_owned();
        }
        if AGE.is_match(text) {
            return "<age>".to_owned();
        }
        if !text.bytes().any(|b| b.is_ascii_digit() || matches!(b, b':' | b'-')) {
            return named(text.to_owned(), variables);
        }
        let uids = &mut self.uids;
        let text = UID.replace_all(text, |c: &Captures<'_>| numbered(uids, "uid", &c[0]));
        let text = TIME.replace_all(&text, |c: &Captures<'_>| {
            if c.get(2).is_some() { "<microtime>" } else { "<time>" }.to_owned()
        });
        let text = GO_TIME.replace_all(&text, "<time>");
        let text = NODE_PORT.replace_all(&text, ":<port>/");
        let text = CLUSTER_IP.replace_all(&text, "<ip>");
        let text = TOKEN_VOLUME.replace_all(&text, "kube-api-access-<suffix>");
        let text = PATCHED.replace_all(&text, |c: &Captures<'_>| {
            format!("{}Invalid value: <object>: {}", c.get(1).map_or("", |m| m.as_str()), &c[3])
        });
        let text = RECORDED_VERSION.replace_all(&text, "ResourceVersion in $1 (<version>)");
        let text =
            VERSIONS.replace_all(&text, |c: &Captures<'_>| format!("{}<version>", c.get(1).map_or("", |m| m.as_str())));
        let text = text.split_once("\n@@ ").map_or(text.as_ref(), |(head, _)| head);
        named(sort_values(text), variables)
    }
}

/// Values that a case remembers go by their names.
fn named(mut text: String, variables: &BTreeMap<String, String>) -> String {
    for (name, value) in variables.iter().filter(|(n, v)| *n != "ns" && v.len() >= SHORTEST_VARIABLE_BYTES) {
        text = text.replace(value.as_str(), &format!("<{name}>"));
    }
    text
}

/// The faults of an object come in the order of a Go map: here they are sorted.
fn sort_causes(status: &mut Map<String, Value>) {
    let Some(causes) = status.get_mut("details").and_then(|d| d.get_mut("causes")).and_then(Value::as_array_mut) else {
        return;
    };
    causes.sort_by_key(Value::to_string);
    let mut lines: Vec<String> = Vec::new();
    for cause in causes.iter() {
        let text = |key: &str| cause[key].as_str().unwrap_or_default();
        let line = format!("{}: {}", text("field"), text("message"));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if let Some(Value::String(message)) = status.get_mut("message")
        && let Some((head, _)) = message.split_once(" is invalid: [")
    {
        *message = format!("{head} is invalid: [{}]", lines.join(", "));
    }
}

/// Error messages print values in the order of Go's fields: here they are sorted.
fn sort_values(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("value: ").map(|at| at + "value: ".len()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        if rest.starts_with(['{', '['])
            && let Some(Ok(value)) = values.next()
        {
            rest = &rest[values.byte_offset()..];
            out.push_str(&value.to_string());
        }
    }
    out + rest
}

/// Bookmarks carry nothing but the version of the whole.
fn is_bookmark(map: &Map<String, Value>) -> bool {
    map.get("metadata").is_some_and(|m| m.get("name").is_none() && m.get("uid").is_none())
}

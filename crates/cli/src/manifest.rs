//! Manifests that users write: YAML of several documents, or JSON.

use rollouts_lint::strict::{self, Shape};
use rollouts_lint::yaml::{self, Document, Node};
use serde::de::IgnoredAny;
use serde_json::Value;

/// What precedes an error about YAML.
const YAML: &str = "error converting YAML to JSON: ";

/// One object of a manifest.
pub(crate) struct Manifest {
    pub(crate) root: Node,
    /// Whether it was written as JSON.
    pub(crate) is_json: bool,
}

/// The objects of a text; empty documents are none. An error, in the words of Go's readers, stands for all of them.
pub(crate) fn read(text: &str) -> Result<Vec<Manifest>, String> {
    if !text.trim_start().starts_with('{') {
        return of_yaml(text, false);
    }
    match json_values(text) {
        Ok(values) => {
            let all: Result<Vec<_>, _> = values.into_iter().map(|value| of_yaml(value, true)).collect();
            Ok(all?.into_iter().flatten().collect())
        }
        // Documents of YAML may be written like JSON.
        Err(_) if text.contains("\n---") => of_yaml(text, false),
        Err(problem) => Err(format!("not JSON: {problem}")),
    }
}

/// The values that follow each other in a text of JSON.
fn json_values(text: &str) -> Result<Vec<&str>, serde_json::Error> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let (mut values, mut start) = (Vec::new(), 0);
    while let Some(value) = stream.next() {
        value?;
        values.push(&text[start..stream.byte_offset()]);
        start = stream.byte_offset();
    }
    Ok(values)
}

/// JSON is YAML, too.
fn of_yaml(text: &str, is_json: bool) -> Result<Vec<Manifest>, String> {
    let mut manifests = Vec::new();
    for document in yaml::documents(text) {
        if let Some(problem) = problem(&document) {
            return Err(problem);
        }
        manifests.extend(document.root.map(|root| Manifest { root, is_json }));
    }
    Ok(manifests)
}

impl Manifest {
    /// The first thing that the Go type of a kind of Argo refuses in it: a field that it has not, a value of another type.
    /// In Go's words.
    pub(crate) fn misfit(&self, kind: &str) -> Option<String> {
        let misfits = strict::decode(&self.root, Shape::of_custom(kind)?).misfits;
        // What Go takes although the API server refuses it has no words of Go's.
        misfits.into_iter().map(|misfit| misfit.go_text).find(|text| !text.is_empty())
    }
}

/// The documents of a text, without the empty ones.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, String> {
    Ok(read(text)?.iter().map(|manifest| manifest.root.to_json()).collect())
}

/// The only document of a text; nothing is `null`.
pub(crate) fn one(text: &str) -> Result<Value, String> {
    match <[Value; 1]>::try_from(documents(text)?) {
        Ok([value]) => Ok(value),
        Err(none) if none.is_empty() => Ok(Value::Null),
        Err(several) => Err(format!("{} documents where one is expected", several.len())),
    }
}

/// What is wrong with a document as YAML: all keys that stand twice, or the first thing else.
fn problem(document: &Document) -> Option<String> {
    let (first, more) = document.problems.split_first()?;
    let text = first.go_text();
    let mut text = if text.starts_with(YAML) { text } else { format!("{YAML}{text}") };
    for problem in more.iter().filter(|p| first.is_repeated_key && p.is_repeated_key) {
        text.push_str(&format!("\n  line {}: {}", problem.at.line, problem.message));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_and_their_problems() {
        let values = documents("a: 1\n---\n# nothing\n---\nb: [on, 0x10]\n");
        assert_eq!(values, Ok(vec![json!({"a": 1}), json!({"b": [true, 16]})]));
        assert_eq!(documents(" {\"a\": 1}\n{\"b\": 2}"), documents("a: 1\n---\nb: 2"));
        assert_eq!(documents("{\"a\": 1}\n---\n{b: 2}"), documents("a: 1\n---\nb: 2"));
        assert_eq!(one(""), Ok(Value::Null));
        assert_eq!(one("a\n---\nb"), Err("2 documents where one is expected".into()));
        let colon = "error converting YAML to JSON: yaml: mapping values are not allowed in this context";
        assert_eq!(documents("a: b: c\n"), Err(colon.into()));
        let twice = "error converting YAML to JSON: yaml: unmarshal errors:\n  line 2: key \"a\" already set in map\n  \
                     line 3: key \"a\" already set in map";
        assert_eq!(documents("a: 1\na: 2\na: 3\n"), Err(twice.into()));
        assert!(documents("{a: 1}").is_err_and(|e| e.starts_with("not JSON: key must be a string at line 1")));
    }
}

//! One request of the corpus, as it stands in a case file.

use serde_json::Value;
use std::collections::BTreeMap;

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "WATCH"];

/// A request, what to remember of its answer, and where an answer may differ.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// HTTP method.
    pub(crate) method: String,
    /// Path and query; `v1:pods/a` stands for a path in the namespace of the file.
    pub(crate) path: String,
    /// Content type, or a short name of one.
    pub(crate) content_type: Option<String>,
    /// Accepted type, or a short name of one.
    pub(crate) accept: Option<String>,
    /// The user to be; the administrator without it.
    pub(crate) user: Option<String>,
    /// Further headers.
    pub(crate) headers: BTreeMap<String, String>,
    /// What is sent.
    pub(crate) body: Body,
    /// Variables to take from the answer, by JSON pointer.
    pub(crate) save: BTreeMap<String, String>,
    /// The request is repeated until these fields have these values: what controllers do takes a moment.
    pub(crate) until: BTreeMap<String, Value>,
    /// Parts of the answer that are not compared, by JSON pointer, with the reason.
    pub(crate) ignore: BTreeMap<String, String>,
    /// Parts of the answer in which memkube is known to differ, by JSON pointer, with the reason.
    pub(crate) differs: BTreeMap<String, String>,
}

/// What a request carries.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// A value, sent as JSON.
    Json(Value),
    /// Text, sent as it is.
    Text(String),
    /// Bytes, in base64.
    Base64(String),
    /// A YAML file of the repository, by its path from the root, sent as JSON.
    File(String),
}

impl Step {
    /// How the step is called in reports and in the recording.
    pub(crate) fn title(&self) -> String {
        let user = self.user.as_ref().map(|u| format!(" as {u}")).unwrap_or_default();
        format!("{} {}{user}", self.method, self.path)
    }
}

/// Reads a case file.
///
/// # Errors
/// A sentence for a step that cannot be understood.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>, String> {
    // `y` is a word here, not a truth.
    let options = serde_saphyr::options! { strict_booleans: true };
    let steps: Vec<BTreeMap<String, Value>> =
        serde_saphyr::from_str_with_options(text, options).map_err(|e| e.to_string())?;
    steps.into_iter().enumerate().map(|(i, s)| step(s).map_err(|e| format!("step {}: {e}", i + 1))).collect()
}

fn step(mut map: BTreeMap<String, Value>) -> Result<Step, String> {
    let method = METHODS.iter().find(|m| map.contains_key(**m)).ok_or("no method")?;
    let path = text(map.remove(*method))?.ok_or("no path")?;
    let mut bodies = Vec::new();
    bodies.extend(map.remove("body").map(Body::Json));
    bodies.extend(text(map.remove("text"))?.map(Body::Text));
    bodies.extend(text(map.remove("base64"))?.map(Body::Base64));
    bodies.extend(text(map.remove("file"))?.map(Body::File));
    let body = bodies.pop().unwrap_or(Body::Empty);
    if !bodies.is_empty() {
        return Err("more than one of body, text, base64 and file".into());
    }
    let step = Step {
        method: (*method).to_owned(),
        path,
        content_type: text(map.remove("type"))?,
        accept: text(map.remove("accept"))?,
        user: text(map.remove("as"))?,
        headers: texts(map.remove("headers"))?,
        body,
        save: texts(map.remove("save"))?,
        until: map
            .remove("until")
            .map(serde_json::from_value)
            .transpose()
            .map_err(|e| e.to_string())?
            .unwrap_or_default(),
        ignore: texts(map.remove("ignore"))?,
        differs: texts(map.remove("differs"))?,
    };
    match map.keys().find(|k| *k != "note") {
        Some(unknown) => Err(format!("{}: no such key: {unknown}", step.title())),
        None => Ok(step),
    }
}

fn text(value: Option<Value>) -> Result<Option<String>, String> {
    match value {
        None => Ok(None),
        Some(Value::String(s)) => Ok(Some(s)),
        Some(other) => Err(format!("not a string: {other}")),
    }
}

fn texts(value: Option<Value>) -> Result<BTreeMap<String, String>, String> {
    value.map(serde_json::from_value).transpose().map_err(|e| e.to_string()).map(Option::unwrap_or_default)
}

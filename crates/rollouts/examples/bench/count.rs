//! Requests by verb and resource.

use crate::serve::CONTROLLER;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

/// How many requests there were of each `verb resource/subresource`.
pub type Requests = BTreeMap<String, u64>;

/// The name under which a request is counted, from its method and path.
pub fn name(method: &http::Method, uri: &http::Uri) -> String {
    let segments: Vec<&str> = uri.path().split('/').filter(|s| !s.is_empty()).collect();
    // Behind /api/v1 or /apis/GROUP/VERSION, and behind the namespace.
    let rest = segments.get(if segments.first() == Some(&"api") { 2 } else { 3 }..).unwrap_or_default();
    let rest = match rest {
        ["namespaces", _, rest @ ..] if !rest.is_empty() => rest,
        rest => rest,
    };
    let verb = match method.as_str() {
        "GET" if uri.query().unwrap_or_default().contains("watch=true") => "watch",
        "GET" if rest.len() == 1 => "list",
        "GET" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        _ => "delete",
    };
    match rest {
        [resource, _, sub, ..] => format!("{verb} {resource}/{sub}"),
        [resource, ..] => format!("{verb} {resource}"),
        [] => format!("{verb} {}", uri.path()),
    }
}

/// Whether the request changes anything.
pub fn is_write(name: &str) -> bool {
    !["get ", "list ", "watch "].iter().any(|verb| name.starts_with(verb))
}

/// All writes.
pub fn writes(requests: &Requests) -> u64 {
    requests.iter().filter(|(name, _)| is_write(name)).map(|(_, count)| count).sum()
}

/// Those of `after` that were not there `before`.
pub fn since(before: &Requests, after: &Requests) -> Requests {
    let more = after.iter().map(|(name, count)| (name.clone(), count - before.get(name).copied().unwrap_or(0)));
    more.filter(|(_, count)| *count > 0).collect()
}

/// The controller's requests in an audit log that grows.
pub struct AuditLog {
    path: PathBuf,
    read_bytes: u64,
    requests: Requests,
}

impl AuditLog {
    pub fn new(path: PathBuf) -> Self {
        AuditLog { path, read_bytes: 0, requests: Requests::new() }
    }

    /// All requests so far.
    pub fn requests(&mut self) -> Result<Requests> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.read_bytes))?;
        let mut reader = BufReader::new(file);
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 && line.ends_with('\n') {
            self.read_bytes += line.len() as u64;
            let event: Event = serde_json::from_str(&line).context("a line of the audit log")?;
            if event.user_agent.starts_with(CONTROLLER) {
                *self.requests.entry(event.name()).or_default() += 1;
            }
            line.clear();
        }
        Ok(self.requests.clone())
    }
}

/// `audit.k8s.io/v1` Event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Event {
    user_agent: String,
    verb: String,
    object_ref: ObjectRef,
    response_status: ResponseStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ObjectRef {
    resource: String,
    subresource: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResponseStatus {
    code: u16,
}

impl Event {
    fn name(&self) -> String {
        let ObjectRef { resource, subresource } = &self.object_ref;
        let slash = if subresource.is_empty() { "" } else { "/" };
        let refused =
            if self.response_status.code < 400 { String::new() } else { self.response_status.code.to_string() };
        format!("{} {resource}{slash}{subresource}{}{refused}", self.verb, if refused.is_empty() { "" } else { " " })
    }
}

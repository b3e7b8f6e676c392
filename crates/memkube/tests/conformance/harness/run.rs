//! Plays the steps of one file against a server.

use super::normalise::Normaliser;
use super::step::{Body, Step};
use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderMap, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Times a step with `until` is sent.
const MAX_ATTEMPTS: usize = 100;
/// What waits longer for an answer waits for ever.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const PAUSE_BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);
/// Who writes, for `managedFields`.
const USER_AGENT: &str = "conformance/1.0";

/// An answer as it came; the body of a watch is read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Something that answers requests.
pub(crate) trait Server {
    /// Answers one request of the administrator.
    async fn send(&self, request: Request<Bytes>) -> Answer;
}

/// The values that later requests refer to as `${name}`.
type Variables = BTreeMap<String, String>;

/// Plays a file in a namespace of its own; gives an answer for each step, made comparable.
pub(crate) async fn play(server: &impl Server, file: &str, steps: &[Step]) -> Vec<Value> {
    let namespace = format!("c-{file}");
    furnish(server, &namespace).await;
    let mut variables = Variables::from([("ns".to_owned(), namespace)]);
    let mut normaliser = Normaliser::default();
    let mut answers = Vec::new();
    for step in steps {
        let answer = send(server, step, &variables).await;
        for (name, pointer) in &step.save {
            let raw: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
            let value = match raw.pointer(pointer) {
                Some(Value::String(s)) => s.clone(),
                Some(other) => other.to_string(),
                None => "missing".to_owned(),
            };
            variables.insert(name.clone(), value);
        }
        let mut answered = normaliser.answer(step, &answer, &variables);
        answered["step"] = json!(step.title());
        answers.push(answered);
    }
    answers
}

/// A namespace as the controllers of a cluster leave it; on some servers they are not running.
async fn furnish(server: &impl Server, namespace: &str) {
    let objects = [
        ("/api/v1/namespaces".to_owned(), json!({"kind": "Namespace", "metadata": {"name": namespace}})),
        (
            format!("/api/v1/namespaces/{namespace}/serviceaccounts"),
            json!({"kind": "ServiceAccount", "metadata": {"name": "default"}}),
        ),
        (
            format!("/api/v1/namespaces/{namespace}/configmaps"),
            json!({"kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}}),
        ),
    ];
    for (path, mut object) in objects {
        object["apiVersion"] = json!("v1");
        // Without owners: they would tell who made it, this or a controller.
        object["metadata"]["managedFields"] = json!([{}]);
        let request = Request::post(&path).header("content-type", "application/json");
        let answer = server.send(request.body(object.to_string().into()).expect("the request is well formed")).await;
        assert!(matches!(answer.status, 201 | 409), "{}", String::from_utf8_lossy(&answer.body));
        if object["kind"] != "Namespace" {
            let path = format!("{path}/{}", object["metadata"]["name"].as_str().unwrap_or_default());
            let request = Request::put(path).header("content-type", "application/json");
            let answer =
                server.send(request.body(object.to_string().into()).expect("the request is well formed")).await;
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        }
    }
}

async fn send(server: &impl Server, step: &Step, variables: &Variables) -> Answer {
    for attempt in 1.. {
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, server.send(request(step, variables))).await;
        let answer = answer.unwrap_or_else(|_| panic!("{}: no answer", step.title()));
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let whole = json!({"code": answer.status, "body": body});
        if step.until.iter().all(|(pointer, value)| whole.pointer(pointer) == Some(value)) {
            return answer;
        }
        assert!(attempt < MAX_ATTEMPTS, "{}: never {:?}, at last {whole}", step.title(), step.until);
        tokio::time::sleep(PAUSE_BETWEEN_ATTEMPTS).await;
    }
    unreachable!("the loop ends by an answer or an assertion")
}

fn request(step: &Step, variables: &Variables) -> Request<Bytes> {
    let path = escape(&substitute(&full_path(&step.path), variables));
    let (method, path) = match step.method.as_str() {
        "WATCH" => ("GET", format!("{path}{}watch=true", if path.contains('?') { '&' } else { '?' })),
        method => (method, path),
    };
    let mut request = Request::builder().method(method).uri(&path);
    let body: Bytes = match &step.body {
        Body::Empty => Bytes::new(),
        Body::Json(value) => substitute(&value.to_string(), variables).into(),
        Body::Text(text) => substitute(text, variables).into(),
        Body::Base64(text) => base64::engine::general_purpose::STANDARD
            .decode(text.split_whitespace().collect::<String>())
            .expect("the case holds base64")
            .into(),
        Body::File(path) => {
            let text = std::fs::read_to_string(super::directory().join("../../../..").join(path));
            let text = text.unwrap_or_else(|e| panic!("{path}: {e}"));
            let value: Value = serde_saphyr::from_str(&text).expect("the file is YAML");
            value.to_string().into()
        }
    };
    let content_type = step.content_type.as_deref().map(content_type);
    let content_type = content_type.or_else(|| (!body.is_empty()).then_some("application/json"));
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    request = request.header("accept", step.accept.as_deref().map_or("application/json", accept));
    if !step.headers.contains_key("user-agent") {
        request = request.header("user-agent", USER_AGENT);
    }
    if let Some(user) = &step.user {
        request = request.header("impersonate-user", substitute(user, variables));
    }
    for (name, value) in &step.headers {
        request = request.header(name, substitute(value, variables));
    }
    request.body(body).unwrap_or_else(|e| panic!("{}: {e}", step.title()))
}

/// `v1:pods/a` → `/api/v1/namespaces/${ns}/pods/a`; a path with a leading slash is complete.
fn full_path(path: &str) -> String {
    match path.split_once(':') {
        Some((version, rest)) if !path.starts_with('/') => {
            let root = if version.contains('/') { "apis" } else { "api" };
            format!("/{root}/{version}/namespaces/${{ns}}/{rest}")
        }
        _ => path.to_owned(),
    }
}

fn content_type(short: &str) -> &str {
    match short {
        "json" => "application/json-patch+json",
        "merge" => "application/merge-patch+json",
        "strategic" => "application/strategic-merge-patch+json",
        "apply" => "application/apply-patch+yaml",
        "yaml" => "application/yaml",
        "protobuf" => "application/vnd.kubernetes.protobuf",
        full => full,
    }
}

fn accept(short: &str) -> &str {
    match short {
        "table" => {
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
        }
        "metadata" => "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json",
        "metadata-list" => "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
        "discovery" => "application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList",
        full => full,
    }
}

fn substitute(text: &str, variables: &Variables) -> String {
    let mut out = text.to_owned();
    for (name, value) in variables {
        out = out.replace(&format!("${{{name}}}"), value);
    }
    out
}

fn escape(path: &str) -> String {
    path.chars().fold(String::new(), |mut out, c| {
        match c {
            ' ' | '"' | '<' | '>' | '^' | '`' | '{' | '}' | '|' | '\\' => {
                out.push_str(&format!("%{:02X}", u32::from(c)))
            }
            c => out.push(c),
        }
        out
    })
}

//! The objects of a file.

use crate::finding::{Finding, Findings};
use crate::rules;
use crate::strict::{self, MisfitKind, Shape};
use crate::yaml::{self, Content, Node, Position};
use crate::{File, ObjectId, Settings};
use rollouts_api::field::Path;
use serde_json::Value;

/// Lists within lists: nobody writes even one.
const LIST_DEPTH_MAX: usize = 4;

/// An object.
#[derive(Debug)]
pub(crate) struct Object {
    /// The file's name.
    pub file: String,
    /// What it is called.
    pub id: ObjectId,
    /// Where it begins.
    pub at: Position,
    /// As it is written.
    pub node: Node,
    /// As it is decoded.
    pub value: Value,
    /// Whether it could be decoded; if not, what could not be is missing from [`Self::value`], and told.
    pub is_sound: bool,
}

impl Object {
    /// Its group.
    pub fn group(&self) -> &str {
        self.id.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Its kind, if it is one of Argo Rollouts'.
    pub fn custom_kind(&self) -> Option<&str> {
        (self.id.api_version == rollouts_api::names::API_VERSION).then_some(self.id.kind.as_str())
    }
}

/// Reads the objects of `file`. Documents that are empty, or no objects of Kubernetes, are passed over.
pub(crate) fn read(file: &File, settings: &Settings, objects: &mut Vec<Object>, findings: &mut Findings) {
    for document in yaml::documents(&file.text) {
        let id = document.root.as_ref().map(|root| id(root, settings));
        for problem in &document.problems {
            let is_template = file.text.contains("{{");
            let hint = match problem.is_repeated_key || !is_template {
                true => "",
                false => " (is this the template of a chart? Check what `helm template` prints)",
            };
            findings.push(Finding {
                rule: if problem.is_repeated_key { &rules::DUPLICATE_KEY } else { &rules::YAML },
                file: file.name.clone(),
                at: problem.at,
                object: id.clone(),
                field: String::new(),
                message: format!("{}{hint}", problem.message),
                source: None,
                undecodable: Some(problem.go_text()),
            });
        }
        if let Some(root) = document.root {
            add(file, root, settings, 0, objects, findings);
        }
    }
}

fn add(file: &File, node: Node, settings: &Settings, depth: usize, objects: &mut Vec<Object>, findings: &mut Findings) {
    if !matches!(node.content, Content::Map(_)) {
        let go_text = format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type \
             map[string]interface {{}}",
            node.json_kind()
        );
        findings.push(Finding {
            rule: &rules::NOT_A_MAPPING,
            file: file.name.clone(),
            at: node.at,
            object: None,
            field: String::new(),
            message: "a document that is no mapping is no object".into(),
            source: None,
            undecodable: Some(go_text),
        });
        return;
    }
    let id = id(&node, settings);
    if id.api_version == "v1" && id.kind == "List" && depth < LIST_DEPTH_MAX {
        let items = node.get("items").map(Node::items).unwrap_or_default().to_vec();
        items.into_iter().for_each(|item| add(file, item, settings, depth + 1, objects, findings));
        return;
    }
    let Some(shape) = shape(&id) else {
        let value = node.to_json();
        let group = id.api_version.split('/').next().unwrap_or_default();
        if matches!(group, "" | "argoproj.io") && Shape::of_custom(&id.kind).is_some() {
            let at = node.entry("apiVersion").map_or(node.at, |entry| entry.at);
            findings.push(Finding {
                rule: &rules::UNKNOWN_VERSION,
                file: file.name.clone(),
                at,
                object: Some(id.clone()),
                field: "apiVersion".into(),
                message: format!("a {} is served as {} alone", id.kind, rollouts_api::names::API_VERSION),
                source: None,
                undecodable: None,
            });
        }
        objects.push(Object { file: file.name.clone(), id, at: node.at, node, value, is_sound: true });
        return;
    };
    let decoded = strict::decode(&node, shape);
    let is_sound = decoded.misfits.iter().all(|m| m.kind == MisfitKind::NotQuoted);
    let object = Object { file: file.name.clone(), id, at: node.at, node, value: decoded.value, is_sound };
    let mut found = findings.about(&object);
    for misfit in decoded.misfits {
        let rule = match misfit.kind {
            MisfitKind::UnknownField => &rules::UNKNOWN_FIELD,
            MisfitKind::WrongType => &rules::WRONG_TYPE,
            MisfitKind::NotQuoted => &rules::TEXT_NOT_QUOTED,
        };
        let undecodable = (misfit.kind != MisfitKind::NotQuoted)
            .then(|| format!("error unmarshaling JSON: while decoding JSON: {}", misfit.go_text));
        let field = if misfit.path == Path::default() { "" } else { misfit.path.as_str() };
        found.add_at(rule, misfit.at, field, misfit.message, undecodable);
    }
    objects.push(object);
}

/// What of the kinds that matter here is decoded strictly, as it is by Argo Rollouts.
fn shape(id: &ObjectId) -> Option<Shape> {
    let kind = id.kind.as_str();
    match id.api_version.as_str() {
        rollouts_api::names::API_VERSION => Shape::of_custom(kind),
        "v1" if kind == "Service" => Shape::of_built_in("", "v1", kind),
        "networking.k8s.io/v1" if kind == "Ingress" => Shape::of_built_in("networking.k8s.io", "v1", kind),
        _ => None,
    }
}

fn id(node: &Node, settings: &Settings) -> ObjectId {
    let text = |node: Option<&Node>| node.and_then(Node::text).unwrap_or_default().to_string();
    let metadata = node.get("metadata");
    let kind = text(node.get("kind"));
    let namespace = match text(metadata.and_then(|m| m.get("namespace"))) {
        _ if kind == "ClusterAnalysisTemplate" => String::new(),
        namespace if namespace.is_empty() => settings.namespace.clone(),
        namespace => namespace,
    };
    let name = match text(metadata.and_then(|m| m.get("name"))) {
        name if name.is_empty() => text(metadata.and_then(|m| m.get("generateName"))),
        name => name,
    };
    ObjectId { api_version: text(node.get("apiVersion")), kind, namespace, name }
}

//! Paths and operations of a resource, for both versions of OpenAPI.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::definitions::{DELETE_OPTIONS, PATCH, STATUS};

/// A resource to describe.
pub(super) struct Served {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
    pub(super) verbs: BTreeSet<String>,
    pub(super) definition: Option<String>,
    pub(super) list_definition: Option<String>,
    /// Takes strategic merge patches.
    pub(super) strategic: bool,
    pub(super) subresources: Vec<ServedSubresource>,
}

pub(super) struct ServedSubresource {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) verbs: BTreeSet<String>,
    pub(super) definition: Option<String>,
}

impl Served {
    /// All definitions the paths refer to.
    pub(super) fn definitions(&self) -> Vec<String> {
        let own = [&self.definition, &self.list_definition].into_iter().flatten().cloned();
        own.chain(self.subresources.iter().filter_map(|sub| sub.definition.clone())).collect()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Flavour {
    V2,
    V3,
}

pub(super) fn add_v3(paths: &mut Value, served: &Served) {
    add(paths, served, Flavour::V3);
}

pub(super) fn add_v2(paths: &mut Value, served: &Served) {
    add(paths, served, Flavour::V2);
}

/// One operation to describe.
struct Operation<'a> {
    method: &'a str,
    /// `x-kubernetes-action`
    action: &'a str,
    gvk: Value,
    /// `patchAppsV1NamespacedDeployment`
    id: String,
    definition: Option<&'a str>,
    strategic: bool,
}

fn add(paths: &mut Value, served: &Served, flavour: Flavour) {
    let Some(paths) = paths.as_object_mut() else { return };
    let prefix = format!("/{}", super::group_version_key(&served.group, &served.version));
    let gvk = json!({"group": served.group, "kind": served.kind, "version": served.version});
    let base = if served.namespaced {
        format!("{prefix}/namespaces/{{namespace}}/{}", served.plural)
    } else {
        format!("{prefix}/{}", served.plural)
    };
    let scope = if served.namespaced { "Namespaced" } else { "" };
    let id = |verb: &str, scope: &str, suffix: &str| {
        format!("{verb}{}{scope}{}{suffix}", camel(&served.group, &served.version), served.kind)
    };
    let has = |verb: &str| served.verbs.contains(verb);
    let object = served.definition.as_deref();
    let list = served.list_definition.as_deref();
    let operation = |method, action, id, definition| Operation {
        method,
        action,
        gvk: gvk.clone(),
        id,
        definition,
        strategic: served.strategic,
    };

    let mut collection = Vec::new();
    if has("list") {
        collection.push(operation("get", "list", id("list", scope, ""), list));
    }
    if has("create") {
        collection.push(operation("post", "post", id("create", scope, ""), object));
    }
    if has("deletecollection") {
        collection.push(operation(
            "delete",
            "deletecollection",
            id("delete", &format!("Collection{scope}"), ""),
            Some(STATUS),
        ));
    }
    insert(paths, &base, &collection, served.namespaced, None, flavour);
    if served.namespaced && has("list") {
        let all = [operation("get", "list", id("list", "", "ForAllNamespaces"), list)];
        insert(paths, &format!("{prefix}/{}", served.plural), &all, false, None, flavour);
    }

    let single = single_operations(&served.verbs, &gvk, object, served.strategic, &|verb| id(verb, scope, ""));
    insert(paths, &format!("{base}/{{name}}"), &single, served.namespaced, Some(&served.kind), flavour);
    for sub in &served.subresources {
        let gvk = json!({"group": sub.group, "kind": sub.kind, "version": sub.version});
        let mut suffix = sub.name.clone();
        if let Some(first) = suffix.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        let operations = single_operations(&sub.verbs, &gvk, sub.definition.as_deref(), served.strategic, &|verb| {
            id(verb, scope, &suffix)
        });
        let path = format!("{base}/{{name}}/{}", sub.name);
        insert(paths, &path, &operations, served.namespaced, Some(&sub.kind), flavour);
    }
}

fn single_operations<'a>(
    verbs: &BTreeSet<String>,
    gvk: &Value,
    definition: Option<&'a str>,
    strategic: bool,
    id: &dyn Fn(&str) -> String,
) -> Vec<Operation<'a>> {
    let all = [
        ("get", "get", "get", "read"),
        ("create", "post", "post", "create"),
        ("update", "put", "put", "replace"),
        ("patch", "patch", "patch", "patch"),
        ("delete", "delete", "delete", "delete"),
    ];
    // On the object itself `create` belongs to the collection; a subresource without `get` (such as eviction) is
    // created.
    let creates_here = !verbs.contains("get");
    all.into_iter()
        .filter(|(verb, ..)| verbs.contains(*verb) && (*verb != "create" || creates_here))
        .map(|(_, method, action, name)| Operation {
            method,
            action,
            gvk: gvk.clone(),
            id: id(name),
            definition,
            strategic,
        })
        .collect()
}

fn insert(
    paths: &mut Map<String, Value>,
    path: &str,
    operations: &[Operation<'_>],
    namespaced: bool,
    named: Option<&str>,
    flavour: Flavour,
) {
    if operations.is_empty() {
        return;
    }
    let mut parameters = Vec::new();
    if let Some(kind) = named {
        parameters.push(parameter("name", "path", "string", &format!("name of the {kind}"), flavour));
    }
    if namespaced {
        let about = "object name and auth scope, such as for teams and projects";
        parameters.push(parameter("namespace", "path", "string", about, flavour));
    }
    parameters.push(parameter("pretty", "query", "string", "If 'true', then the output is pretty printed.", flavour));
    let mut item = json!({"parameters": parameters});
    for operation in operations {
        item[operation.method] = describe(operation, flavour);
    }
    paths.insert(path.to_owned(), item);
}

fn describe(operation: &Operation<'_>, flavour: Flavour) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "responses": responses(operation, flavour),
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": operation.gvk,
    });
    let mut parameters: Vec<Value> =
        query_parameters(operation.action).iter().map(|(n, t, a)| parameter(n, "query", t, a, flavour)).collect();
    let body = match operation.action {
        "patch" => Some(PATCH),
        "post" | "put" => operation.definition,
        "delete" | "deletecollection" => Some(DELETE_OPTIONS),
        _ => None,
    };
    if let Some(body) = body {
        let types = body_types(operation);
        if flavour == Flavour::V3 {
            let schema = json!({"schema": reference(body, flavour)});
            let content: Map<String, Value> = types.iter().map(|kind| ((*kind).to_owned(), schema.clone())).collect();
            described["requestBody"] = json!({"content": content, "required": operation.action != "delete"});
        } else {
            parameters
                .push(json!({"in": "body", "name": "body", "required": true, "schema": reference(body, flavour)}));
            described["consumes"] = json!(types);
        }
    }
    if flavour == Flavour::V2 {
        described["produces"] = json!(["application/json"]);
        described["schemes"] = json!(["https"]);
    }
    if !parameters.is_empty() {
        described["parameters"] = Value::Array(parameters);
    }
    described
}

fn body_types(operation: &Operation<'_>) -> Vec<&'static str> {
    if operation.action != "patch" {
        return vec!["*/*"];
    }
    let mut types = vec!["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
    if operation.strategic {
        types.push("application/strategic-merge-patch+json");
    }
    types
}

fn responses(operation: &Operation<'_>, flavour: Flavour) -> Value {
    let Some(definition) = operation.definition else { return json!({"200": {"description": "OK"}}) };
    let schema = reference(definition, flavour);
    match flavour {
        Flavour::V2 => json!({"200": {"description": "OK", "schema": schema}}),
        Flavour::V3 => {
            json!({"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}})
        }
    }
}

fn reference(name: &str, flavour: Flavour) -> Value {
    let root = if flavour == Flavour::V3 { "#/components/schemas" } else { "#/definitions" };
    json!({"$ref": format!("{root}/{name}")})
}

fn parameter(name: &str, place: &str, kind: &str, about: &str, flavour: Flavour) -> Value {
    let mut parameter = json!({"description": about, "in": place, "name": name});
    if flavour == Flavour::V3 {
        parameter["schema"] = json!({"type": kind, "uniqueItems": true});
    } else {
        parameter["type"] = json!(kind);
        parameter["uniqueItems"] = json!(true);
    }
    if place == "path" {
        parameter["required"] = json!(true);
    }
    parameter
}

type Parameter = (&'static str, &'static str, &'static str);

const DRY_RUN: Parameter = (
    "dryRun",
    "string",
    "When present, indicates that modifications should not be persisted. Valid values are: - All: all dry run stages will be processed",
);
const FIELD_MANAGER: Parameter = (
    "fieldManager",
    "string",
    "fieldManager is a name associated with the actor or entity that is making these changes.",
);
const FIELD_VALIDATION: Parameter = (
    "fieldValidation",
    "string",
    "fieldValidation instructs the server on how to handle objects in the request (POST/PUT/PATCH) containing unknown or duplicate fields. Valid values are: Ignore, Warn, Strict.",
);
const FORCE: Parameter = (
    "force",
    "boolean",
    "Force is going to \"force\" Apply requests. It means user will re-acquire conflicting fields owned by other people.",
);

fn query_parameters(action: &str) -> &'static [Parameter] {
    match action {
        "post" | "put" => &[DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION],
        "patch" => &[DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION, FORCE],
        "delete" => &[
            DRY_RUN,
            ("gracePeriodSeconds", "integer", "The duration in seconds before the object should be deleted."),
            ("propagationPolicy", "string", "Whether and how garbage collection will be performed."),
        ],
        "list" | "deletecollection" => &[
            ("continue", "string", "Where to continue a list that came in parts."),
            ("fieldSelector", "string", "A selector to restrict the list of returned objects by their fields."),
            ("labelSelector", "string", "A selector to restrict the list of returned objects by their labels."),
            ("limit", "integer", "The maximum number of responses to return for a list call."),
            ("resourceVersion", "string", "What resource versions a request may be served from."),
            ("watch", "boolean", "Watch for changes to the described resources."),
        ],
        _ => &[],
    }
}

/// `apps`, `v1` → `AppsV1`; the core group is `Core`; of a domain only the first part counts.
fn camel(group: &str, version: &str) -> String {
    let first = group.split('.').next().filter(|part| !part.is_empty()).unwrap_or("core");
    let capital = |text: &str| {
        let mut text = text.to_owned();
        if let Some(first) = text.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        text
    };
    format!("{}{}", capital(first), capital(version))
}

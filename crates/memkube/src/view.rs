//! Objects in the shape a client asked for: plain, as table rows, or metadata alone.

use crate::builtin;
use crate::convert::from_storage;
use crate::errors::{ApiError, Result};
use crate::meta;
use crate::negotiate::{Format, Shape};
use crate::reply::{Content, Reply};
use crate::request::Request;
use crate::resource::Resource;
use crate::state::State;
use crate::store::to_json;
use crate::table::{Column, Table};
use crate::watch::Render;
use bytes::Bytes;
use jiff::Timestamp;
use rollouts_schema::table as cells;
use serde_json::{Map, Value, json};

/// How much of an object a table row carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Include {
    None,
    Metadata,
    Object,
}

fn include(request: &Request) -> Include {
    match request.query.get("includeObject") {
        Some("None") => Include::None,
        Some("Object") => Include::Object,
        _ => Include::Metadata,
    }
}

fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

fn custom_table(resource: &Resource, objects: &[&Value], now: Timestamp) -> Table {
    let mut columns = vec![Column {
        name: "Name".into(),
        column_type: "string".into(),
        format: "name".into(),
        description: NAME_DESCRIPTION.into(),
        priority: 0,
    }];
    let printer = resource.crd_version().map(|v| v.printer_columns.as_slice()).unwrap_or_default();
    columns.extend(printer.iter().map(|c| Column {
        name: c.name.clone(),
        column_type: c.column_type.clone(),
        format: c.format.clone(),
        description: if c.description.is_empty() {
            format!("Custom resource definition column (in JSONPath format): {}", c.json_path.source())
        } else {
            c.description.clone()
        },
        priority: i32::try_from(c.priority).unwrap_or(i32::MAX),
    }));
    let rows = objects.iter().map(|o| {
        let mut row = vec![json!(meta::name(o))];
        row.extend(printer.iter().map(|c| cells::cell(&c.json_path, &c.column_type, o, now)));
        row
    });
    Table { rows: rows.collect(), columns }
}

const NAME_DESCRIPTION: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

const CREATED_DESCRIPTION: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// Kinds without columns of their own show name and creation time.
fn default_table(objects: &[&Value]) -> Table {
    let column = |name: &str, column_type: &str, format: &str, description: &str| Column {
        name: name.into(),
        column_type: column_type.into(),
        format: format.into(),
        description: description.into(),
        priority: 0,
    };
    Table {
        columns: vec![
            column("Name", "string", "name", NAME_DESCRIPTION),
            column("Created At", "date", "", CREATED_DESCRIPTION),
        ],
        rows: objects.iter().map(|o| vec![json!(meta::name(o)), o["metadata"]["creationTimestamp"].clone()]).collect(),
    }
}

fn table(resource: &Resource, objects: &[&Value], now: Timestamp) -> Table {
    if resource.is_custom() {
        return custom_table(resource, objects, now);
    }
    builtin::table(&resource.group, &resource.kind, objects, now).unwrap_or_else(|| default_table(objects))
}

fn table_value(resource: &Resource, objects: &[&Value], include: Include, now: Timestamp, columns: bool) -> Value {
    let table = table(resource, objects, now);
    let definitions: Vec<Value> = table
        .columns
        .iter()
        .filter(|_| columns)
        .map(|c| {
            json!({"name": c.name, "type": c.column_type, "format": c.format, "description": c.description,
                "priority": c.priority})
        })
        .collect();
    let rows: Vec<Value> = table
        .rows
        .into_iter()
        .zip(objects)
        .map(|(cells, object)| {
            let shown = match include {
                Include::None => Value::Null,
                Include::Metadata => partial(object),
                Include::Object => from_storage(resource, object).into_owned(),
            };
            json!({"cells": cells, "object": shown})
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {},
        "columnDefinitions": definitions, "rows": rows,
    })
}

/// How a watch prints objects; `None` sends the stored bytes.
pub fn watch_render(state: &State, request: &Request, resource: &std::sync::Arc<Resource>, format: Format) -> Render {
    let resource = resource.clone();
    match format.shape {
        Shape::Plain if !resource.needs_conversion() => None,
        Shape::Plain => Some(Box::new(move |o| from_storage(&resource, o).into_owned())),
        Shape::Metadata | Shape::MetadataList => Some(Box::new(partial)),
        Shape::Table => {
            let (clock, include) = (state.config.clock.clone(), include(request));
            let mut first = true;
            Some(Box::new(move |o| {
                // Only the first table of a watch carries its columns.
                let columns = std::mem::take(&mut first);
                let mut table = table_value(&resource, &[o], include, clock.now(), columns);
                table["metadata"]["resourceVersion"] = o["metadata"]["resourceVersion"].clone();
                if !columns {
                    table["columnDefinitions"] = Value::Null;
                }
                table
            }))
        }
    }
}

/// Checks that what was asked for fits what there is: metadata of a list for a list, of an object for an object.
///
/// # Errors
/// 400 or 406.
pub fn check_shape(reply: &Reply, request: &Request, format: Format) -> Result<()> {
    let (resource, list) = match &reply.content {
        Content::Object { resource, .. } => (resource, false),
        Content::List { resource, .. } => (resource, true),
        _ => return Ok(()),
    };
    let go_type = || {
        let group = resource.group.split('.').next().filter(|g| !g.is_empty()).unwrap_or("core");
        match (resource.is_custom(), list) {
            (true, false) => "*unstructured.Unstructured".to_owned(),
            (true, true) => "*unstructured.UnstructuredList".to_owned(),
            (false, false) => format!("*{group}.{}", resource.kind),
            (false, true) => format!("*{group}.{}", resource.list_kind),
        }
    };
    match (format.shape, list) {
        (Shape::Metadata, true) => {
            let why =
                format!("you requested PartialObjectMetadata, but the requested object is a list ({})", go_type());
            Err(ApiError::not_acceptable(why))
        }
        (Shape::MetadataList, false) => {
            let why = format!(
                "you requested PartialObjectMetadataList, but the requested object is not a list ({})",
                go_type()
            );
            Err(ApiError::not_acceptable(why))
        }
        (Shape::Table, _) => match request.query.get("includeObject") {
            None | Some("None" | "Metadata" | "Object") => Ok(()),
            Some(other) => Err(ApiError::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: must be 'Metadata', \
                 'Object', 'None', or empty"
            ))),
        },
        _ => Ok(()),
    }
}

/// A body in one piece.
pub struct Page {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The bytes.
    pub bytes: Bytes,
}

/// Prints everything but a watch.
pub fn print(reply: &Reply, request: &Request, format: Format, now: Timestamp) -> Page {
    let bytes = match &reply.content {
        Content::Bytes { content_type, bytes, .. } => return Page { content_type, bytes: bytes.clone() },
        Content::Watch(_) => Bytes::new(),
        Content::Json(value) => to_json(value),
        Content::Object { object, resource } => match format.shape {
            Shape::Plain if !resource.needs_conversion() => object.json().clone(),
            Shape::Plain => to_json(&from_storage(resource, &object.value)),
            Shape::Metadata | Shape::MetadataList => to_json(&partial(&object.value)),
            Shape::Table => {
                let mut table = table_value(resource, &[&object.value], include(request), now, true);
                table["metadata"] = json!({"resourceVersion": object.rv.to_string()});
                to_json(&table)
            }
        },
        Content::List { items, resource, rv, next, remaining } => {
            let mut metadata = Map::new();
            metadata.insert("resourceVersion".into(), json!(rv.to_string()));
            if !next.is_empty() {
                metadata.insert("continue".into(), json!(next));
            }
            if let Some(remaining) = remaining {
                metadata.insert("remainingItemCount".into(), json!(remaining));
            }
            let values: Vec<&Value> = items.iter().map(|o| &o.value).collect();
            match format.shape {
                Shape::Table => {
                    let mut table = table_value(resource, &values, include(request), now, true);
                    table["metadata"] = Value::Object(metadata);
                    to_json(&table)
                }
                Shape::Metadata | Shape::MetadataList => {
                    let items: Vec<Value> = values.into_iter().map(partial).collect();
                    to_json(&json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                        "metadata": metadata, "items": items}))
                }
                Shape::Plain => {
                    // Built-in objects say their kind only outside of lists.
                    let converted: Vec<Bytes> = if resource.is_custom() {
                        items.iter().map(|o| o.json().clone()).collect()
                    } else {
                        values.into_iter().map(|v| without_type(&from_storage(resource, v))).collect()
                    };
                    if resource.is_custom() {
                        metadata.entry("continue").or_insert_with(|| json!(""));
                    }
                    join_list(resource, &Value::Object(metadata), &converted)
                }
            }
        }
    };
    if request.query.flag("pretty") || format.yaml {
        return restyle(bytes, format.yaml);
    }
    Page { content_type: "application/json", bytes }
}

/// An object as JSON, without `apiVersion` and `kind`.
fn without_type(object: &Value) -> Bytes {
    let mut out = vec![b'{'];
    let fields = object.as_object().into_iter().flatten().filter(|(k, _)| *k != "apiVersion" && *k != "kind");
    for (i, (key, value)) in fields.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&to_json(&json!(key)));
        out.push(b':');
        out.extend_from_slice(&to_json(value));
    }
    out.push(b'}');
    Bytes::from(out)
}

/// Puts serialized items into a list without parsing them again.
fn join_list(resource: &Resource, metadata: &Value, items: &[Bytes]) -> Bytes {
    let head = json!({"kind": resource.list_kind, "apiVersion": resource.api_version(), "metadata": metadata});
    let mut out = to_json(&head).to_vec();
    out.reserve(items.iter().map(|i| i.len() + 1).sum::<usize>() + 16);
    out.pop();
    out.extend_from_slice(b",\"items\":[");
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.extend_from_slice(b"]}");
    Bytes::from(out)
}

fn restyle(bytes: Bytes, yaml: bool) -> Page {
    let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
        return Page { content_type: "application/json", bytes };
    };
    if yaml && let Ok(text) = serde_saphyr::to_string(&value) {
        return Page { content_type: "application/yaml", bytes: Bytes::from(text) };
    }
    let text = serde_json::to_vec_pretty(&value).map_or(bytes, Bytes::from);
    Page { content_type: "application/json", bytes: text }
}

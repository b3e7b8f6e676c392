//! Go's `encoding/json` for `toJSON` and `fromJSON`.

use crate::error::{Error, Result, fail};
use crate::eval::value::{Key, List, ListKind, Map, MapKind, Val};
use rollouts_api::go_json;
use std::sync::Arc;

/// `json.MarshalIndent(val, "", "  ")`, of at most about `limit` bytes.
pub fn indented(val: &Val, limit: usize) -> Result<String> {
    let mut out = String::new();
    write(&mut out, val, 0, limit)?;
    Ok(out)
}

fn write(out: &mut String, val: &Val, level: usize, limit: usize) -> Result<()> {
    if out.len() >= limit {
        return fail!("memory budget exceeded");
    }
    match val {
        Val::Nil => out.push_str("null"),
        Val::Bool(b) => out.push_str(&b.to_string()),
        Val::Int(_, n) => out.push_str(&n.to_string()),
        Val::Float(f) if f.is_finite() => out.push_str(&go_json::float(*f)),
        Val::Float(f) => return fail!("json: unsupported value: {}", super::print::float(*f)),
        Val::Text(text) => go_json::escape(text, out),
        Val::List(list) if list.kind == ListKind::Bytes => {
            let bytes: Vec<u8> = list.items().iter().map(byte).collect();
            out.push('"');
            out.push_str(&base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes));
            out.push('"');
        }
        Val::List(list) => {
            block(out, '[', ']', list.items(), level, |out, item| write(out, item, level + 1, limit))?;
        }
        Val::Map(map) if map.kind == MapKind::Texts => {
            block(out, '{', '}', map.entries(), level, |out, (key, value)| {
                if let Key::Text(text) = key {
                    go_json::escape(text, out);
                }
                out.push_str(": ");
                write(out, value, level + 1, limit)
            })?;
        }
        Val::Struct(one) => {
            let fields = one.of.fields.iter().map(|(name, _)| *name).zip(&one.fields);
            block(out, '{', '}', fields, level, |out, (name, value)| {
                go_json::escape(name, out);
                out.push_str(": ");
                write(out, value, level + 1, limit)
            })?;
        }
        Val::Time(time) => {
            go_json::escape(&super::layout::format(time, "2006-01-02T15:04:05.999999999Z07:00"), out);
        }
        Val::Duration(duration) => out.push_str(&duration.nanos().to_string()),
        Val::Location(_) => out.push_str("{}"),
        Val::Map(_) | Val::Function(_) => return fail!("json: unsupported type: {}", val.type_name()),
    }
    Ok(())
}

fn block<T>(
    out: &mut String,
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    level: usize,
    one: impl Fn(&mut String, T) -> Result<()>,
) -> Result<()> {
    let line = |out: &mut String, level: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    };
    out.push(open);
    let mut empty = true;
    for item in items {
        if !empty {
            out.push(',');
        }
        empty = false;
        line(out, level + 1);
        one(out, item)?;
    }
    if !empty {
        line(out, level);
    }
    out.push(close);
    Ok(())
}

fn byte(val: &Val) -> u8 {
    match val {
        Val::Int(_, n) => u8::try_from(*n).unwrap_or_default(),
        _ => 0,
    }
}

/// `json.Unmarshal(text)` into anything: numbers become floats.
pub fn parse(text: &str) -> Result<Val> {
    match serde_json::from_str(text) {
        Ok(json) => Ok(val(json)),
        Err(why) => Err(complaint(text, &why)),
    }
}

fn val(json: serde_json::Value) -> Val {
    match json {
        serde_json::Value::Null => Val::Nil,
        serde_json::Value::Bool(b) => Val::Bool(b),
        serde_json::Value::Number(n) => Val::Float(n.as_f64().unwrap_or(f64::INFINITY)),
        serde_json::Value::String(text) => Val::Text(Arc::from(text)),
        serde_json::Value::Array(items) => Val::List(List::flat(ListKind::Any, items.into_iter().map(val).collect())),
        serde_json::Value::Object(map) => {
            let entries = map.into_iter().map(|(key, value)| (Key::Text(Arc::from(key)), val(value)));
            Val::Map(Map::new(MapKind::Texts, entries.collect()))
        }
    }
}

/// What Go says of a text that is no JSON, from where `serde_json` stopped.
fn complaint(text: &str, why: &serde_json::Error) -> Error {
    if why.is_eof() {
        return Error::new("unexpected end of JSON input");
    }
    let line = text.split('\n').nth(why.line().saturating_sub(1)).unwrap_or_default();
    let at = why.column().saturating_sub(1).min(line.len());
    let found = line.get(at..).and_then(|rest| rest.chars().next()).unwrap_or('\n');
    let shown = match found {
        '\'' => r"'\''".to_owned(),
        '"' => r#"'"'"#.to_owned(),
        c => format!("'{}'", rollouts_api::field::quote(&c.to_string()).trim_matches('"')),
    };
    let said = why.to_string();
    let about = if said.starts_with("trailing characters") {
        "after top-level value".to_owned()
    } else if said.starts_with("expected `,` or `]`") {
        "after array element".to_owned()
    } else if said.starts_with("expected `,` or `}`") {
        "after object key:value pair".to_owned()
    } else if said.starts_with("expected `:`") {
        "after object key".to_owned()
    } else if said.starts_with("key must be a string") || (said.starts_with("trailing comma") && found == '}') {
        "looking for beginning of object key string".to_owned()
    } else if said.starts_with("recursion limit") {
        return Error::new("exceeded max depth");
    } else {
        "looking for beginning of value".to_owned()
    };
    Error::new(format!("invalid character {shown} {about}"))
}

//! Reading `application/vnd.kubernetes.protobuf` bodies, which kubectl sends for built-in kinds. Answers are JSON:
//! those clients accept it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Made by `gen/protobuf_fields.go`, which says what the columns mean.
const FIELDS: &str = include_str!("../data/protobuf.txt");
const MAGIC: &[u8] = b"k8s\0";

struct Field {
    name: &'static str,
    /// The zero value means something.
    keep_zero: bool,
    inline: bool,
    kind: &'static str,
}

#[derive(Default)]
struct Table {
    kinds: BTreeMap<String, &'static str>,
    messages: BTreeMap<&'static str, BTreeMap<u64, Field>>,
}

fn field(text: &'static str) -> Option<(u64, Field)> {
    let mut parts = text.splitn(3, ' ');
    let (number, name, kind) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    let keep_zero = kind.starts_with('*');
    let inline = kind.starts_with('^');
    Some((number, Field { name, keep_zero, inline, kind: kind.trim_start_matches(['*', '^']) }))
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table::default();
        for line in FIELDS.lines() {
            let mut columns = line.split('\t');
            match columns.next() {
                Some("kind") => {
                    let mut parts = columns.next().unwrap_or_default().split(' ');
                    let (gv, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                    let key = format!("{} {kind}", gv.trim_start_matches('/'));
                    table.kinds.insert(key, parts.next().unwrap_or_default());
                }
                Some(name) => {
                    table.messages.insert(name, columns.filter_map(field).collect());
                }
                None => {}
            }
        }
        table
    })
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtobufError {
    /// No `k8s` prefix.
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    Magic,
    /// Ends early, or a number is too long.
    #[error("unexpected EOF")]
    Truncated,
    /// Not one of the built-in kinds.
    #[error("no kind {0:?} is registered")]
    Kind(String),
    /// Nested deeper than any kind is.
    #[error("message nested too deeply")]
    Depth,
}

type Result<T> = std::result::Result<T, ProtobufError>;

/// One value on the wire.
enum Wire<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

impl<'b> Wire<'b> {
    fn bytes(&self) -> &'b [u8] {
        match self {
            Wire::Bytes(b) => b,
            Wire::Number(_) => &[],
        }
    }

    fn number(&self) -> u64 {
        match self {
            Wire::Number(n) => *n,
            Wire::Bytes(_) => 0,
        }
    }
}

struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, n: usize) -> Result<&'b [u8]> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(ProtobufError::Truncated)?;
        self.0 = tail;
        Ok(head)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ProtobufError::Truncated)
    }

    fn next(&mut self) -> Result<Option<(u64, Wire<'b>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let little = |b: &[u8]| b.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let wire = match key & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Number(little(self.take(8)?)),
            2 => {
                let n = usize::try_from(self.varint()?).map_err(|_| ProtobufError::Truncated)?;
                Wire::Bytes(self.take(n)?)
            }
            5 => Wire::Number(little(self.take(4)?)),
            _ => return Err(ProtobufError::Truncated),
        };
        Ok(Some((key >> 3, wire)))
    }
}

/// The fields of a small message by number; the last of each wins.
fn fields(bytes: &[u8]) -> Result<BTreeMap<u64, Wire<'_>>> {
    let mut reader = Reader(bytes);
    let mut all = BTreeMap::new();
    while let Some((number, wire)) = reader.next()? {
        all.insert(number, wire);
    }
    Ok(all)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Decodes a body: the object with its apiVersion and kind.
///
/// # Errors
/// Malformed bytes, or a kind that is not built in.
pub fn decode(body: &[u8]) -> Result<Value> {
    let envelope = fields(body.strip_prefix(MAGIC).ok_or(ProtobufError::Magic)?)?;
    let bytes = |n: u64| envelope.get(&n).map(Wire::bytes).unwrap_or_default();
    let names = fields(bytes(1))?;
    let name = |n: u64| names.get(&n).map(|w| text(w.bytes())).unwrap_or_default();
    let (api_version, kind) = (name(1), name(2));
    let key = format!("{api_version} {kind}");
    let kinds = &table().kinds;
    let message =
        kinds.get(&key).or_else(|| kinds.get(&format!("* {kind}"))).ok_or_else(|| ProtobufError::Kind(kind.clone()))?;
    let mut object = Map::new();
    message_into(message, bytes(2), &mut object, 0)?;
    object.insert("apiVersion".into(), json!(api_version));
    object.insert("kind".into(), json!(kind));
    Ok(Value::Object(object))
}

const MAX_DEPTH: usize = 64;

fn message_into(name: &str, bytes: &[u8], out: &mut Map<String, Value>, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(ProtobufError::Depth);
    }
    let known = table().messages.get(name);
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.next()? {
        let Some(field) = known.and_then(|m| m.get(&number)) else { continue };
        if field.inline {
            message_into(field.kind, wire.bytes(), out, depth + 1)?;
        } else if let Some(item) = field.kind.strip_prefix("[]") {
            let item = value(item, &wire, true, depth)?.unwrap_or(Value::Null);
            if let Some(list) = out.entry(field.name).or_insert_with(|| json!([])).as_array_mut() {
                list.push(item);
            }
        } else if let Some(kind) = field.kind.strip_prefix("{}") {
            let entry = fields(wire.bytes())?;
            let key = entry.get(&1).map(|w| text(w.bytes())).unwrap_or_default();
            let item = match entry.get(&2) {
                Some(w) => map_value(kind, w, depth)?,
                None => Value::String(String::new()),
            };
            if let Some(map) = out.entry(field.name).or_insert_with(|| json!({})).as_object_mut() {
                map.insert(key, item);
            }
        } else if let Some(v) = value(field.kind, &wire, field.keep_zero, depth)? {
            out.insert(field.name.to_owned(), v);
        }
    }
    Ok(())
}

fn map_value(kind: &str, wire: &Wire<'_>, depth: usize) -> Result<Value> {
    let Some(item) = kind.strip_prefix("items") else {
        return Ok(value(kind, wire, true, depth)?.unwrap_or(Value::Null));
    };
    let mut reader = Reader(wire.bytes());
    let mut items = Vec::new();
    while let Some((_, wire)) = reader.next()? {
        items.extend(value(item, &wire, true, depth)?);
    }
    Ok(Value::Array(items))
}

/// One value; `None` for a zero that means nothing.
fn value(kind: &str, wire: &Wire<'_>, keep_zero: bool, depth: usize) -> Result<Option<Value>> {
    let unless_zero = |zero: bool, v: Value| if zero && !keep_zero { None } else { Some(v) };
    Ok(match kind {
        "s" => unless_zero(wire.bytes().is_empty(), json!(text(wire.bytes()))),
        "i" => unless_zero(wire.number() == 0, json!(wire.number() as i64)),
        "b" => unless_zero(wire.number() == 0, json!(wire.number() != 0)),
        "f" => unless_zero(wire.number() == 0, json!(f64::from_bits(wire.number()))),
        "y" => unless_zero(wire.bytes().is_empty(), json!(STANDARD.encode(wire.bytes()))),
        "Time" | "MicroTime" => time(wire.bytes(), kind == "MicroTime")?,
        "Quantity" => Some(json!(text(fields(wire.bytes())?.get(&1).map(Wire::bytes).unwrap_or_default()))),
        "IntOrString" => {
            let parts = fields(wire.bytes())?;
            let number = |n: u64| parts.get(&n).map(Wire::number).unwrap_or(0);
            Some(if number(1) == 0 {
                json!(number(2) as i64)
            } else {
                json!(text(parts.get(&3).map(Wire::bytes).unwrap_or_default()))
            })
        }
        "RawExtension" | "FieldsV1" => {
            let parts = fields(wire.bytes())?;
            let raw = parts.get(&1).map(Wire::bytes).unwrap_or_default();
            serde_json::from_slice(raw).ok()
        }
        "Duration" => {
            let nanos = fields(wire.bytes())?.get(&1).map(Wire::number).unwrap_or(0);
            Some(json!(format!("{}s", nanos as i64 as f64 / 1e9)))
        }
        message => {
            let mut object = Map::new();
            message_into(message, wire.bytes(), &mut object, depth + 1)?;
            Some(Value::Object(object))
        }
    })
}

fn time(bytes: &[u8], micros: bool) -> Result<Option<Value>> {
    let parts = fields(bytes)?;
    let number = |n: u64| parts.get(&n).map(Wire::number).unwrap_or(0) as i64;
    let (seconds, nanos) = (number(1), i32::try_from(number(2)).unwrap_or(0));
    if seconds == 0 && nanos == 0 {
        return Ok(None);
    }
    let format = if micros { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    Ok(Timestamp::new(seconds, nanos).ok().map(|t| json!(t.strftime(format).to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        out.extend_from_slice(bytes);
        out
    }

    fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [chunk(1, api_version.as_bytes()), chunk(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), chunk(1, &meta), chunk(2, raw)].concat()
    }

    #[test]
    fn reads_a_config_map() {
        let meta = [chunk(1, b"x"), chunk(2, b"")].concat();
        let entry = [chunk(1, b"a"), chunk(2, b"b")].concat();
        let raw = [chunk(1, &meta), chunk(2, &entry)].concat();
        let want = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "b"}});
        assert_eq!(decode(&body("v1", "ConfigMap", &raw)), Ok(want));
    }

    #[test]
    fn keeps_zeros_that_mean_something() {
        // spec { replicas: 0, minReadySeconds: 0 }
        let raw = chunk(2, &[1 << 3, 0, 5 << 3, 0]);
        let deployment = decode(&body("apps/v1", "Deployment", &raw)).unwrap();
        assert_eq!(deployment["spec"], json!({"replicas": 0}));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert_eq!(decode(b"{}"), Err(ProtobufError::Magic));
        assert_eq!(decode(&body("a/v1", "X", b"")), Err(ProtobufError::Kind("X".into())));
        assert_eq!(decode(&body("v1", "Pod", &[0x0a, 9])), Err(ProtobufError::Truncated));
    }
}

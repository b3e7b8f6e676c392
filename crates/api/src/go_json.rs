//! What Go's `encoding/json` and `hash/fnv` do and names of ReplicaSets depend on.

pub mod semantic;
pub mod shape;
pub mod types;

use serde_json::Value;
use std::fmt::Write as _;

/// Writes `s` as a JSON string the way Go does: `<`, `>`, `&`, U+2028 and U+2029 escaped besides what JSON demands.
pub fn escape(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\u{0}'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", c as u32).expect("writing to a String cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Compact JSON as Go marshals a `map[string]any`: keys sorted, strings through [`escape`].
pub fn to_string(v: &Value) -> String {
    let mut out = String::new();
    write(v, &mut out);
    out
}

/// [`to_string`], appending to `out`.
pub fn write(v: &Value, out: &mut String) {
    match v {
        Value::String(s) => escape(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                escape(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// FNV-1a, 32 bits, of `bytes` and then of the collision count (8 bytes: the count little-endian, four zeros),
/// printed in decimal and spelled with letters that form no words (rollout.md §2.1).
pub fn fnv_safe_hash(bytes: &[u8], collision_count: Option<i32>) -> String {
    let mut sum = fnv1a(0x811c_9dc5, bytes);
    if let Some(count) = collision_count {
        sum = fnv1a(sum, &count.to_le_bytes());
        sum = fnv1a(sum, &[0; 4]);
    }
    safe_encode(&sum.to_string())
}

fn fnv1a(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, b| (sum ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}

/// `rand.SafeEncodeString`: each byte becomes one of 27 letters and digits without vowels.
fn safe_encode(s: &str) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    s.bytes().map(|b| char::from(ALPHABET[usize::from(b) % ALPHABET.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hashes_of_step_lists() {
        let hash = |s: &str| fnv_safe_hash(s.as_bytes(), None);
        assert_eq!(hash(r#"[{"pause":{}}]"#), "6b9b86fbd5");
        assert_eq!(hash(r#"[{"pause":{}},{"pause":{}}]"#), "79c9b9f6bf");
        assert_eq!(hash("null"), "5ffbfbbd64");
        assert_eq!(hash(r#"[{"setWeight":20},{"pause":{"duration":"1h"}},{"pause":{}}]"#), "58d6588d88");
    }

    #[test]
    fn go_escapes_more_than_json_demands() {
        assert_eq!(
            to_string(&json!({"b": "<&>\u{2028}\u{7f}é", "a": [1, true, null, "\u{1}\n"]})),
            "{\"a\":[1,true,null,\"\\u0001\\n\"],\"b\":\"\\u003c\\u0026\\u003e\\u2028\u{7f}é\"}"
        );
    }
}

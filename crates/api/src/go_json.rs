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
        Value::Number(n) if n.is_f64() => out.push_str(&float(n.as_f64().unwrap_or_default())),
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// A finite number as Go marshals a `float64`: whole ones without a fraction, very small and very large ones with an
/// exponent that has its sign.
pub fn float(f: f64) -> String {
    let size = f.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{f:e}");
        return if size >= 1.0 { text.replace('e', "e+") } else { text };
    }
    f.to_string()
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
    fn floats() {
        let table = [
            (0.0, "0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (123_456_789.125, "123456789.125"),
            (18_446_744_073_709_551_615.0, "18446744073709552000"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e21, "-1.5e+21"),
            (1e300, "1e+300"),
            (1e-6, "0.000001"),
            (9.99e-7, "9.99e-7"),
            (-1e-10, "-1e-10"),
            (5e-324, "5e-324"),
        ];
        for (f, want) in table {
            assert_eq!(to_string(&json!(f)), want);
        }
    }

    #[test]
    fn go_escapes_more_than_json_demands() {
        assert_eq!(
            to_string(&json!({"b": "<&>\u{2028}\u{7f}é", "a": [1, true, null, "\u{1}\n"]})),
            "{\"a\":[1,true,null,\"\\u0001\\n\"],\"b\":\"\\u003c\\u0026\\u003e\\u2028\u{7f}é\"}"
        );
    }
}

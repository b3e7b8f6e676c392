//! How Go writes values as text.

use rollouts_api::go_json;
use rollouts_expr::Value;

/// `strconv.FormatFloat(f, 'f', -1, 64)`: the shortest digits that read back, never an exponent; `NaN`, `+Inf`, `-Inf`.
pub fn float(f: f64) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    f.to_string()
}

/// `[1,2.5]`: numbers as [`float`] writes them.
pub fn floats(values: &[f64]) -> String {
    let texts: Vec<String> = values.iter().map(|f| float(*f)).collect();
    format!("[{}]", texts.join(","))
}

/// Compact JSON as Go marshals it: keys sorted, `<`, `>` and `&` escaped, whole numbers without a fraction. What JSON has
/// no word for is `null`.
pub fn json(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(n) => out.push_str(&n.to_string()),
        Value::Float(f) if f.is_finite() => out.push_str(&go_json::float(*f)),
        Value::String(text) => go_json::escape(text, out),
        Value::List(items) => list(items.iter(), out, write),
        Value::Floats(items) => list(items.iter(), out, |f, out| write(&Value::Float(*f), out)),
        Value::Map(map) => {
            out.push('{');
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                go_json::escape(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Nil | Value::Float(_) | Value::CloudWatch(_) => out.push_str("null"),
    }
}

fn list<T>(items: impl Iterator<Item = T>, out: &mut String, write: impl Fn(T, &mut String)) {
    out.push('[');
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

/// `strconv.Quote`: in double quotes, with Go's escapes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers() {
        for (f, want) in [
            (10.0, "10"),
            (0.95, "0.95"),
            (1e-9, "0.000000001"),
            (12_345_678_901_234_567_000.0, "12345678901234567000"),
            (1e21, "1000000000000000000000"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(float(f), want);
        }
        assert_eq!(floats(&[1.0, 2.5]), "[1,2.5]");
        assert_eq!(floats(&[]), "[]");
    }

    #[test]
    fn json_as_go_marshals_it() {
        let value = Value::from(json!({"b": "x<y>&", "a": [1, 2.5, 1e21, 12345678901i64, null, true], "e": {}}));
        assert_eq!(json(&value), r#"{"a":[1,2.5,1e+21,12345678901,null,true],"b":"x\u003cy\u003e\u0026","e":{}}"#);
    }
}

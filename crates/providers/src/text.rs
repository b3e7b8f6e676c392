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

/// `%.<digits>f`.
pub fn fixed(f: f64, digits: usize) -> String {
    if f.is_finite() { format!("{f:.digits$}") } else { float(f) }
}

/// `[1.00,2.50]`: numbers as [`fixed`] writes them.
pub fn fixed_list(values: &[f64], digits: usize) -> String {
    let texts: Vec<String> = values.iter().map(|f| fixed(*f, digits)).collect();
    format!("[{}]", texts.join(","))
}

/// `%v`, as `fmt.Print` writes a value: `[1 2.5e-07 <nil> text]`.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Nil => "<nil>".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(f) => shortest(*f),
        Value::String(text) => text.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Floats(items) => format!("[{}]", items.iter().map(|f| shortest(*f)).collect::<Vec<_>>().join(" ")),
        Value::Map(map) => {
            let pairs: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{}", plain(value))).collect();
            format!("map[{}]", pairs.join(" "))
        }
        Value::CloudWatch(_) => json(value),
    }
}

/// A float as `%v` writes it: with an exponent of at least two digits if that is under -4 or over 20.
fn shortest(f: f64) -> String {
    if !f.is_finite() || f == 0.0 || (1e-4..1e21).contains(&f.abs()) {
        return float(f);
    }
    let text = format!("{f:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let sign = if exponent.starts_with('-') { '-' } else { '+' };
    format!("{digits}e{sign}{:0>2}", exponent.trim_start_matches('-'))
}

/// JSON of a structure, its fields in their order, with Go's escapes.
pub fn marshal(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    // Outside of strings none of these can stand.
    let escaped =
        [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];
    escaped.into_iter().fold(text, |text, (c, escape)| text.replace(c, escape))
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

    #[test]
    fn values_as_go_prints_them() {
        let list = |items: &[f64]| plain(&Value::List(items.iter().map(|f| Value::Float(*f)).collect()));
        assert_eq!(
            list(&[1.0, 2.5, 1e-5, 1e21, 123e20, -0.0001, f64::NAN]),
            "[1 2.5 1e-05 1e+21 1.23e+22 -0.0001 NaN]"
        );
        assert_eq!(plain(&Value::from(json!(["a", null, true, {"k": 1}]))), "[a <nil> true map[k:1]]");
        assert_eq!(fixed_list(&[1.0, 0.125, f64::NAN, f64::INFINITY], 2), "[1.00,0.12,NaN,+Inf]");
        assert_eq!(marshal(&("a<b>&", 1)), "[\"a\\u003cb\\u003e\\u0026\",1]");
    }
}

//! Writes YAML the way Kubernetes' tools do: keys sorted, two spaces, lists not indented. The same value always
//! gives the same text. Reading YAML is not this crate's business.

use serde_json::Value;
use std::fmt::Write as _;

/// `value` as one YAML document, ending in a newline.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => mapping(value, 0, &mut out),
        Value::Array(items) if !items.is_empty() => sequence(value, 0, &mut out),
        other => {
            scalar(other, 0, &mut out);
            out.push('\n');
        }
    }
    out
}

/// Starts at the beginning of a line, or behind `- `.
fn mapping(value: &Value, indent: usize, out: &mut String) {
    let mut entries: Vec<_> = value.as_object().into_iter().flatten().collect();
    entries.sort_by_key(|(key, _)| key.as_str());
    for (i, (key, value)) in entries.into_iter().enumerate() {
        if i > 0 {
            pad(indent, out);
        }
        string(key, indent, out);
        out.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                out.push('\n');
                pad(indent + 2, out);
                mapping(value, indent + 2, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                pad(indent, out);
                sequence(value, indent, out);
            }
            other => {
                out.push(' ');
                scalar(other, indent, out);
                out.push('\n');
            }
        }
    }
}

fn sequence(value: &Value, indent: usize, out: &mut String) {
    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
        if i > 0 {
            pad(indent, out);
        }
        out.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => mapping(item, indent + 2, out),
            Value::Array(items) if !items.is_empty() => sequence(item, indent + 2, out),
            other => {
                scalar(other, indent, out);
                out.push('\n');
            }
        }
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn scalar(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::String(s) => string(s, indent, out),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        other => out.push_str(&other.to_string()),
    }
}

fn string(s: &str, indent: usize, out: &mut String) {
    if is_plain(s) {
        out.push_str(s);
    } else if fits_literal(s) {
        literal(s, indent, out);
    } else if s.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')) {
        double_quoted(s, out);
    } else {
        write!(out, "'{}'", s.replace('\'', "''")).expect("writing to a String cannot fail");
    }
}

/// Whether readers of YAML 1.1 and 1.2 all take the bare text for that string.
fn is_plain(s: &str) -> bool {
    const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", ".nan"];
    let first_ok = s.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '/' | '$' | '(' | '.'));
    let looks_numeric = s.starts_with('.') && s[1..].starts_with(|c: char| c.is_ascii_digit());
    first_ok
        && !looks_numeric
        && !WORDS.contains(&s.to_ascii_lowercase().as_str())
        && !s.ends_with([' ', ':'])
        && !s.contains(": ")
        && !s.contains(" #")
        && !s.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

/// Text of several lines that a literal block shows as it is.
fn fits_literal(s: &str) -> bool {
    s.contains('\n')
        && !s.starts_with([' ', '\n', '\t'])
        && !s.chars().any(|c| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
        && !s.lines().any(|line| line.ends_with(' '))
        && !s.ends_with("\n\n")
}

fn literal(s: &str, indent: usize, out: &mut String) {
    out.push_str(if s.ends_with('\n') { "|" } else { "|-" });
    for line in s.lines() {
        out.push('\n');
        if !line.is_empty() {
            pad(indent + 2, out);
            out.push_str(line);
        }
    }
}

fn double_quoted(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                write!(out, "\\u{:04x}", c as u32).expect("writing to a String cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shapes() {
        let value = json!({
            "b": [{"x": 1, "z": ["p", "q"]}, [], [[1, 2]]],
            "a": {"empty": {}, "none": null, "ok": true, "num": 1.5},
            "text": "two\nlines\n",
        });
        let want = "a:\n  empty: {}\n  none: null\n  num: 1.5\n  ok: true\nb:\n- x: 1\n  z:\n  - p\n  - q\n- []\n- - - 1\n    - 2\ntext: |\n  two\n  lines\n";
        assert_eq!(to_string(&value), want);
        assert_eq!(to_string(&json!("x")), "x\n");
        assert_eq!(to_string(&json!({})), "{}\n");
    }

    #[test]
    fn strings() {
        let table = [
            ("plain text, with (marks)", "plain text, with (marks)"),
            ("", "''"),
            ("yes", "'yes'"),
            ("1", "'1'"),
            (".5", "'.5'"),
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            ("it's: so", "'it''s: so'"),
            ("- x", "'- x'"),
            ("{{args.x}}", "'{{args.x}}'"),
            ("25%", "'25%'"),
            ("tab\tx", "\"tab\\tx\""),
            (" lead\ning", "\" lead\\ning\""),
            ("no\nend", "|-\n  no\n  end"),
        ];
        for (text, want) in table {
            assert_eq!(to_string(&json!(text)), format!("{want}\n"), "{text:?}");
        }
    }
}

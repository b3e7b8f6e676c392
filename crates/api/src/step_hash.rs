//! `status.currentStepHash` (rollout.md §2.1): a controller that takes over from the Go one must compute the same
//! hash, or it would start a running update again at its first step.

use crate::go_json;
use crate::rollout::{CanaryStep, Rollout};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CharEscape, Formatter};
use std::io;

/// Hash of the canary's steps; empty for blue-green.
pub fn of(rollout: &Rollout) -> String {
    match &rollout.spec.strategy.canary {
        Some(canary) => of_steps(&canary.steps),
        None => String::new(),
    }
}

/// Hash of `steps` as Go serialises them. No steps are `null` there.
pub fn of_steps(steps: &[CanaryStep]) -> String {
    if steps.is_empty() {
        return go_json::fnv_safe_hash(b"null", None);
    }
    let steps: Vec<CanaryStep> = steps.iter().cloned().map(with_sorted_config).collect();
    go_json::fnv_safe_hash(&to_go_json(&steps), None)
}

/// Compact JSON of `value` with the fields of structs in the order of their declaration and strings escaped as Go
/// escapes them.
pub(crate) fn to_go_json(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, GoFormatter);
    value.serialize(&mut serializer).expect("types of this crate serialise, and writing to a Vec cannot fail");
    out
}

/// A plugin's configuration is free JSON, which the API server hands out with sorted keys.
fn with_sorted_config(mut step: CanaryStep) -> CanaryStep {
    if let Some(config) = step.plugin.as_mut().and_then(|p| p.config.as_mut()) {
        sort_keys(config);
    }
    step
}

fn sort_keys(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(sort_keys),
        Value::Object(map) => {
            let mut entries: Vec<_> = std::mem::take(map).into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries.iter_mut().for_each(|(_, v)| sort_keys(v));
            *map = entries.into_iter().collect();
        }
        _ => {}
    }
}

/// Go escapes `<`, `>`, `&`, U+2028 and U+2029 besides what JSON demands, and writes floats in its own way.
struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(go_json::float(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let special = |c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        for piece in fragment.split_inclusive(special) {
            match piece.chars().last().filter(|c| special(*c)) {
                Some(c) => {
                    writer.write_all(&piece.as_bytes()[..piece.len() - c.len_utf8()])?;
                    write!(writer, "\\u{:04x}", c as u32)?;
                }
                None => writer.write_all(piece.as_bytes())?,
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        let text = match escape {
            CharEscape::Quote => "\\\"",
            CharEscape::ReverseSolidus => "\\\\",
            CharEscape::Solidus => "/",
            CharEscape::Backspace => "\\b",
            CharEscape::FormFeed => "\\f",
            CharEscape::LineFeed => "\\n",
            CharEscape::CarriageReturn => "\\r",
            CharEscape::Tab => "\\t",
            CharEscape::AsciiControl(b) => return write!(writer, "\\u{b:04x}"),
        };
        writer.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn recorded_hashes() {
        for line in include_str!("../tests/data/step_hashes.tsv").lines().filter(|l| !l.starts_with('#')) {
            let (want, steps) = line.split_once('\t').expect("hash, tab, steps");
            let steps: Option<Vec<CanaryStep>> = serde_json::from_str(steps).expect(steps);
            assert_eq!(of_steps(&steps.unwrap_or_default()), want, "{line}");
        }
    }

    #[test]
    fn blue_green_has_none() {
        assert_eq!(of(&Rollout::default()), "");
    }

    /// A plugin's configuration is the only free JSON among the steps.
    #[test]
    fn a_plugins_configuration_is_hashed_as_the_api_server_writes_it() {
        let steps = |config: &str| -> Vec<CanaryStep> {
            serde_json::from_str(&format!(r#"[{{"plugin":{{"name":"a/b","config":{config}}}}}]"#)).expect("steps")
        };
        let stored = steps(r#"{"url":"http://x?a=1&b=<2>","b":{"z":[1,null],"a":1e+21},"n":0.000001,"t":"é"}"#);
        let text = concat!(
            r#"[{"plugin":{"name":"a/b","config":{"b":{"a":1e+21,"z":[1,null]},"n":0.000001,"t":"é","#,
            r#""url":"http://x?a=1\u0026b=\u003c2\u003e"}}}]"#
        );
        assert_eq!(String::from_utf8(to_go_json(&stored)).expect("UTF-8"), text);
        assert_eq!(of_steps(&stored), go_json::fnv_safe_hash(text.as_bytes(), None));
    }

    #[test]
    fn go_escapes() {
        assert_eq!(to_go_json(&json!("a<b>&\u{2028}\n\u{1}\"")), br#""a\u003cb\u003e\u0026\u2028\n\u0001\"""#);
    }
}

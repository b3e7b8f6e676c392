//! Fields of a Rollout that arguments of analyses refer to (analysis.md §1.11).

use crate::field_path;
use crate::rollout::Rollout;
use serde_json::Value;

/// What `path` (such as `metadata.labels['team']`, `spec.replicas` or `spec.template.spec.containers[0].image`) says
/// about `rollout`. Paths into the metadata are those of the downward API; all others lead to text, a number or a
/// boolean in the Rollout's JSON. The error is for the user.
pub fn extract(rollout: &Rollout, path: &str) -> Result<String, String> {
    if path.starts_with("metadata") {
        return field_path::extract(&rollout.metadata, path);
    }
    // Cannot fail: every map in a Rollout has text keys.
    let json = serde_json::to_value(rollout).map_err(|e| e.to_string())?;
    walk(&json, path)
}

fn walk(root: &Value, path: &str) -> Result<String, String> {
    let nowhere = || format!("invalid path {path} in rollout");
    let mut value = root;
    for key in path.split(['.', '[', ']']).filter(|key| !key.is_empty()) {
        value = match value {
            Value::Array(items) => {
                let index: i64 = key.parse().map_err(|_| format!("invalid index '{key}'"))?;
                let item = usize::try_from(index).ok().and_then(|i| items.get(i));
                item.ok_or_else(|| format!("index {index} out of range"))?
            }
            _ => value.get(key).filter(|v| !v.is_null()).ok_or_else(nowhere)?,
        };
    }
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Number(number) => Ok(number.as_f64().map_or_else(|| number.to_string(), go_text)),
        Value::Null => Err(nowhere()),
        Value::Array(_) | Value::Object(_) => {
            Err(format!("path {path} in rollout must terminate in a primitive value"))
        }
    }
}

/// A number as Go prints it with `%v`: the shortest digits, with an exponent from a million on (`1e+06`).
fn go_text(number: f64) -> String {
    let scientific = format!("{number:e}");
    let exponent = scientific.split_once('e').and_then(|(digits, e)| Some((digits, e.parse::<i32>().ok()?)));
    match exponent {
        Some((digits, e)) if !(-4..6).contains(&e) => {
            let sign = if e < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", e.unsigned_abs())
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths() {
        let rollout: Rollout = serde_json::from_value(json!({
            "metadata": {"name": "shop", "labels": {"team": "blue"}},
            "spec": {
                "replicas": 2,
                "paused": true,
                "progressDeadlineSeconds": 10000000,
                "template": {"spec": {"containers": [{"name": "a", "image": "app:1"}]}},
            },
        }))
        .expect("a Rollout");
        let table = [
            ("metadata.name", Ok("shop")),
            ("metadata.labels['team']", Ok("blue")),
            ("metadata.labels['nope']", Ok("")),
            ("metadata.nope", Err("unsupported fieldPath: metadata.nope")),
            ("spec.replicas", Ok("2")),
            ("spec.paused", Ok("true")),
            ("spec.progressDeadlineSeconds", Ok("1e+07")),
            ("spec.template.spec.containers[0].image", Ok("app:1")),
            ("spec.template.spec.containers[0][image]", Ok("app:1")),
            ("spec.template.spec.containers[x].image", Err("invalid index 'x'")),
            ("spec.template.spec.containers[1].image", Err("index 1 out of range")),
            ("spec.template.spec.containers[-1].image", Err("index -1 out of range")),
            ("spec.nope", Err("invalid path spec.nope in rollout")),
            ("spec.replicas.nope", Err("invalid path spec.replicas.nope in rollout")),
            ("spec.template", Err("path spec.template in rollout must terminate in a primitive value")),
            ("", Err("path  in rollout must terminate in a primitive value")),
        ];
        for (path, expected) in table {
            assert_eq!(extract(&rollout, path).as_deref().map_err(String::as_str), expected, "{path}");
        }
    }

    #[test]
    fn numbers_as_go_prints_them() {
        let table = [
            (0.0, "0"),
            (1.5, "1.5"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-12_345_678.5, "-1.23456785e+07"),
        ];
        for (number, text) in table {
            assert_eq!(go_text(number), text);
        }
    }
}

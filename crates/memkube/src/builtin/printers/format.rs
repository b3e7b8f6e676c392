//! Pieces that many rows share.

use jiff::Timestamp;
use rollouts_api::LabelSelector;
use rollouts_api::pod_template::json::{entries, get, int, list, text};
use serde_json::Value;

/// What stands for "nothing".
pub const NONE: &str = "<none>";

/// `metadata.name`.
pub fn name(obj: &Value) -> Value {
    text(&obj["metadata"], "name").into()
}

/// How long ago the object was created.
pub fn age(obj: &Value, now: Timestamp) -> Value {
    since(text(&obj["metadata"], "creationTimestamp"), now).into()
}

/// How long ago `time` was, in RFC 3339; `<unknown>` if it is none.
pub fn since(time: &str, now: Timestamp) -> String {
    match time.parse::<Timestamp>() {
        Ok(then) => human(now.as_second() - then.as_second()),
        Err(_) => "<unknown>".to_string(),
    }
}

/// Seconds in words: `5s`, `3m20s`, `5d4h`.
pub fn human(seconds: i64) -> String {
    rollouts_schema::table::human_duration(seconds)
}

/// The text, or `<none>` for an empty one.
pub fn or_none(s: &str) -> &str {
    or(s, NONE)
}

/// The text, or `instead` for an empty one.
pub fn or<'a>(s: &'a str, instead: &'a str) -> &'a str {
    if s.is_empty() { instead } else { s }
}

/// A number, 0 if it is absent.
pub fn number(parent: &Value, key: &str) -> Value {
    int(parent, key).unwrap_or_default().into()
}

/// Names and images of the containers of a pod spec.
pub fn containers(spec: &Value) -> [Value; 2] {
    ["name", "image"].map(|key| {
        let texts: Vec<&str> = list(spec, "containers").iter().map(|c| text(c, key)).collect();
        texts.join(",").into()
    })
}

/// A label selector's text.
pub fn selector(parent: &Value, key: &str) -> String {
    let Some(value) = get(parent, key) else { return NONE.to_string() };
    let selector = serde_json::from_value::<LabelSelector>(value.clone()).ok().and_then(|s| s.compile().ok());
    selector.map_or_else(|| "<error>".to_string(), |s| or_none(&s.to_string()).to_string())
}

/// `a=b,c=d`, or `<none>`.
pub fn labels(parent: &Value, key: &str) -> String {
    let pairs: Vec<String> =
        entries(parent, key).iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
    or_none(&pairs.join(",")).to_string()
}

/// The first `max` items, and how many more there are; `empty` for none.
pub fn first(items: &[String], max: usize, empty: &str) -> String {
    match items.len() {
        0 => empty.to_string(),
        n if n > max => format!("{} + {} more...", items[..max].join(","), n - max),
        _ => items.join(","),
    }
}

/// A JSON number or string as text: `IntOrString`.
pub fn int_or_string(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// Whether the condition `kind` is there and `True`.
pub fn has_condition(status: &Value, kind: &str) -> bool {
    list(status, "conditions").iter().any(|c| text(c, "type") == kind && text(c, "status") == "True")
}

/// Addresses of `status.loadBalancer`, sorted, joined by commas.
pub fn load_balancer(obj: &Value) -> String {
    let mut addresses: Vec<&str> = list(&obj["status"]["loadBalancer"], "ingress")
        .iter()
        .map(|i| or(text(i, "ip"), text(i, "hostname")))
        .filter(|address| !address.is_empty())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.join(",")
}

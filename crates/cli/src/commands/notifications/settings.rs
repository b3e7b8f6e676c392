//! The settings of notifications: services, templates and triggers.

use crate::manifest;
use rollouts_api::go_json;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of services, in the order in which a template tells what is meant for each.
const SERVICES: [&str; 20] = [
    "email",
    "slack",
    "mattermost",
    "rocketchat",
    "teams",
    "teams-workflows",
    "webhook",
    "opsgenie",
    "github",
    "alertmanager",
    "googlechat",
    "pagerduty",
    "pagerdutyv2",
    "newrelic",
    "awssqs",
    "gcppubsub",
    "grafana",
    "nats",
    "pushover",
    "telegram",
];
/// A kind of service for which templates have nothing special.
const WEBEX: &str = "webex";
/// The service that is always there: it prints.
const CONSOLE: &str = "console";

/// What a ConfigMap says.
#[derive(Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) templates: BTreeMap<String, Template>,
    pub(super) triggers: BTreeMap<String, Vec<Condition>>,
    services: BTreeSet<String>,
}

/// A template: what is sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    message: Option<String>,
    /// What is meant for one kind of service.
    blocks: Vec<(&'static str, Value)>,
}

/// A condition of a trigger, and what is sent when it holds.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Condition {
    #[serde(skip_serializing_if = "String::is_empty")]
    once_per: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) when: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) send: Vec<String>,
}

impl Settings {
    /// Reads a ConfigMap. One entry that cannot be read is an error for all.
    pub(super) fn read(config_map: &Value) -> Result<Settings, String> {
        let mut settings =
            Settings { templates: BTreeMap::new(), triggers: BTreeMap::new(), services: [CONSOLE.to_owned()].into() };
        for (key, value) in config_map["data"].as_object().into_iter().flatten() {
            let text = value.as_str().ok_or_else(|| format!("the entry '{key}' of the config map is not a text"))?;
            let failed = |problem: String| format!("failed to read '{key}': {problem}");
            match key.split_once('.') {
                Some(("template", name)) => {
                    let template = Template::read(&manifest::one(text).map_err(failed)?).map_err(failed)?;
                    settings.templates.insert(name.to_owned(), template);
                }
                Some(("trigger", name)) => {
                    let conditions = conditions(&manifest::one(text).map_err(failed)?).map_err(failed)?;
                    settings.triggers.insert(name.to_owned(), conditions);
                }
                Some(("service", name)) => {
                    manifest::one(text).map_err(failed)?;
                    settings.services.insert(service(name).map_err(failed)?);
                }
                _ => {}
            }
        }
        Ok(settings)
    }

    /// Whether something can be sent to a service of this name.
    pub(super) fn has_service(&self, name: &str) -> bool {
        self.services.contains(name)
    }
}

/// The name of the service that `TYPE` or `TYPE.NAME` declares.
fn service(key: &str) -> Result<String, String> {
    let (kind, name) = key.split_once('.').unwrap_or((key, key));
    if name.contains('.') {
        return Err(format!("invalid service key '{key}': expected TYPE or TYPE.NAME"));
    }
    if !SERVICES.contains(&kind) && kind != WEBEX {
        return Err(format!("service type '{kind}' is not supported"));
    }
    Ok(name.to_owned())
}

impl Template {
    fn read(value: &Value) -> Result<Template, String> {
        let fields = fields(value)?;
        let block = |name: &&'static str| {
            let value = *fields.get(*name)?;
            (!value.is_null()).then(|| (*name, value.clone()))
        };
        Ok(Template { message: text(&fields, "message")?, blocks: SERVICES.iter().filter_map(block).collect() })
    }

    /// One line that tells it from others.
    pub(super) fn preview(&self) -> String {
        match &self.message {
            Some(message) => message.split('\n').next().unwrap_or("").to_owned(),
            None => {
                let block = |(name, value): &(&str, Value)| format!("\"{name}\":{}", go_json::to_string(value));
                format!("{{{}}}", self.blocks.iter().map(block).collect::<Vec<_>>().join(","))
            }
        }
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(message) = &self.message {
            map.serialize_entry("message", message)?;
        }
        for (name, value) in &self.blocks {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn conditions(value: &Value) -> Result<Vec<Condition>, String> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    let list = value.as_array().ok_or("a trigger is a list of conditions")?;
    list.iter().map(condition).collect()
}

fn condition(value: &Value) -> Result<Condition, String> {
    let fields = fields(value)?;
    let text = |name| text(&fields, name).map(Option::unwrap_or_default);
    let send = match fields.get("send") {
        None | Some(Value::Null) => Vec::new(),
        Some(list) => {
            let names = list.as_array().ok_or("send is not a list of templates")?.iter();
            let name = |v: &Value| v.as_str().map(str::to_owned).ok_or("send is not a list of names of templates");
            names.map(name).collect::<Result<_, _>>()?
        }
    };
    Ok(Condition { once_per: text("onceper")?, when: text("when")?, description: text("description")?, send })
}

/// The fields of a mapping by their names in lower case: case counts for nothing in these settings.
fn fields(value: &Value) -> Result<BTreeMap<String, &Value>, String> {
    match value {
        Value::Null => Ok(BTreeMap::new()),
        Value::Object(map) => Ok(map.iter().map(|(key, value)| (key.to_lowercase(), value)).collect()),
        _ => Err("not a mapping".into()),
    }
}

/// A text, unless it is empty.
fn text(fields: &BTreeMap<String, &Value>, name: &str) -> Result<Option<String>, String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(format!("{name} is not a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(data: Value) -> Result<Settings, String> {
        Settings::read(&json!({"data": data}))
    }

    #[test]
    fn reads_templates_triggers_and_services() {
        let settings = read(json!({
            "template.app.done": "Message: done\nslack: {attachments: '[]'}\nunknown: 1",
            "template.mail": "email: {subject: s, body: '<b>'}",
            "trigger.on-done": "- When: 'true'\n  oncePer: x\n  send: [app.done]\n- send: [mail]",
            "service.slack": "token: $token",
            "service.webhook.ops": "url: http://127.0.0.1",
            "defaultTriggers": "[on-done]",
        }))
        .expect("settings");
        assert_eq!(settings.templates["app.done"].preview(), "done");
        assert_eq!(settings.templates["mail"].preview(), r#"{"email":{"body":"\u003cb\u003e","subject":"s"}}"#);
        assert_eq!(
            serde_json::to_string(&settings.templates["app.done"]).expect("JSON"),
            r#"{"message":"done","slack":{"attachments":"[]"}}"#
        );
        assert_eq!(
            serde_json::to_value(&settings.triggers["on-done"]).expect("JSON"),
            json!([{"oncePer": "x", "when": "true", "send": ["app.done"]}, {"send": ["mail"]}])
        );
        let has = |name| settings.has_service(name);
        assert!(has("console") && has("slack") && has("ops") && !has("webhook"));
    }

    #[test]
    fn says_which_entry_is_wrong() {
        for (key, text, problem) in [
            ("template.a", "[1]", "not a mapping"),
            ("template.a", "message: [1]", "message is not a text"),
            (
                "template.a",
                "a: b: c",
                "error converting YAML to JSON: yaml: mapping values are not allowed in this context",
            ),
            ("trigger.a", "when: x", "a trigger is a list of conditions"),
            ("trigger.a", "- send: x", "send is not a list of templates"),
            ("service.smoke", "", "service type 'smoke' is not supported"),
            ("service.slack.a.b", "", "invalid service key 'slack.a.b': expected TYPE or TYPE.NAME"),
        ] {
            assert_eq!(read(json!({key: text})), Err(format!("failed to read '{key}': {problem}")));
        }
    }
}

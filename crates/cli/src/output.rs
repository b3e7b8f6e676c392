//! `-o`: objects for programs, in place of tables and trees for people.

use crate::cobra::{Flag, Matches, Values};
use rollouts_api::yaml;
use rollouts_kube::Resource;
use serde_json::{Value, json};

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// The objects as the API server has them.
    Json,
    /// The same in YAML.
    Yaml,
    /// `rollout.argoproj.io/web`, one a line.
    Name,
}

/// The flag.
pub(crate) fn flag() -> Flag {
    Flag::text("output", "", "Print the objects as they are instead: json or yaml, or name for their names alone")
        .short('o')
        .values(Values::Words(&["json", "yaml", "name"]))
}

impl Output {
    /// What the flag says. `following` says whether `--watch` is given, with which it does not go.
    pub(crate) fn of(matches: &Matches, following: bool) -> Result<Output, String> {
        let output = match matches.text("output") {
            "" => return Ok(Output::Text),
            "json" => Output::Json,
            "yaml" => Output::Yaml,
            "name" => Output::Name,
            other => return Err(format!("output {other:?} is not one of json, yaml, name")),
        };
        if following { Err("--output and --watch do not go together".into()) } else { Ok(output) }
    }

    /// One object.
    pub(crate) fn object(self, resource: &Resource, object: &Value) -> String {
        match self {
            Output::Yaml => yaml::to_string(object),
            Output::Name => name(resource, object),
            Output::Text | Output::Json => format!("{object:#}\n"),
        }
    }

    /// Several, as a `List`.
    pub(crate) fn list(self, resource: &Resource, objects: &[Value]) -> String {
        if self == Output::Name {
            return objects.iter().map(|object| name(resource, object)).collect();
        }
        // What a list has once, its items leave out.
        let complete = |object: &Value| {
            let mut object = object.clone();
            object["apiVersion"] = json!(resource.api_version());
            object["kind"] = json!(resource.kind);
            object
        };
        let items: Vec<Value> = objects.iter().map(complete).collect();
        self.object(resource, &json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}))
    }
}

fn name(resource: &Resource, object: &Value) -> String {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    format!("{}.{}/{name}\n", resource.kind.to_lowercase(), resource.group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollouts_kube::resource::ROLLOUTS;

    #[test]
    fn lists() {
        let objects = [json!({"metadata": {"name": "a"}}), json!({"metadata": {"name": "b"}})];
        assert_eq!(Output::Name.list(&ROLLOUTS, &objects), "rollout.argoproj.io/a\nrollout.argoproj.io/b\n");
        let yaml = "apiVersion: v1\nitems:\n- apiVersion: argoproj.io/v1alpha1\n  kind: Rollout\n  metadata:\n    name: a\n\
                    kind: List\nmetadata: {}\n";
        assert_eq!(Output::Yaml.list(&ROLLOUTS, &objects[..1]), yaml);
        let json: Value = serde_json::from_str(&Output::Json.list(&ROLLOUTS, &objects)).expect("JSON");
        assert_eq!(json["items"][1]["metadata"]["name"], "b");
    }
}

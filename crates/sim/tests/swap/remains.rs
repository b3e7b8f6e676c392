//! What a controller leaves behind in a namespace.

use rollouts_api::names;
use rollouts_memkube::Server;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What the hashes in labels, selectors, names and status look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashes {
    /// As this controller computes them, and one built with Kubernetes' libraries from 0.34 on.
    Kept,
    /// As nobody here computes them: those of other algorithms.
    Foreign,
}

/// Objects, and how their hashes were renamed.
pub struct Remains {
    objects: Vec<Value>,
    namespace: String,
    renamed: Vec<(String, String)>,
}

/// Kinds that are carried over, in an order in which owners come first.
const KINDS: [&str; 6] = ["Namespace", "ServiceAccount", "Service", "Rollout", "ReplicaSet", "Pod"];

impl Remains {
    pub fn of(server: &Server, namespace: &str, hashes: Hashes) -> Self {
        let sets = server.list("apps", "replicasets", namespace);
        let labels = sets.iter().filter_map(|s| s["metadata"]["labels"][names::POD_TEMPLATE_HASH].as_str());
        let renamed = match hashes {
            Hashes::Kept => Vec::new(),
            Hashes::Foreign => labels.map(|hash| (hash.to_owned(), foreign(hash))).collect(),
        };
        let mut remains = Remains { objects: Vec::new(), namespace: namespace.to_owned(), renamed };
        let all = server.dump();
        let ours = |o: &&Value, kind: &str| {
            let meta = &o["metadata"];
            o["kind"] == kind && (meta["namespace"] == namespace || (kind == "Namespace" && meta["name"] == namespace))
        };
        let picked = KINDS.iter().flat_map(|kind| all.iter().filter(|o| ours(o, kind)));
        remains.objects = picked.map(|o| remains.rename(o)).collect();
        remains
    }

    /// Changes the Rollout.
    pub fn change_rollout(&mut self, change: impl FnOnce(&mut Value)) {
        change(self.objects.iter_mut().find(|o| o["kind"] == "Rollout").expect("a Rollout"));
    }

    pub fn objects(&self) -> impl Iterator<Item = Value> {
        self.objects.iter().cloned()
    }

    /// [`view`] of what went on under the old hashes, told in the new ones.
    pub fn view(&self, server: &Server) -> Value {
        self.rename(&view(server, &self.namespace))
    }

    fn rename(&self, value: &Value) -> Value {
        let text = self.renamed.iter().fold(value.to_string(), |text, (old, new)| text.replace(old, new));
        serde_json::from_str(&text).expect("hashes have no quotes")
    }
}

/// A hash of the same length that no template here has.
fn foreign(hash: &str) -> String {
    format!("z{}", hash.chars().rev().skip(1).collect::<String>())
}

/// Everything of a namespace that says what became of it: no times, versions or names of pods.
pub fn view(server: &Server, namespace: &str) -> Value {
    let mut view = Map::new();
    for (group, plural) in [(names::GROUP, "rollouts"), ("apps", "replicasets"), ("", "services")] {
        for object in server.list(group, plural, namespace) {
            let meta = &object["metadata"];
            let seen = json!({
                "labels": meta["labels"], "annotations": meta["annotations"], "owners": meta["ownerReferences"],
                "spec": object["spec"], "status": object["status"],
            });
            view.insert(format!("{plural}/{}", meta["name"].as_str().unwrap_or_default()), timeless(&seen));
        }
    }
    let mut pods: BTreeMap<String, u64> = BTreeMap::new();
    for pod in server.list("", "pods", namespace) {
        let meta = &pod["metadata"];
        *pods.entry(format!("{} {}", meta["labels"], meta["annotations"])).or_default() += 1;
    }
    view.insert("pods".into(), json!(pods));
    Value::Object(view)
}

fn timeless(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), timeless(v))).collect(),
        Value::Array(items) => items.iter().map(timeless).collect(),
        Value::String(s) if rollouts_api::Time::parse(s).is_some() => "a time".into(),
        other => other.clone(),
    }
}

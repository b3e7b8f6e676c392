//! The end of a run, without what two runs may differ in: versions, uids, times, names of pods.

use crate::compare::{by_name, mask};
use crate::recording::project;
use rollouts_api::names::POD_TEMPLATE_HASH;
use rollouts_memkube::Server;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Objects by `plural/name`, each reduced to what must be the same.
pub type End = BTreeMap<String, Value>;

/// Counters of a Rollout's status.
const COUNTERS: [&str; 5] = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "HPAReplicas"];

/// What the objects of a namespace have come to.
pub fn end(server: &Server, namespace: &str) -> End {
    let mut end = End::new();
    for (group, plural) in
        [("argoproj.io", "rollouts"), ("apps", "replicasets"), ("apps", "deployments"), ("", "services")]
    {
        for object in server.list(group, plural, namespace) {
            let mut state = project(plural, &object);
            let status = &object["status"];
            match plural {
                "rollouts" => state["counters"] = COUNTERS.map(|name| status[name].clone()).into_iter().collect(),
                "replicasets" => state["available"] = status["availableReplicas"].clone(),
                _ => {}
            }
            end.insert(format!("{plural}/{}", text(&object["metadata"]["name"])), state);
        }
    }
    // Names and values may have uids in them.
    for (group, plural) in [("argoproj.io", "analysisruns"), ("argoproj.io", "experiments"), ("batch", "jobs")] {
        for object in server.list(group, plural, namespace) {
            let name = mask::text(&format!("{plural}/{}", text(&object["metadata"]["name"])));
            let state = mask::value(&by_name(project(plural, &object)));
            end.entry(name)
                .or_insert_with(|| json!([]))
                .as_array_mut()
                .into_iter()
                .for_each(|all| all.push(state.clone()));
        }
    }
    // Pods are as good as each other: what counts is how many serve.
    for pod in server.list("", "pods", namespace) {
        let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
        let is_ready = conditions.clone().any(|c| c["type"] == "Ready" && c["status"] == "True");
        let labels = &pod["metadata"]["labels"];
        let hash = text(&labels[POD_TEMPLATE_HASH]);
        let count = end.entry(mask::text(&format!("pods of {hash}, ready: {is_ready}, {labels}"))).or_insert(json!(0));
        *count = (count.as_u64().unwrap_or_default() + 1).into();
    }
    end
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

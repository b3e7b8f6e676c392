//! The hands of the users. Their own requests never fail for want of a connection.

use crate::cluster::Cluster;
use crate::faults::Faults;
use crate::invariants::{Monitor, is_of_an_experiment};
use crate::scenario::kubectl::Kubectl;
use crate::scenario::plugin;
use crate::workload::routers::path;
use crate::workload::{Action, Case, LEGACY, NAME, NAMESPACE, service, version};
use rollouts_api::names::{INSTANCE_ID, POD_TEMPLATE_HASH};
use serde_json::{Value, json};
use std::path::Path;

pub(super) struct User<'a> {
    pub cluster: &'a Cluster,
    pub faults: &'a Faults,
    pub monitor: &'a Monitor,
}

impl User<'_> {
    /// Applies the Rollout and what it needs.
    pub fn begin(&self, case: &Case) -> Result<(), String> {
        if let Some(analyses) = &case.analyses {
            for (source, timeline) in &analyses.sources {
                self.cluster.metrics.set_moods(source, timeline.clone());
            }
        }
        let services = case.services.iter().map(|name| service(name));
        let measured = case.analyses.iter().flat_map(|analyses| analyses.objects.clone());
        let legacy = case.legacy.iter().map(|legacy| legacy.object.clone());
        let routers = case.traffic.iter().flat_map(|traffic| {
            traffic.services.iter().map(|name| service(name)).chain(traffic.objects.iter().cloned())
        });
        for object in services.chain(measured).chain(legacy).chain(routers).chain([case.rollout.clone()]) {
            self.cluster.server.create(object).map_err(|e| format!("the case is refused: {e:?}"))?;
        }
        Ok(())
    }

    /// Does it; what is refused is refused.
    pub async fn act(&self, action: &Action) {
        self.faults.note(&format!("user: {action:?}"));
        if action.may_update() {
            self.monitor.expect_updates(1);
        }
        match action {
            Action::SetVersion(number, quality) => {
                let mut body = version(*number, *quality);
                let ports = self.container()["ports"].take();
                if !ports.is_null() {
                    body["spec"]["template"]["spec"]["containers"][0]["ports"] = ports;
                }
                self.patch_template(body).await;
            }
            Action::Plugin(line) => self.plugin(line).await,
            Action::Scale(replicas) => self.patch(json!({"spec": {"replicas": replicas}})).await,
            Action::Autoscale(replicas) => {
                let body = json!({"spec": {"replicas": replicas}});
                let result = self.kubectl().patch(&format!("rollouts/{NAME}"), Some("scale"), "merge", &body).await;
                self.told("the scale", result.map(drop).map_err(|e| e.text()));
            }
            Action::Edit(spec) | Action::EditLimits(spec) => self.patch(json!({"spec": spec})).await,
            Action::LoseService(name, wait) => {
                let deleted = self.kubectl().delete(&format!("services/{name}")).await;
                self.told("delete", deleted.map_err(|e| e.text()));
                tokio::time::sleep(*wait).await;
                self.told("create", self.cluster.server.create(service(name)).map(drop).map_err(|e| format!("{e:?}")));
            }
            Action::LendAway(wait) => {
                self.label(json!("another")).await;
                tokio::time::sleep(*wait).await;
                self.label(Value::Null).await;
            }
            Action::DeletePod(place) => {
                if let Some(name) = self.one_of("", "pods", *place) {
                    self.delete(&format!("pods/{name}")).await;
                }
            }
            Action::TerminateRun(place) => {
                let Some(name) = self.one_of("argoproj.io", "analysisruns", *place) else { return };
                let (object, body) = (format!("analysisruns/{name}"), json!({"spec": {"terminate": true}}));
                let result = self.kubectl().patch(&object, None, "merge", &body).await;
                self.told("the patch", result.map(drop).map_err(|e| e.text()));
            }
            Action::DeleteRun(place) => {
                if let Some(name) = self.one_of("argoproj.io", "analysisruns", *place) {
                    self.delete(&format!("analysisruns/{name}")).await;
                }
            }
            Action::LoseTemplate(template, wait) => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
                self.delete(&format!("{}/{}", text(&template["kind"]), text(&template["metadata"]["name"]))).await;
                tokio::time::sleep(*wait).await;
                let created = self.cluster.server.create(Value::clone(template));
                self.told("create", created.map(drop).map_err(|e| format!("{e:?}")));
            }
            Action::RewindRouter(object) => {
                let body = json!([{"op": "replace", "path": "/spec", "value": object["spec"]}]);
                let result = self.kubectl().patch(&path(object), None, "json", &body).await;
                self.told("the patch", result.map(drop).map_err(|e| e.text()));
            }
            Action::LoseRouter(object, wait) => {
                self.delete(&path(object)).await;
                tokio::time::sleep(*wait).await;
                let created = self.cluster.server.create(Value::clone(object));
                self.told("create", created.map(drop).map_err(|e| format!("{e:?}")));
            }
        }
    }

    /// The name of one of the objects, by its place in the list, modulo.
    fn one_of(&self, group: &str, plural: &str, place: u64) -> Option<String> {
        let all = self.cluster.server.list(group, plural, NAMESPACE);
        let index = usize::try_from(place.checked_rem(all.len() as u64)?).ok()?;
        Some(all.get(index)?["metadata"]["name"].as_str()?.to_owned())
    }

    fn kubectl(&self) -> Kubectl<'_> {
        Kubectl { client: &self.cluster.client, namespace: NAMESPACE, directory: Path::new("") }
    }

    fn told(&self, what: &str, result: Result<(), String>) {
        if let Err(problem) = result {
            self.faults.note(&format!("user: {what} is refused: {problem}"));
        }
    }

    pub async fn patch(&self, body: Value) {
        let result = self.kubectl().patch(&format!("rollouts/{NAME}"), None, "merge", &body).await;
        self.told("the patch", result.map(|_| ()).map_err(|e| e.text()));
    }

    /// The container of the pod template as it is.
    fn container(&self) -> Value {
        let mut owner = self.legacy().unwrap_or_else(|| self.rollout());
        owner["spec"]["template"]["spec"]["containers"][0].take()
    }

    /// Patches the object that has the pod template.
    async fn patch_template(&self, body: Value) {
        if self.legacy().is_none() {
            return self.patch(body).await;
        }
        let result = self.kubectl().patch(&format!("deployments/{LEGACY}"), None, "merge", &body).await;
        self.told("the patch", result.map(drop).map_err(|e| e.text()));
    }

    pub async fn delete(&self, object: &str) {
        self.told("delete", self.kubectl().delete(object).await.map_err(|e| e.text()));
    }

    async fn label(&self, instance: Value) {
        self.patch(json!({"metadata": {"labels": {INSTANCE_ID: instance}}})).await;
    }

    pub async fn plugin(&self, line: &str) {
        if line.starts_with("promote") {
            self.monitor.push();
        }
        let output = plugin::run(&plugin::words(line), &self.cluster.client, NAMESPACE, &self.cluster.clock).await;
        self.told(line, if output.code == 0 { Ok(()) } else { Err(output.stderr) });
    }

    /// The Rollout as it is.
    pub fn rollout(&self) -> Value {
        self.cluster.server.get("argoproj.io", "rollouts", NAMESPACE, NAME).unwrap_or_default()
    }

    /// Whether no update is under way: it was aborted, or is complete.
    pub fn is_over(&self) -> bool {
        let status = self.rollout()["status"].take();
        status["abort"] == true || status["stableRS"] == status["currentPodHash"]
    }

    /// Its ReplicaSets.
    pub fn sets(&self) -> Vec<Value> {
        let mut sets = self.cluster.server.list("apps", "replicasets", NAMESPACE);
        // Those of a Deployment carry another hash.
        sets.retain(|set| !set["metadata"]["labels"][POD_TEMPLATE_HASH].is_null() && !is_of_an_experiment(set));
        sets
    }
}

//! The Services of an Experiment's templates (analysis.md §6.1).

use super::machine::Machine;
use super::replica_sets::{annotations, set_name};
use super::{ExperimentEffect, Refused, TEMPLATE_NAME};
use crate::Warning;
use crate::roles::controlled_by;
use rollouts_api::PodTemplate;
use rollouts_api::experiment::{Experiment, TemplateSpec};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Name of the Service of a template that wants one.
pub(super) fn service_name(experiment: &Experiment, template: &TemplateSpec) -> Option<String> {
    let service = template.service.as_ref()?;
    let own = || set_name(experiment, template);
    Some(Some(service.name.clone()).filter(|name| !name.is_empty()).unwrap_or_else(own))
}

impl Machine<'_> {
    /// Sees to it that a template which asks for a Service has one while it has pods (`labels` are theirs), and gives
    /// the name of the one that it has then. The error is for the user.
    pub(super) fn service(
        &mut self,
        template: &TemplateSpec,
        labels: &BTreeMap<String, String>,
        wanted: i32,
        available: i32,
    ) -> Result<Option<String>, String> {
        let name = service_name(self.experiment, template);
        let snapshot = self.snapshot;
        let of_template = |s: &&std::sync::Arc<crate::Service>| {
            let alive = s.metadata.deletion_timestamp.is_none();
            alive && s.metadata.annotation(TEMPLATE_NAME) == Some(&template.name)
        };
        let mut there = false;
        for service in snapshot.services.iter().filter(of_template) {
            let known = Some(&service.metadata.name);
            if name.as_ref() != known || (wanted <= 0 && available == 0) {
                let name = service.metadata.name.clone();
                self.push(ExperimentEffect::DeleteService { name }, "no pods are to be reached through it any more");
            } else {
                there = true;
            }
        }
        let Some(name) = name else { return Ok(None) };
        if there || wanted <= 0 {
            return Ok(there.then_some(name));
        }
        let ports = ports(&template.template);
        if ports.is_empty() {
            let template = &template.name;
            let message = format!("Template '{template}' gets no Service: its containers declare no ports");
            self.plan.warnings.push(Warning { reason: "ServiceWithoutPorts".into(), message });
            return Ok(None);
        }
        let failed = |e: &str| Err(format!("Failed to create Service {name} for template '{}': {e}", template.name));
        let made =
            |e: &ExperimentEffect| matches!(e, ExperimentEffect::CreateService { name: made, .. } if *made == name);
        let taken = snapshot.services.iter().any(|s| s.metadata.name == name) || self.plan.effects().any(made);
        if taken || snapshot.foreign_services.contains(&name) {
            let template = &template.name;
            return failed(&format!(
                "service {name} already exists and is not owned by experiment template {template}"
            ));
        }
        if let Some(error) = snapshot.refused.get(&Refused::Service(template.name.clone())) {
            return failed(error);
        }
        let object = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": name,
                "namespace": self.experiment.metadata.namespace,
                "annotations": annotations(self.experiment, template),
                "ownerReferences": [controlled_by("Experiment", &self.experiment.metadata)],
            },
            "spec": { "selector": labels, "ports": ports },
        });
        let effect = ExperimentEffect::CreateService { template: template.name.clone(), name: name.clone(), object };
        self.push(effect, "the template asks for a Service");
        Ok(Some(name))
    }

    /// Services of templates that are not in the spec any more.
    pub(super) fn remove_left_over_services(&mut self) {
        let snapshot = self.snapshot;
        for service in snapshot.services.iter().filter(|s| s.metadata.deletion_timestamp.is_none()) {
            let template = service.metadata.annotation(TEMPLATE_NAME);
            if !self.experiment.spec.templates.iter().any(|t| template == Some(&t.name)) {
                let name = service.metadata.name.clone();
                self.push(ExperimentEffect::DeleteService { name }, "the Experiment has no such template any more");
            }
        }
    }
}

/// Ports of a Service for these pods: every port of a container once. Of several each must have a name, all different;
/// those that have none, or another's, are called by protocol and number.
fn ports(template: &PodTemplate) -> Vec<Value> {
    let pods = template.value();
    let containers = pods["spec"]["containers"].as_array().into_iter().flatten();
    let declared = containers.filter_map(|c| c["ports"].as_array()).flatten();
    let mut seen = BTreeSet::new();
    let mut ports = Vec::new();
    for port in declared {
        let (Some(number), protocol) = (port["containerPort"].as_i64(), port["protocol"].as_str().unwrap_or("TCP"))
        else {
            continue;
        };
        if seen.insert((number, protocol.to_string())) {
            ports.push((number, protocol.to_string(), port["name"].as_str().unwrap_or_default().to_string()));
        }
    }
    let several = ports.len() > 1;
    let given: BTreeSet<String> = ports.iter().map(|(_, _, name)| name.clone()).collect();
    let mut used = BTreeSet::new();
    let ports = ports.into_iter().map(|(number, protocol, mut name)| {
        if several && (name.is_empty() || used.contains(&name)) {
            name = format!("{}-{number}", protocol.to_lowercase());
            while given.contains(&name) || used.contains(&name) {
                name.push_str("-x");
            }
        }
        used.insert(name.clone());
        let mut port = json!({ "port": number, "targetPort": number, "protocol": protocol });
        if !name.is_empty() {
            port["name"] = name.into();
        }
        port
    });
    ports.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(containers: Value) -> Value {
        ports(&PodTemplate::new(&json!({ "spec": { "containers": containers } }))).into()
    }

    #[test]
    fn several_ports_all_have_names() {
        assert_eq!(of(json!([{}, { "ports": [] }])), json!([]));
        let one = json!([{ "ports": [{ "containerPort": 80 }] }]);
        assert_eq!(of(one), json!([{ "port": 80, "targetPort": 80, "protocol": "TCP" }]));
        let many = json!([
            { "ports": [{ "containerPort": 80, "name": "http" }, { "containerPort": 53, "protocol": "UDP" }] },
            { "ports": [{ "containerPort": 53 }, { "containerPort": 81, "name": "http" }, { "containerPort": 80 }] },
            { "ports": [{ "containerPort": 9, "name": "tcp-53" }] },
        ]);
        let names = of(many);
        let names: Vec<_> =
            names.as_array().unwrap().iter().map(|p| (&p["name"], &p["port"], &p["protocol"])).collect();
        let table = [
            ("http", 80, "TCP"),
            ("udp-53", 53, "UDP"),
            ("tcp-53-x", 53, "TCP"),
            ("tcp-81", 81, "TCP"),
            ("tcp-53", 9, "TCP"),
        ];
        let table: Vec<_> = table.iter().map(|(n, p, t)| (json!(n), json!(p), json!(t))).collect();
        assert_eq!(names, table.iter().map(|(n, p, t)| (n, p, t)).collect::<Vec<_>>());
    }
}

//! Which target groups of AWS have the pods of a Service: TargetGroupBindings of the AWS load balancer controller.

use crate::Kind;
use serde_json::Value;
use std::collections::BTreeSet;

/// The kind, in an API version of the form `group/version`.
pub fn kind(api_version: &str) -> Kind {
    let (group, version) = api_version.split_once('/').unwrap_or(("elbv2.k8s.aws", api_version));
    let fixed = Kind::fixed("", "", "TargetGroupBinding", "targetgroupbindings");
    Kind { group: group.to_owned().into(), version: version.to_owned().into(), ..fixed }
}

/// A target group that has the addresses of pods behind a port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound {
    /// Its Amazon resource name.
    pub group: String,
    /// Name of the Service's port, as Endpoints have it; empty for the only one.
    pub port: String,
}

/// Those among `bindings` that are for `service` by the addresses of its pods, each once.
pub fn bound(service: &Value, bindings: &[Value]) -> BTreeSet<Bound> {
    let name = &service["metadata"]["name"];
    let of_service = bindings.iter().filter(|binding| {
        let spec = &binding["spec"];
        spec["targetType"] == "ip" && spec["serviceRef"]["name"] == *name && !name.is_null()
    });
    let ports = |reference: &Value| {
        let ports = service["spec"]["ports"].as_array().into_iter().flatten();
        let is_meant = |port: &&Value| match reference {
            Value::Number(_) => port["port"] == *reference,
            Value::String(_) => port["name"] == *reference,
            _ => false,
        };
        ports.into_iter().find(is_meant).map(|port| port["name"].as_str().unwrap_or_default().to_owned())
    };
    let bound = of_service.filter_map(|binding| {
        let group = binding["spec"]["targetGroupARN"].as_str()?.to_owned();
        Some(Bound { group, port: ports(&binding["spec"]["serviceRef"]["port"])? })
    });
    bound.collect()
}

/// An endpoint of a Service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Address of the pod.
    pub ip: String,
    /// Its port.
    pub port: i64,
    /// The pod's name, if it is one.
    pub pod: Option<String>,
}

/// The ready endpoints of this port.
pub fn endpoints(endpoints: &Value, port: &str) -> BTreeSet<Endpoint> {
    let subsets = endpoints["subsets"].as_array().into_iter().flatten();
    let all = subsets.flat_map(|subset| {
        let ports = subset["ports"].as_array().into_iter().flatten();
        let number = ports.into_iter().find(|p| p["name"].as_str().unwrap_or_default() == port);
        let addresses = subset["addresses"].as_array().into_iter().flatten();
        let number = number.and_then(|p| p["port"].as_i64());
        addresses.into_iter().filter_map(move |address| {
            let target = &address["targetRef"];
            let pod = target["name"].as_str().filter(|_| target["kind"] == "Pod").map(str::to_owned);
            Some(Endpoint { ip: address["ip"].as_str()?.to_owned(), port: number?, pod })
        })
    });
    all.collect()
}

impl Endpoint {
    /// Whether it is a pod of this ReplicaSet; one that says nothing may be.
    pub fn is_of(&self, replica_set: &str) -> bool {
        let made_by = |pod: &String| pod.strip_prefix(replica_set).is_some_and(|rest| rest.starts_with('-'));
        self.pod.as_ref().is_none_or(made_by)
    }
}

#[cfg(test)]
mod tests;

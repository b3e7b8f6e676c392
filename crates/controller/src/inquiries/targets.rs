//! Whether target groups of AWS have the endpoints of a Service. All of it is asked for when it is needed, which is once
//! an update.

use crate::routers::resource_of;
use rollouts_kube::rest::Query;
use rollouts_kube::{RequestError, Rest, resource};
use rollouts_providers::elb::Elb;
use rollouts_traffic::bindings::{self, Bound, Endpoint};
use rollouts_traffic::{Answer, Targets};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where to look.
pub(super) struct Places<'a> {
    pub service: &'a str,
    pub replica_set: &'a str,
    pub binding_api_version: &'a str,
}

/// Looks at all target groups that are bound to the Service.
pub(super) async fn look(elb: &Elb, rest: &Rest, namespace: &str, places: &Places<'_>) -> Answer {
    let wanted = match wanted(rest, namespace, places).await {
        Ok(wanted) => wanted,
        Err(error) => return Answer::Failed { group: None, problem: error.to_string() },
    };
    let mut all = Vec::new();
    for (group, endpoints) in wanted {
        let registered = match elb.targets(&group).await {
            Ok(registered) => registered,
            Err(failure) => return Answer::Failed { group: Some(group), problem: failure.to_string() },
        };
        let is_there = |endpoint: &&Endpoint| {
            endpoint.is_of(places.replica_set) && registered.contains(&(endpoint.ip.clone(), endpoint.port))
        };
        let registered = endpoints.iter().filter(is_there).count();
        all.push(Targets { group, endpoints: endpoints.len(), registered });
    }
    Answer::Targets(all)
}

/// The endpoints that each target group must have.
async fn wanted(
    rest: &Rest,
    namespace: &str,
    places: &Places<'_>,
) -> Result<BTreeMap<String, BTreeSet<Endpoint>>, RequestError> {
    let kind = resource_of(&bindings::kind(places.binding_api_version));
    let bindings = match rest.list::<Value>(&kind, Some(namespace), &Query::default()).await {
        Ok(page) => page.items,
        // The kind is not served: nothing is bound.
        Err(error) if error.is_not_found() => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    if bindings.is_empty() {
        return Ok(BTreeMap::new());
    }
    let service: Value = rest.get(&resource::SERVICES, namespace, places.service).await?;
    let bound = bindings::bound(&service, &bindings);
    if bound.is_empty() {
        return Ok(BTreeMap::new());
    }
    let endpoints: Option<Value> = rest.get_opt(&resource::ENDPOINTS, namespace, places.service).await?;
    let endpoints = endpoints.unwrap_or_default();
    let mut wanted: BTreeMap<String, BTreeSet<Endpoint>> = BTreeMap::new();
    for Bound { group, port } in bound {
        wanted.entry(group).or_default().extend(bindings::endpoints(&endpoints, &port));
    }
    Ok(wanted)
}

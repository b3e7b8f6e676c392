//! The Lease of the controllers: whether one runs.

use crate::context::Session;
use crate::failure::Result;
use jiff::Timestamp;
use rollouts_api::names::INSTANCE_ID;
use rollouts_kube::resource::LEASES;
use rollouts_kube::rest::Query;
use rollouts_view::explain::Lease;
use serde_json::Value;

/// Its name; that of a controller of an instance ends in the instance.
const NAME: &str = "argo-rollouts-controller-lock";

/// Where controllers are, as a rule.
const NAMESPACE: &str = "argo-rollouts";

/// Looks for the Lease wherever the user may look. That there is no right to is no gap: few have it, and it says little.
pub(super) async fn find(session: &Session, rollout: &Value) -> Result<Lease> {
    let instance = rollout["metadata"]["labels"][INSTANCE_ID].as_str().filter(|id| !id.is_empty());
    let name = instance.map_or_else(|| NAME.to_owned(), |id| format!("{NAME}-{id}"));
    let named = Query::default().fields(format!("metadata.name={name}"));
    let everywhere = session.rest.list::<Value>(&LEASES, None, &named).await;
    match everywhere {
        Ok(page) => return Ok(best(page.items)),
        Err(error) if error.is_forbidden() || error.is_not_found() => {}
        Err(error) => return Err(error.into()),
    }
    let mut found = Vec::new();
    let mut looked = false;
    for namespace in [NAMESPACE, &session.namespace] {
        match session.rest.get_opt::<Value>(&LEASES, namespace, &name).await {
            Ok(lease) => {
                looked = looked || namespace == NAMESPACE;
                found.extend(lease);
            }
            Err(error) if error.is_forbidden() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(match found.is_empty() && !looked {
        true => Lease::Unknown,
        false => best(found),
    })
}

/// The one that was renewed last: a controller that is gone may have left one in its namespace.
fn best(leases: Vec<Value>) -> Lease {
    let renewed = |lease: &Value| lease["spec"]["renewTime"].as_str().and_then(|t| t.parse::<Timestamp>().ok());
    let Some(lease) = leases.iter().max_by_key(|lease| renewed(lease)) else { return Lease::Missing };
    let text = |pointer| lease.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
    Lease::Found {
        at: format!("{}/{}", text("/metadata/namespace"), text("/metadata/name")),
        holder: text("/spec/holderIdentity"),
        renewed: renewed(lease),
        seconds: lease["spec"]["leaseDurationSeconds"].as_i64().unwrap_or(15),
    }
}

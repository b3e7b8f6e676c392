//! The AnalysisRun that is created, as Go writes it.

use rollouts_api::analysis::AnalysisRunSpec;
use rollouts_api::names;
use serde_json::{Value, json};

/// A run with this metadata.
pub(crate) fn object(metadata: Value, spec: &AnalysisRunSpec) -> Value {
    let mut object = json!({
        "apiVersion": names::API_VERSION,
        "kind": "AnalysisRun",
        "metadata": metadata,
        "spec": spec,
        // As Go writes a status that is not there; dashboards know it so.
        "status": { "phase": "", "runSummary": {} },
    });
    for metric in object["spec"]["metrics"].as_array_mut().into_iter().flatten() {
        write_authentication(&mut metric["provider"]);
    }
    object
}

/// Go has no absent authentication of HTTP providers, only an empty one.
fn write_authentication(provider: &mut Value) {
    for kind in ["web", "prometheus"] {
        let Some(provider) = provider.get_mut(kind).and_then(Value::as_object_mut) else { continue };
        let authentication = provider.entry("authentication").or_insert_with(|| json!({}));
        for way in ["sigv4", "oauth2", "basicAuth"] {
            if authentication.get(way).is_none() {
                authentication[way] = json!({});
            }
        }
    }
}

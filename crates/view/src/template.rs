//! Pod templates as people wrote them.

use crate::read::annotation;
use rollouts_api::PodTemplate;
use rollouts_api::names::{EPHEMERAL_METADATA, POD_TEMPLATE_HASH};
use rollouts_api::pod_template::{affinity, ephemeral};
use serde_json::Value;

/// The pod template of a ReplicaSet, without what the controller put into it.
pub fn of_replica_set(rs: &Value) -> PodTemplate {
    let injected = ephemeral::parse_annotation(annotation(rs, EPHEMERAL_METADATA));
    let template = PodTemplate::new(rs.pointer("/spec/template").unwrap_or(&Value::Null)).map(|template| {
        affinity::remove(template);
        if let Some(injected) = &injected {
            ephemeral::remove(template, injected);
        }
    });
    template.without_label(POD_TEMPLATE_HASH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_injected_is_not_restored() {
        let rs = json!({
            "metadata": {"annotations": {EPHEMERAL_METADATA: r#"{"labels":{"role":"canary"}}"#}},
            "spec": {"template": {"metadata": {"labels": {"app": "web", "role": "canary", POD_TEMPLATE_HASH: "x"}}}},
        });
        assert_eq!(of_replica_set(&rs).value(), json!({"metadata": {"labels": {"app": "web"}}}));
    }
}

//! HorizontalPodAutoscalers, in both versions.

use rollouts_api::pod_template::json::{child, fill, get_object, list, set, text};
use serde_json::{Value, json};

/// Utilisation of CPU, in percent, aimed at when no metric is given.
const CPU_PERCENT: i64 = 80;

/// Annotation in which version 1 carries the metrics that it has no fields for.
const V1_METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";

pub(super) fn autoscaler(hpa: &mut Value) {
    let v1 = text(hpa, "apiVersion") == "autoscaling/v1";
    let annotated = hpa["metadata"]["annotations"].get(V1_METRICS).is_some();
    let spec = child(hpa, "spec");
    fill(spec, "minReplicas", 1);
    if v1 {
        if !annotated {
            fill(spec, "targetCPUUtilizationPercentage", CPU_PERCENT);
        }
        return;
    }
    if list(spec, "metrics").is_empty() {
        let target = json!({"type": "Utilization", "averageUtilization": CPU_PERCENT});
        set(spec, "metrics", json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
    }
    let Some(behavior) = get_object(spec, "behavior") else { return };
    let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
    let up = child(behavior, "scaleUp");
    fill(up, "stabilizationWindowSeconds", 0);
    fill(up, "selectPolicy", "Max");
    fill(up, "policies", json!([pods, percent]));
    let down = child(behavior, "scaleDown");
    fill(down, "selectPolicy", "Max");
    fill(down, "policies", json!([percent]));
}

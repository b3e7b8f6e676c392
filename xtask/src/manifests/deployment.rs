//! The controller's Deployment and the Service of its metrics.

use super::{NAME, labelled};
use serde_json::{Value, json};

/// Image name and tag. Nobody publishes it: it is what `deploy/Dockerfile` is built as, until a user names their own.
const IMAGE: &str = concat!("rollouts-controller:v", env!("CARGO_PKG_VERSION"));

/// The same for every release of the Go controller, and a Deployment's selector cannot be changed.
fn selector() -> Value {
    json!({ "app.kubernetes.io/name": NAME })
}

/// The Deployment of a controller with these arguments.
pub fn deployment(args: &[&str]) -> Value {
    let probe = |path: &str| json!({ "httpGet": { "path": path, "port": "healthz" } });
    let with = |mut probe: Value, more: Value| {
        probe.as_object_mut().into_iter().zip(more.as_object()).for_each(|(p, m)| p.extend(m.clone()));
        probe
    };
    let mut container = json!({
        "name": NAME,
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "ports": [
            { "containerPort": 8090, "name": "metrics" },
            { "containerPort": 8080, "name": "healthz" },
        ],
        "livenessProbe": with(
            probe("/livez"),
            json!({ "initialDelaySeconds": 30, "periodSeconds": 20, "timeoutSeconds": 10, "failureThreshold": 3 }),
        ),
        "readinessProbe": with(probe("/readyz"), json!({ "periodSeconds": 5, "timeoutSeconds": 4 })),
        "resources": {
            "requests": { "cpu": "50m", "memory": "64Mi" },
            "limits": { "ephemeral-storage": "1Gi" },
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": { "drop": ["ALL"] },
            "readOnlyRootFilesystem": true,
            "runAsNonRoot": true,
            "seccompProfile": { "type": "RuntimeDefault" },
        },
    });
    if !args.is_empty() {
        container["args"] = json!(args);
    }
    labelled(
        "apps/v1",
        "Deployment",
        NAME,
        json!({
            "spec": {
                "replicas": 1,
                "selector": { "matchLabels": selector() },
                "strategy": { "type": "RollingUpdate" },
                "template": {
                    "metadata": { "labels": selector() },
                    "spec": {
                        "serviceAccountName": NAME,
                        // Which user that is, the image says, or a cluster that gives each namespace users of its own.
                        "securityContext": { "runAsNonRoot": true },
                        "containers": [container],
                    },
                },
            },
        }),
    )
}

/// The Service to scrape.
pub fn metrics_service() -> Value {
    let name = format!("{NAME}-metrics");
    let spec = json!({
        "ports": [{ "name": "metrics", "port": 8090, "protocol": "TCP", "targetPort": 8090 }],
        "selector": selector(),
    });
    let mut service = labelled("v1", "Service", &name, json!({ "spec": spec }));
    service["metadata"]["labels"]["app.kubernetes.io/name"] = name.into();
    service["metadata"]["labels"]["app.kubernetes.io/component"] = "server".into();
    service
}

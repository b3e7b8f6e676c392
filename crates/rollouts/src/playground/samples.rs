//! The sample applications.

use anyhow::{Context, Result, anyhow};
use rollouts_kube::{Rest, resource};
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;

const SAMPLES: [&str; 4] = [
    include_str!("../../samples/canary.yaml"),
    include_str!("../../samples/bluegreen.yaml"),
    include_str!("../../samples/analysis.yaml"),
    include_str!("../../samples/traffic.yaml"),
];

/// Names of the sample Rollouts, all in the namespace `default`.
pub const ROLLOUTS: [&str; 4] = ["rollouts-demo", "bluegreen-demo", "analysis-demo", "traffic-demo"];

/// Creates them; their metrics are measured at `prometheus`.
pub async fn apply(rest: &Rest, prometheus: SocketAddr, out: &mut dyn Write) -> Result<()> {
    for sample in SAMPLES {
        let objects: Vec<Value> = serde_saphyr::from_multiple(sample).context("a sample is not YAML")?;
        for mut object in objects {
            let kind = object["kind"].as_str().unwrap_or_default().to_string();
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_string();
            let r = match kind.as_str() {
                "Service" => resource::SERVICES,
                "Ingress" => resource::INGRESSES,
                "Rollout" => resource::ROLLOUTS,
                "AnalysisTemplate" => {
                    measure_at(prometheus, &mut object);
                    resource::ANALYSIS_TEMPLATES
                }
                other => return Err(anyhow!("a sample has the unknown kind {other}")),
            };
            let _: Value =
                rest.create(&r, "default", &object).await.with_context(|| format!("cannot create {kind} {name}"))?;
            writeln!(out, "{:<22} {name} created", kind)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Fills in the address, of which the port is not known before.
fn measure_at(prometheus: SocketAddr, template: &mut Value) {
    let metrics = template["spec"]["metrics"].as_array_mut();
    for metric in metrics.into_iter().flatten() {
        metric["provider"]["prometheus"]["address"] = format!("http://{prometheus}").into();
    }
}

//! The sample applications.

use anyhow::{Context, Result, anyhow};
use rollouts_kube::{Rest, resource};
use serde_json::Value;
use std::io::Write;

const SAMPLES: [&str; 2] = [include_str!("../../samples/canary.yaml"), include_str!("../../samples/bluegreen.yaml")];

/// Names of the sample Rollouts, all in the namespace `default`.
pub const ROLLOUTS: [&str; 2] = ["rollouts-demo", "bluegreen-demo"];

/// Creates them.
pub async fn apply(rest: &Rest, out: &mut dyn Write) -> Result<()> {
    for sample in SAMPLES {
        let objects: Vec<Value> = serde_saphyr::from_multiple(sample).context("a sample is not YAML")?;
        for object in objects {
            let kind = object["kind"].as_str().unwrap_or_default().to_string();
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_string();
            let r = match kind.as_str() {
                "Service" => resource::SERVICES,
                "Rollout" => resource::ROLLOUTS,
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

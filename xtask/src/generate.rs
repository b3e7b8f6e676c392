//! `gen`: everything that is generated from something else in the repository.

use crate::crd;
use crate::manifests::{self, permissions};
use crate::manual;
use crate::tree::{self, Mode};
use anyhow::Result;
use flate2::{Compression, GzBuilder};
use rollouts_api::yaml;
use serde_json::{Value, json};
use std::io::Write;

/// Bytes of JSON beyond which a CRD no longer fits the annotation that `kubectl apply` adds (262144, shared with
/// everything else that is annotated).
const MAX_CRD_BYTES: usize = 250_000;

/// Writes or checks all of it.
pub fn all(mode: Mode) -> Result<()> {
    of_types(mode)?;
    manual::emit(mode)
}

/// What is generated without compiling anything else.
fn of_types(mode: Mode) -> Result<()> {
    let crds = crd::all()?;
    write_crds(mode, &crds)?;
    tree::emit(mode, "deploy/install.yaml", manifests::install(&crds).as_bytes())?;
    tree::emit(mode, "deploy/namespace-install.yaml", manifests::namespace_install().as_bytes())?;
    tree::emit(mode, "docs/permissions.md", permissions::document().as_bytes())
}

/// The CRDs as YAML to install, and compressed for the binary.
fn write_crds(mode: Mode, crds: &[Value]) -> Result<()> {
    for crd in crds {
        let size = crd.to_string().len();
        anyhow::ensure!(size <= MAX_CRD_BYTES, "{} has {size} bytes", crd["metadata"]["name"]);
        let kind = crd["spec"]["names"]["singular"].as_str().unwrap_or_default();
        tree::emit(mode, &format!("deploy/crds/{kind}-crd.yaml"), header(crd).as_bytes())?;
    }
    tree::emit(mode, "crates/api/data/crds.json.gz", &gzip(&json!(crds))?)
}

fn header(crd: &Value) -> String {
    format!("# Generated from the types in crates/api by `cargo xtask gen`.\n{}", yaml::to_string(crd))
}

/// Compressed without a time stamp, so that the same input gives the same bytes.
fn gzip(value: &Value) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(value.to_string().as_bytes())?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn generated_files_are_up_to_date() {
        // The manual's own test looks at the manual.
        super::of_types(crate::tree::Mode::Check).expect("run `cargo xtask gen`");
    }
}

//! What the flags say about traffic routers.

use anyhow::{Result, ensure};
use rollouts_cli::cobra::Matches;
use rollouts_traffic::Settings;

pub(super) fn read(matches: &Matches) -> Result<Settings> {
    let version = |flag: &str| {
        let version = matches.text(flag);
        let is_one = !version.is_empty() && !version.contains('/');
        ensure!(is_one, "--{flag}: {version:?} is not a version, such as v1");
        Ok(version.to_owned())
    };
    let both = |flag: &str| {
        let both = matches.text(flag);
        let is_both = both.split_once('/').is_some_and(|(g, v)| !g.is_empty() && !v.is_empty() && !v.contains('/'));
        ensure!(is_both, "--{flag}: {both:?} is not a group and a version, such as example.com/v1");
        Ok(both.to_owned())
    };
    Ok(Settings {
        istio_version: version("istio-api-version")?,
        ambassador_api_version: both("ambassador-api-version")?,
        traffic_split_version: version("traffic-split-api-version")?,
        traefik_group: matches.text("traefik-api-group").to_owned(),
        traefik_api_version: both("traefik-api-version")?,
        app_mesh_version: version("appmesh-crd-version")?,
        aws_verify_target_group: matches.bool("aws-verify-target-group") || matches.bool("alb-verify-weight"),
        target_group_binding_api_version: both("aws-target-group-binding-api-version")?,
        target_group_tag: matches.text("alb-tag-key-resource-id").to_owned(),
    })
}

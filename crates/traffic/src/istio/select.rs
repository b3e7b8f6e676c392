//! Which routes of a VirtualService carry the weights (§2.1).

use super::names::Names;
use rollouts_api::rollout::IstioVirtualService;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// The lists of routes that a VirtualService has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Http,
    Tls,
    Tcp,
}

impl Section {
    const ALL: [Section; 3] = [Section::Http, Section::Tls, Section::Tcp];

    /// Its key in `spec`.
    pub fn key(self) -> &'static str {
        match self {
            Section::Http => "http",
            Section::Tls => "tls",
            Section::Tcp => "tcp",
        }
    }

    /// The field of the Rollout that selects its routes.
    fn selector(self) -> &'static str {
        match self {
            Section::Http => "routes",
            Section::Tls => "tlsRoutes",
            Section::Tcp => "tcpRoutes",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key().to_ascii_uppercase())
    }
}

/// What is wrong with the routes of a VirtualService, in the words that validation uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unusable {
    NoRoutes,
    In(Section, String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::NoRoutes => {
                f.write_str("Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService")
            }
            Unusable::In(section, error) => {
                write!(f, "Istio VirtualService has invalid {section} routes. Error: {error}")
            }
        }
    }
}

/// The routes that carry the weights, by section and index; each names both versions. `managed` are names of HTTP routes that
/// steps make: they are never meant.
///
/// # Errors
/// What is wrong with the VirtualService.
pub(super) fn weighted(
    virtual_service: &Value,
    routes: &IstioVirtualService,
    managed: &BTreeSet<&str>,
    names: &Names<'_>,
) -> Result<Vec<(Section, Vec<usize>)>, Unusable> {
    let mut found = Vec::new();
    for section in Section::ALL {
        let list = match &virtual_service["spec"][section.key()] {
            Value::Null => continue,
            Value::Array(list) if list.is_empty() => continue,
            Value::Array(list) => list,
            _ => return Err(Unusable::In(section, format!("spec.{} is no list", section.key()))),
        };
        let unusable = |error| Unusable::In(section, error);
        let indices = selected(section, list, routes, managed).map_err(unusable)?;
        indices.iter().filter_map(|index| list.get(*index)).try_for_each(|r| names.both_in(r)).map_err(unusable)?;
        found.push((section, indices));
    }
    if found.is_empty() { Err(Unusable::NoRoutes) } else { Ok(found) }
}

/// Indices of the routes that the Rollout means: those that it selects, or the only one there is.
fn selected(
    section: Section,
    list: &[Value],
    routes: &IstioVirtualService,
    managed: &BTreeSet<&str>,
) -> Result<Vec<usize>, String> {
    match section {
        Section::Http if !routes.routes.is_empty() => {
            let is_named = |route: &Value, name: &String| route["name"].as_str() == Some(name);
            match routes.routes.iter().find(|name| !list.iter().any(|route| is_named(route, name))) {
                Some(name) => Err(format!("HTTP Route '{name}' is not found in the defined Virtual Service.")),
                None => Ok(indices(list, |route| routes.routes.iter().any(|name| is_named(route, name)))),
            }
        }
        Section::Tls if !routes.tls_routes.is_empty() => matching(section, list, |route| {
            let hosts = sni_hosts(route);
            routes.tls_routes.iter().any(|wanted| {
                has_port(route, wanted.port)
                    && wanted.sni_hosts.iter().map(String::as_str).collect::<BTreeSet<_>>() == hosts
            })
        }),
        Section::Tcp if !routes.tcp_routes.is_empty() => {
            matching(section, list, |route| routes.tcp_routes.iter().any(|wanted| has_port(route, wanted.port)))
        }
        Section::Http | Section::Tls | Section::Tcp => {
            let is_managed = |route: &Value| route["name"].as_str().is_some_and(|name| managed.contains(name));
            let own = indices(list, |route| !is_managed(route));
            if own.len() == 1 {
                return Ok(own);
            }
            Err(format!(
                "spec.{}[] should be set in VirtualService and it must have exactly one route when omitting \
                 spec.strategy.canary.trafficRouting.istio.virtualService.{}",
                section.key(),
                section.selector()
            ))
        }
    }
}

fn indices(list: &[Value], is_meant: impl Fn(&Value) -> bool) -> Vec<usize> {
    list.iter().enumerate().filter(|(_, route)| is_meant(route)).map(|(index, _)| index).collect()
}

fn matching(section: Section, list: &[Value], is_meant: impl Fn(&Value) -> bool) -> Result<Vec<usize>, String> {
    let meant = indices(list, is_meant);
    if meant.is_empty() {
        return Err(format!("No matching {section} routes found in the defined Virtual Service."));
    }
    Ok(meant)
}

fn blocks(route: &Value) -> impl Iterator<Item = &Value> {
    route["match"].as_array().into_iter().flatten()
}

/// Whether all that a route matches is for this one port; 0: for no port in particular.
fn has_port(route: &Value, port: i64) -> bool {
    let ports: BTreeSet<i64> = blocks(route).map(|block| block["port"].as_i64().unwrap_or(0)).collect();
    ports.into_iter().eq([port]) || (port == 0 && blocks(route).next().is_none())
}

/// Istio's key is `sni`. The Go controller reads `sniHosts`, so there may be objects that have it.
fn sni_hosts(route: &Value) -> BTreeSet<&str> {
    let lists = blocks(route).flat_map(|block| [&block["sni"], &block["sniHosts"]]);
    lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect()
}

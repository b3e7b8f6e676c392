//! What the Ingress controller of NGINX makes of Ingresses, in words of plain NGINX. Its own configuration leaves the choice
//! between a Service and its canary to a script, whose rules are maps here: the header, then the cookie, then chance.

use crate::backends::Backends;
use crate::client::DICE;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

const PREFIX: &str = "nginx.ingress.kubernetes.io";

/// The name of the server for all hosts that no other has.
const ANY: &str = "_";

/// A path that leads to a Service.
#[derive(PartialEq, Eq)]
struct Location<'a> {
    path: &'a str,
    kind: &'a str,
    service: &'a str,
}

/// The Ingress with the canary of a Service, and the canary.
type Alternatives<'a> = BTreeMap<&'a str, (&'a Value, &'a str)>;

/// The configuration of a server at this address.
pub fn config(ingresses: &[&Value], backends: &Backends, address: SocketAddr) -> String {
    let is_canary = |ingress: &&&Value| note(ingress, "canary") == Some("true");
    let hosts = hosts(ingresses.iter().filter(|ingress| !is_canary(ingress)).copied());
    let alternatives = alternatives(ingresses.iter().filter(is_canary).copied(), &hosts);
    let mut text = String::from(
        "daemon off; master_process off; pid nginx.pid; events {}\nhttp {\naccess_log off; keepalive_requests 1000000;\n\
         client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
         proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host;\n",
    );
    for (name, address) in &backends.addresses {
        text += &format!("upstream {name} {{ server {address}; keepalive 4; keepalive_requests 1000000; }}\n");
    }
    for (number, (service, (ingress, canary))) in alternatives.iter().enumerate() {
        text += &choice(number, service, canary, ingress);
    }
    for (host, locations) in &hosts {
        let listen = if *host == ANY { "default_server" } else { "" };
        text += &format!("server {{ listen {address} {listen}; server_name {};\n", server_name(host));
        let whole: BTreeSet<&str> = locations.iter().filter(|l| l.kind == "Exact").map(|l| l.path).collect();
        for location in locations {
            let to = match alternatives.keys().position(|service| *service == location.service) {
                Some(number) => format!("$to_{number}"),
                None => location.service.into(),
            };
            for place in places(location, &whole) {
                text += &format!("location {place} {{ proxy_pass http://{to}; }}\n");
            }
        }
        if !locations.iter().any(|location| location.path == "/" && location.kind != "Exact") {
            text += "location / { return 404; }\n";
        }
        text += "}\n";
    }
    text + "}\n"
}

fn note<'a>(ingress: &'a Value, name: &str) -> Option<&'a str> {
    ingress["metadata"]["annotations"][format!("{PREFIX}/{name}")].as_str().filter(|text| !text.is_empty())
}

fn paths(ingress: &Value) -> impl Iterator<Item = (&str, Location<'_>)> {
    let rules = ingress["spec"]["rules"].as_array().into_iter().flatten();
    rules.flat_map(|rule| {
        let paths = rule["http"]["paths"].as_array().into_iter().flatten();
        paths.map(move |path| {
            let location = Location {
                path: path["path"].as_str().unwrap_or("/"),
                kind: if path["pathType"] == "Exact" { "Exact" } else { "Prefix" },
                service: path["backend"]["service"]["name"].as_str().unwrap_or_default(),
            };
            (rule["host"].as_str().unwrap_or(ANY), location)
        })
    })
}

/// A default backend is for all hosts of its Ingress that no Ingress before had, where these have no rule for everything; that
/// of an Ingress without rules is for all hosts that no Ingress has.
fn hosts<'a>(ingresses: impl Iterator<Item = &'a Value>) -> BTreeMap<&'a str, Vec<Location<'a>>> {
    let mut hosts: BTreeMap<&str, Vec<Location<'_>>> = [(ANY, Vec::new())].into();
    let mut defaults: Vec<(&str, &str)> = Vec::new();
    for ingress in ingresses {
        let rules = ingress["spec"]["rules"].as_array().into_iter().flatten();
        let mut own: Vec<&str> = rules.map(|rule| rule["host"].as_str().unwrap_or(ANY)).collect();
        match &own[..] {
            [] => own.push(ANY),
            _ => own.retain(|host| !hosts.contains_key(host)),
        }
        for host in &own {
            hosts.entry(host).or_default();
        }
        for (host, location) in paths(ingress) {
            let locations = hosts.entry(host).or_default();
            if !locations.iter().any(|other| (other.path, other.kind) == (location.path, location.kind)) {
                locations.push(location);
            }
        }
        if let Some(service) = ingress["spec"]["defaultBackend"]["service"]["name"].as_str() {
            defaults.extend(own.into_iter().map(|host| (host, service)));
        }
    }
    for (host, service) in defaults {
        let locations = hosts.entry(host).or_default();
        if !locations.iter().any(|location| location.path == "/" && location.kind != "Exact") {
            locations.push(Location { path: "/", kind: "Prefix", service });
        }
    }
    hosts
}

/// A canary Ingress is for the Services that have its hosts and paths. The first counts. One that has a path on a host that
/// others have, too, and finds no Service there, is dropped with all that it is for.
fn alternatives<'a>(
    canaries: impl Iterator<Item = &'a Value>,
    hosts: &BTreeMap<&'a str, Vec<Location<'a>>>,
) -> Alternatives<'a> {
    let mut alternatives = Alternatives::new();
    let mut dropped = BTreeSet::new();
    for ingress in canaries {
        let mut add = |canary: &'a str, locations: Vec<&Location<'a>>| {
            if locations.is_empty() {
                dropped.insert(canary);
            }
            for location in locations {
                alternatives.entry(location.service).or_insert((ingress, canary));
            }
        };
        if let Some(canary) = ingress["spec"]["defaultBackend"]["service"]["name"].as_str() {
            add(canary, hosts[ANY].iter().collect());
        }
        for (host, canary) in paths(ingress) {
            if let Some(locations) = hosts.get(host) {
                let is_same = |other: &&Location<'_>| (other.path, other.kind) == (canary.path, canary.kind);
                add(canary.service, locations.iter().filter(is_same).collect());
            }
        }
    }
    alternatives.retain(|_, (_, canary)| !dropped.contains(canary));
    alternatives
}

fn places(location: &Location<'_>, whole: &BTreeSet<&str>) -> Vec<String> {
    let path = location.path;
    match location.kind {
        "Exact" => vec![format!("= {path}")],
        "Prefix" if path != "/" => {
            let stem = path.trim_end_matches('/');
            let itself = (!whole.contains(stem)).then(|| format!("= {stem}"));
            itself.into_iter().chain([format!("{stem}/")]).collect()
        }
        _ => vec![path.into()],
    }
}

fn server_name(host: &str) -> String {
    match host.strip_prefix("*.") {
        Some(rest) => format!(r"~^[\w-]+\.{}$", rest.replace('.', r"\.")),
        None => host.into(),
    }
}

/// Who gets a request for a Service, as the variable `$to_…`.
fn choice(number: usize, main: &str, canary: &str, ingress: &Value) -> String {
    // Without `~` they are compared without regard to case.
    let always = [("^always$".to_string(), canary), ("^never$".to_string(), main)];
    let header = note(ingress, "canary-by-header").map(|name| format!("http_{}", name.replace('-', "_")));
    let by_header = match (note(ingress, "canary-by-header-value"), note(ingress, "canary-by-header-pattern")) {
        (Some(value), _) => vec![(format!(r"^\Q{value}\E$"), canary)],
        (None, Some(pattern)) => vec![(pattern.to_string(), canary)],
        (None, None) => always.to_vec(),
    };
    let cookie = note(ingress, "canary-by-cookie").map(|name| format!("cookie_{name}"));
    let weight = |name: &str| note(ingress, name).map_or(0, |text| text.parse::<u32>().expect("a number"));
    let total = weight("canary-weight-total").max(100);
    let percent = f64::from(weight("canary-weight")) * 100.0 / f64::from(total);
    let split = match percent {
        0.0 => format!("* {main};"),
        100.0.. => format!("* {canary};"),
        _ => format!("{percent:.2}% {canary}; * {main};"),
    };
    map(header.as_deref(), &format!("header_{number}"), &by_header)
        + &map(cookie.as_deref(), &format!("cookie_choice_{number}"), &always)
        + &format!("split_clients \"$http_{DICE}\" $weight_{number} {{ {split} }}\n")
        + &format!(
            "map $cookie_choice_{number} $rest_{number} {{ \"\" $weight_{number}; default $cookie_choice_{number}; }}\n"
        )
        + &format!("map $header_{number} $to_{number} {{ \"\" $rest_{number}; default $header_{number}; }}\n")
}

/// What the first expression that matches says; nothing when there is no variable, or none matches.
fn map(variable: Option<&str>, to: &str, expressions: &[(String, &str)]) -> String {
    let source = variable.map_or(String::new(), |variable| format!("${variable}"));
    let lines = expressions.iter().filter(|_| variable.is_some()).map(|(expression, who)| {
        let quoted = expression.replace('\\', r"\\").replace('"', "\\\"");
        format!("\"~{quoted}\" {who};")
    });
    format!("map \"{source}\" ${to} {{ default \"\"; {} }}\n", lines.collect::<Vec<_>>().join(" "))
}

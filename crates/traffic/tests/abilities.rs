//! What each router can match on, as docs/traffic.md says: the table there is what the routers refuse, asked one by one.

use rollouts_api::Rollout;
use rollouts_traffic::{Block, Context, Managed, Matches, Pattern, Settings, used};
use serde_json::{Value, json};
use std::path::Path;

/// A router by its title in the table, and what a Rollout says to use it.
fn routers() -> Vec<(&'static str, Value, Settings)> {
    let usual = Settings::default;
    let old_traefik = Settings { traefik_api_version: "traefik.containo.us/v1alpha1".into(), ..usual() };
    let traefik = json!({ "traefik": { "weightedTraefikServiceName": "web", "ingressRouteName": "web" } });
    let gateway = |route: &str| json!({ "plugins": { "argoproj-labs/gatewayAPI": { route: "web" } } });
    vec![
        ("[NGINX](traffic/nginx.md)", json!({ "nginx": { "stableIngress": "web" } }), usual()),
        ("[Istio](traffic/istio.md)", json!({ "istio": { "virtualService": { "name": "web" } } }), usual()),
        ("[AWS ALB](traffic/alb.md)", json!({ "alb": { "ingress": "web", "servicePort": 80 } }), usual()),
        ("[Gateway API](traffic/gateway-api.md), HTTPRoute", gateway("httpRoute"), usual()),
        ("Gateway API, GRPCRoute", gateway("grpcRoute"), usual()),
        ("[Traefik](traffic/traefik.md) 3", traefik.clone(), usual()),
        ("Traefik 2", traefik, old_traefik),
        ("[APISIX](traffic/apisix.md)", json!({ "apisix": { "route": { "name": "web" } } }), usual()),
        ("[Ambassador](traffic/ambassador.md)", json!({ "ambassador": { "mappings": ["web"] } }), usual()),
        ("[SMI](traffic/smi.md)", json!({ "smi": {} }), usual()),
        ("[App Mesh](traffic/app-mesh.md)", json!({ "appMesh": { "virtualService": { "name": "web" } } }), usual()),
    ]
}

const PARTS: [&str; 5] = ["header", "cookie", "query", "path", "method"];

/// A block that asks one thing of requests.
fn block(part: &str, pattern: Pattern) -> Block {
    let named = |name: &str| vec![(name.to_string(), pattern.clone())];
    match part {
        "header" => Block { headers: named("x-ring"), ..Block::default() },
        "cookie" => Block { cookies: named("tester"), ..Block::default() },
        "query" => Block { query_params: named("ring"), ..Block::default() },
        "path" => Block { path: Some(pattern), ..Block::default() },
        _ => Block { method: Some(pattern), ..Block::default() },
    }
}

/// What the part may look like, in the three ways to ask for it.
fn patterns(part: &str) -> [(&'static str, Pattern); 3] {
    let (exact, prefix) = match part {
        // Those of gRPC are calls.
        "path" => ("/shop.Cart/Add", "/shop.Cart/"),
        "method" => ("GET", "P"),
        _ => ("always", "al"),
    };
    [
        ("exact", Pattern::Exact(exact.into())),
        ("prefix", Pattern::Prefix(prefix.into())),
        ("regex", Pattern::Regex(exact.into())),
    ]
}

fn row(title: &str, routing: &Value, settings: &Settings) -> String {
    let canary = json!({ "canaryService": "canary", "stableService": "stable", "trafficRouting": routing });
    let rollout = json!({ "metadata": { "name": "web" }, "spec": { "strategy": { "canary": canary } } });
    let rollout: Rollout = serde_json::from_value(rollout).expect("a Rollout");
    let routing = rollout.spec.traffic_routing().expect("it routes traffic");
    let cx = Context { rollout: &rollout, routing, settings };
    let can = |block: Block, mirror: Option<i32>| {
        let managed = Managed { name: "testers".into(), matches: Matches::AnyOf(vec![block]), mirror };
        used(routing).iter().all(|router| router.refuses(&cx, &managed).is_none())
    };
    let cell = |part: &&str| {
        let able = patterns(part).into_iter().filter(|(_, pattern)| can(block(part, pattern.clone()), None));
        let able: Vec<&str> = able.map(|(name, _)| name).collect();
        if able.is_empty() { "–".to_string() } else { able.join(", ") }
    };
    let mut cells: Vec<String> = PARTS.iter().map(cell).collect();
    let exact = block("header", Pattern::Exact("1".into()));
    cells.push(if can(exact, Some(100)) { "yes" } else { "–" }.to_string());
    format!("| {title} | {} |", cells.join(" | "))
}

#[test]
fn the_table_of_matches_says_what_routers_refuse() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/traffic.md");
    let document = std::fs::read_to_string(path).expect("a document");
    let mut table =
        vec![format!("| | {} | mirror |", PARTS.join(" | ")), format!("|{}", "---|".repeat(PARTS.len() + 2))];
    table.extend(routers().iter().map(|(title, routing, settings)| row(title, routing, settings)));
    let table = table.join("\n");
    assert!(document.contains(&table), "docs/traffic.md should have this table:\n\n{table}\n");
}

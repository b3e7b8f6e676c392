//! Gateway API: what its specification makes of HTTPRoutes, in an Envoy.

use crate::envoy::Envoy;
use crate::envoy::bootstrap::{regex, route, virtual_host};
use crate::or_skip;
use crate::targeting;
use crate::world::World;
use rollouts_traffic::Kind;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;

const HTTP_ROUTES: Kind = Kind::fixed("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");

const NAMES: [&str; 3] = ["web-stable", "web-canary", "assets"];

/// A whole path, an expression for it, its length, a method, the number of headers, that of parameters.
type Rank = (bool, bool, usize, bool, usize, usize);

/// Each match of a rule is a route of Envoy's. The more special one comes first.
fn virtual_hosts(world: &World) -> Vec<Value> {
    let mut by_host: BTreeMap<&str, Vec<(Reverse<Rank>, Value)>> = BTreeMap::new();
    for object in world.all("httproutes") {
        let names: Vec<&str> =
            object["spec"]["hostnames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for name in if names.is_empty() { vec!["*"] } else { names } {
            for rule in object["spec"]["rules"].as_array().into_iter().flatten() {
                let all = vec![json!({})];
                let matches = rule["matches"].as_array().filter(|matches| !matches.is_empty()).unwrap_or(&all);
                let routes = matches.iter().map(|m| (Reverse(rank(m)), to(&matches_of(m), rule)));
                by_host.entry(name).or_default().extend(routes);
            }
        }
    }
    let hosts = by_host.into_iter().map(|(name, mut routes)| {
        routes.sort_by_key(|(rank, _)| *rank);
        virtual_host(name, &[name], routes.into_iter().map(|(_, route)| route).collect())
    });
    hosts.collect()
}

fn path(of: &Value) -> (&str, &str) {
    (of["path"]["type"].as_str().unwrap_or("PathPrefix"), of["path"]["value"].as_str().unwrap_or("/"))
}

fn rank(of: &Value) -> Rank {
    let (kind, text) = path(of);
    let count = |field: &str| of[field].as_array().map_or(0, Vec::len);
    let is = |wanted: &str| kind == wanted;
    (is("Exact"), is("RegularExpression"), text.len(), of["method"].is_string(), count("headers"), count("queryParams"))
}

fn matches_of(of: &Value) -> Value {
    let mut envoy = match path(of) {
        ("Exact", text) => json!({ "path": text }),
        ("RegularExpression", text) => regex(&text.into()),
        (_, "/") => json!({ "prefix": "/" }),
        (_, text) => json!({ "path_separated_prefix": text.trim_end_matches('/') }),
    };
    let texts = |field: &str| -> Vec<Value> {
        let list = of[field].as_array().into_iter().flatten();
        let text = |wanted: &Value| match wanted["type"].as_str() {
            Some("RegularExpression") => regex(&wanted["value"]),
            _ => json!({ "exact": wanted["value"] }),
        };
        list.map(|wanted| json!({ "name": wanted["name"], "string_match": text(wanted) })).collect()
    };
    let method = of["method"].as_str().map(|method| json!({ "name": ":method", "string_match": { "exact": method } }));
    envoy["headers"] = texts("headers").into_iter().chain(method).collect();
    envoy["query_parameters"] = texts("queryParams").into();
    envoy
}

fn to(matches: &Value, rule: &Value) -> Value {
    let name = |reference: &Value| reference["name"].as_str().expect("a name").to_string();
    let references = rule["backendRefs"].as_array().into_iter().flatten();
    let clusters: Vec<(String, u64)> =
        references.map(|reference| (name(reference), reference["weight"].as_u64().unwrap_or(1))).collect();
    let filters = rule["filters"].as_array().into_iter().flatten();
    let mirrors = filters.map(|filter| {
        assert_eq!(filter["type"], "RequestMirror", "nothing is known of others");
        let mirror = &filter["requestMirror"];
        let percent = mirror["percent"].as_u64().unwrap_or(100);
        (name(&mirror["backendRef"]), json!({ "numerator": percent, "denominator": "HUNDRED" }))
    });
    route(matches, &clusters, &mirrors.collect::<Vec<_>>())
}

fn world(more: Value) -> World {
    let to = |name: &str| json!({ "name": name, "port": 80 });
    let split = json!([to("web-stable"), to("web-canary")]);
    let prefix = |path: &str| json!({ "type": "PathPrefix", "value": path });
    let exact = |path: &str| json!({ "type": "Exact", "value": path });
    let front = json!({ "hostnames": ["a.example", "*.wild.example"], "rules": [
        { "backendRefs": split },
        { "matches": [{ "path": prefix("/static") }], "backendRefs": [to("assets")] },
        { "matches": [{ "path": exact("/static/web") }, { "path": prefix("/static/dynamic/") }], "backendRefs": split },
        {
            "matches": [{ "method": "DELETE" }, { "headers": [{ "name": "x-who", "value": "assets" }] }],
            "backendRefs": [to("assets")],
        },
    ] });
    let other = json!({ "hostnames": ["b.example"], "rules": [{ "backendRefs": [to("assets")] }] });
    let object = |name: &str, spec: Value| {
        (HTTP_ROUTES.named("ns", name), json!({ "metadata": { "name": name, "namespace": "ns" }, "spec": spec }))
    };
    let mut routing = more;
    let routes = json!([{ "name": "front", "useHeaderRoutes": true }]);
    routing["plugins"] = json!({ "argoproj-labs/gatewayAPI": { "httpRoutes": routes } });
    World::new(routing, [object("front", front), object("other", other)])
}

async fn envoy() -> Option<Envoy> {
    or_skip(Envoy::new(&NAMES, virtual_hosts).await)
}

#[tokio::test]
async fn weights_of_the_gateway_api_in_a_real_envoy() {
    let Some(mut envoy) = envoy().await else { return };
    for (max, weights) in [(100, &[0, 1, 25, 100][..]), (1000, &[333])] {
        let mut world = world(json!({ "maxTrafficWeight": max }));
        for weight in weights {
            world.route(*weight, &[]);
            let requests = [
                "GET a.example/",
                "GET x.wild.example/",
                "GET x.y.wild.example/",
                "GET b.example/",
                "GET c.example/",
                "GET a.example/static",
                "GET a.example/static/x?y=1",
                "GET a.example/statics",
                "GET a.example/static/web",
                "GET a.example/static/dynamic",
                "GET a.example/static/dynamic/x",
                "DELETE a.example/x",
                "DELETE a.example/static/web",
                "GET a.example/ | x-who: assets",
                "GET a.example/static/web | x-who: assets",
            ];
            envoy.agrees(&world, &requests, &format!("{weight} of {max}")).await;
        }
    }
    let mut world = world(json!({}));
    world.route(25, &[]);
    envoy.agrees_by_chance(&world, &["GET a.example/", "GET a.example/static/web"], "by chance").await;
}

#[tokio::test]
async fn managed_routes_of_the_gateway_api_in_a_real_envoy() {
    let Some(mut envoy) = envoy().await else { return };
    let mut world = world(json!({ "managedRoutes": [{ "name": "vip" }, { "name": "other" }] }));
    for case in targeting::cases() {
        world.route(30, &case.steps);
        case.assert_targets(&world);
        envoy.agrees(&world, case.requests, case.about).await;
    }
    world.route(30, &[]);
    envoy.agrees(&world, &["GET a.example/", "GET a.example/ | x-tier: beta"], "none is left").await;
}

#[tokio::test]
async fn copies_for_the_gateway_api_in_a_real_envoy() {
    let Some(mut envoy) = envoy().await else { return };
    let mut world = world(json!({ "managedRoutes": [{ "name": "vip" }, { "name": "shadow" }] }));
    for percentage in [35, 100] {
        world.route(20, &targeting::mirror(percentage));
        let requests = ["GET a.example/api", "POST a.example/api", "GET a.example/api | x-tier: beta"];
        envoy.copies(&world, &requests, &percentage.to_string()).await;
    }
}

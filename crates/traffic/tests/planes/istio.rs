//! Istio: what it makes of VirtualServices and DestinationRules, in an Envoy.

use crate::envoy::Envoy;
use crate::envoy::bootstrap::{regex, route, virtual_host};
use crate::or_skip;
use crate::targeting;
use crate::world::World;
use rollouts_traffic::Kind;
use serde_json::{Value, json};

const VIRTUAL_SERVICES: Kind = Kind::fixed("networking.istio.io", "v1alpha3", "VirtualService", "virtualservices");
const DESTINATION_RULES: Kind = Kind::fixed("networking.istio.io", "v1alpha3", "DestinationRule", "destinationrules");

const NAMES: [&str; 5] = [
    "web-stable",
    "web-canary",
    "assets",
    "web[app=web,rollouts-pod-template-hash=new]",
    "web[app=web,rollouts-pod-template-hash=old]",
];

/// Each block of a route is a route of Envoy's, in their order.
fn virtual_hosts(world: &World) -> Vec<Value> {
    let services = world.all("virtualservices").into_iter().enumerate();
    let hosts = services.map(|(number, service)| {
        let domains: Vec<&str> =
            service["spec"]["hosts"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let http = service["spec"]["http"].as_array().into_iter().flatten();
        let routes = http.flat_map(|http| {
            let all = vec![json!({})];
            let blocks = http["match"].as_array().filter(|blocks| !blocks.is_empty()).unwrap_or(&all);
            blocks.iter().map(|block| to(world, &matches(block), http)).collect::<Vec<_>>()
        });
        virtual_host(&number.to_string(), &domains, routes.collect())
    });
    hosts.collect()
}

fn to(world: &World, matches: &Value, http: &Value) -> Value {
    let destinations = http["route"].as_array().map_or(&[][..], |all| all);
    let weight = |destination: &Value| match destinations {
        // The only one has everything.
        [_] => 100,
        _ => destination["weight"].as_u64().unwrap_or(0),
    };
    let clusters: Vec<(String, u64)> =
        destinations.iter().map(|d| (cluster(world, &d["destination"]), weight(d))).collect();
    let share = |percent: &Value| {
        let millionths = percent["value"].as_f64().unwrap_or(100.0) * 10_000.0;
        json!({ "numerator": serde_json::Number::from_f64(millionths), "denominator": "MILLION" })
    };
    let mirror = Some(&http["mirror"]).filter(|mirror| mirror.is_object());
    let mirror = mirror.map(|mirror| (cluster(world, mirror), share(&http["mirrorPercentage"])));
    let mirrors = http["mirrors"].as_array().into_iter().flatten();
    let mirrors = mirrors.map(|m| (cluster(world, &m["destination"]), share(&m["percentage"])));
    route(matches, &clusters, &mirror.into_iter().chain(mirrors).collect::<Vec<_>>())
}

/// The pods of a Service, or those of them that have the labels of a subset.
fn cluster(world: &World, destination: &Value) -> String {
    let host = destination["host"].as_str().and_then(|host| host.split('.').next()).expect("a host");
    let Some(subset) = destination["subset"].as_str() else { return host.into() };
    let rules = world.all("destinationrules");
    let subsets = rules.iter().flat_map(|rule| rule["spec"]["subsets"].as_array()).flatten();
    let labels = subsets.into_iter().find(|s| s["name"] == subset).map(|s| &s["labels"]).expect("a subset");
    let labels = labels.as_object().into_iter().flatten();
    let labels: Vec<String> = labels.map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
    format!("{host}[{}]", labels.join(","))
}

fn matches(block: &Value) -> Value {
    let mut envoy = json!({ "prefix": "/" });
    let (mut headers, mut parameters) = (Vec::new(), Vec::new());
    for (field, wanted) in block.as_object().into_iter().flatten() {
        let named = || wanted.as_object().into_iter().flatten();
        match field.as_str() {
            "uri" => envoy = uri(wanted, block["ignoreUriCase"] == true),
            "ignoreUriCase" => {}
            "method" => headers.push(named_text(":method", wanted)),
            "authority" => headers.push(named_text(":authority", wanted)),
            "headers" => headers.extend(named().map(|(name, wanted)| named_text(name, wanted))),
            "queryParams" => parameters.extend(named().map(|(name, wanted)| named_text(name, wanted))),
            other => panic!("nothing is known of {other}"),
        }
    }
    envoy["headers"] = headers.into();
    envoy["query_parameters"] = parameters.into();
    envoy
}

fn uri(wanted: &Value, ignores_case: bool) -> Value {
    let (kind, text) = only(wanted).expect("a text");
    let mut envoy = match kind {
        "exact" => json!({ "path": text }),
        "prefix" => json!({ "prefix": text }),
        _ => regex(text),
    };
    if ignores_case {
        envoy["case_sensitive"] = json!(false);
    }
    envoy
}

fn named_text(name: &str, wanted: &Value) -> Value {
    match only(wanted) {
        None => json!({ "name": name, "present_match": true }),
        Some(("regex", text)) => json!({ "name": name, "string_match": regex(text) }),
        Some((kind, text)) => json!({ "name": name, "string_match": { kind: text } }),
    }
}

fn only(wanted: &Value) -> Option<(&str, &Value)> {
    wanted.as_object()?.iter().next().map(|(kind, text)| (kind.as_str(), text))
}

fn world(routing: Value, http: Value) -> World {
    let spec = json!({ "hosts": ["a.example", "*.wild.example"], "http": http });
    let other = json!({ "hosts": ["*"], "http": [{ "route": [{ "destination": { "host": "assets" } }] }] });
    let rule = json!({ "host": "web", "subsets": [
        { "name": "canary", "labels": { "app": "web" } }, { "name": "stable", "labels": { "app": "web" } },
    ] });
    let object = |kind: &Kind, name: &str, spec: Value| {
        (kind.named("ns", name), json!({ "metadata": { "name": name, "namespace": "ns" }, "spec": spec }))
    };
    World::new(
        routing,
        [
            object(&VIRTUAL_SERVICES, "front", spec),
            object(&VIRTUAL_SERVICES, "other", other),
            object(&DESTINATION_RULES, "web", rule),
        ],
    )
}

fn hosts() -> Value {
    json!([{ "destination": { "host": "web-stable" } }, { "destination": { "host": "web-canary.ns.svc.cluster.local" } }])
}

async fn envoy() -> Option<Envoy> {
    or_skip(Envoy::new(&NAMES, virtual_hosts).await)
}

#[tokio::test]
async fn hosts_of_istio_in_a_real_envoy() {
    let Some(mut envoy) = envoy().await else { return };
    let mut world = world(json!({ "istio": { "virtualService": { "name": "front" } } }), json!([{ "route": hosts() }]));
    for weight in [0, 1, 25, 100] {
        world.route(weight, &[]);
        let requests = ["GET a.example/", "GET b.wild.example/x?y=1", "GET A.EXAMPLE/", "GET b.example/"];
        envoy.agrees(&world, &requests, &weight.to_string()).await;
    }
    world.route(25, &[]);
    envoy.agrees_by_chance(&world, &["GET a.example/", "GET x.y.wild.example/"], "by chance").await;
}

#[tokio::test]
async fn subsets_of_istio_in_a_real_envoy() {
    let Some(mut envoy) = envoy().await else { return };
    let subset = |name: &str| json!({ "destination": { "host": "web", "subset": name } });
    let http = json!([
        { "name": "static", "match": [{ "uri": { "prefix": "/static" } }], "route": [{ "destination": { "host": "assets" } }] },
        { "name": "main", "route": [subset("stable"), subset("canary")] },
    ]);
    let rule = json!({ "name": "web", "canarySubsetName": "canary", "stableSubsetName": "stable" });
    let virtual_service = json!({ "name": "front", "routes": ["main"] });
    let routing = json!({ "istio": { "virtualService": virtual_service, "destinationRule": rule } });
    let mut world = world(routing, http);
    for weight in [0, 40, 100] {
        world.route(weight, &[]);
        envoy.agrees(&world, &["GET a.example/", "GET a.example/static/x"], &weight.to_string()).await;
    }
}

fn managed() -> World {
    let routing = json!({
        "managedRoutes": [{ "name": "vip" }, { "name": "shadow" }, { "name": "other" }],
        "istio": { "virtualService": { "name": "front", "routes": ["main"] } },
    });
    let assets = json!([{ "destination": { "host": "assets" } }]);
    let block = json!({ "uri": { "prefix": "/Static" }, "ignoreUriCase": true, "authority": { "exact": "a.example" } });
    world(
        routing,
        json!([{ "name": "static", "match": [block], "route": assets }, { "name": "main", "route": hosts() }]),
    )
}

#[tokio::test]
async fn managed_routes_of_istio_in_a_real_envoy() {
    let Some(mut envoy) = envoy().await else { return };
    let mut world = managed();
    for case in targeting::cases() {
        world.route(30, &case.steps);
        case.assert_targets(&world);
        envoy.agrees(&world, case.requests, case.about).await;
    }
    world.route(30, &[]);
    let requests =
        ["GET a.example/", "GET a.example/static", "GET b.wild.example/static", "GET a.example/ | x-tier: beta"];
    envoy.agrees(&world, &requests, "none is left").await;
}

#[tokio::test]
async fn copies_for_istio_in_a_real_envoy() {
    let Some(mut envoy) = envoy().await else { return };
    let mut world = managed();
    for percentage in [35, 100] {
        world.route(20, &targeting::mirror(percentage));
        let requests = ["GET a.example/api", "POST a.example/api", "GET a.example/api | x-tier: beta"];
        envoy.copies(&world, &requests, &percentage.to_string()).await;
    }
}

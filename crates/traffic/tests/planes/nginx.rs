//! NGINX, with what its Ingress controller makes of the Ingresses of a Rollout.

mod config;

use crate::backends::Backends;
use crate::client::{Client, request};
use crate::compare::{Dice, agree};
use crate::or_skip;
use crate::world::World;
use rollouts_testing::servers::{Directory, Server, debian};
use rollouts_traffic::INGRESSES;
use serde_json::{Value, json};
use std::path::PathBuf;

struct Plane {
    program: PathBuf,
    backends: Backends,
    dice: Dice,
}

impl Plane {
    async fn start() -> Result<Plane, String> {
        let program = debian::unpacked("nginx", &["nginx"])?.join("usr/sbin/nginx");
        let backends = Backends::start(&["web-stable", "web-canary", "assets"]).await;
        Ok(Plane { program, backends, dice: Dice::new(1) })
    }

    /// Sends the requests through an NGINX for the Ingresses.
    async fn agrees(&mut self, world: &World, requests: &[&str], about: &str) {
        let mut server = Server::start(Directory::new("nginx"), |directory, address| {
            directory.write("nginx.conf", &config::config(&world.all("ingresses"), &self.backends, address));
            let mut nginx = directory.command(&self.program);
            nginx.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(directory.path());
            nginx
        });
        let mut client = Client::connect(&mut server).await;
        let requests = requests.iter().map(|text| request(text));
        let requests: Vec<_> = requests.map(|request| (request.clone(), world.answer(&request))).collect();
        agree(&mut client, Some(&mut self.dice), &requests, about).await;
    }
}

fn path(path: &str, kind: &str, service: &str) -> Value {
    let backend = json!({ "service": { "name": service, "port": { "number": 80 } } });
    json!({ "path": path, "pathType": kind, "backend": backend })
}

/// The Ingress of the Rollout, and one of somebody else.
fn world(routing: Value) -> World {
    let ingress = |name: &str, spec: Value| {
        (INGRESSES.named("ns", name), json!({ "metadata": { "name": name, "namespace": "ns" }, "spec": spec }))
    };
    let own = [
        path("/", "Prefix", "web-stable"),
        path("/api", "Exact", "web-stable"),
        path("/api", "Prefix", "assets"),
        path("/old", "ImplementationSpecific", "assets"),
        path("/old/but-gold", "Prefix", "web-stable"),
    ];
    let front = json!({ "rules": [
        { "host": "a.example", "http": { "paths": own } },
        { "host": "*.wild.example", "http": { "paths": [path("/app", "Prefix", "web-stable")] } },
        { "host": "b.example", "http": { "paths": [path("/only", "Prefix", "web-stable")] } },
    ] });
    let other = json!({ "rules": [{ "http": { "paths": [path("/", "Prefix", "assets")] } }] });
    World::new(routing, [ingress("front", front), ingress("other", other)])
}

fn nginx(more: Value) -> Value {
    let mut routing = json!({ "nginx": { "stableIngress": "front" } });
    for (name, value) in more.as_object().into_iter().flatten() {
        routing["nginx"][name] = value.clone();
    }
    routing
}

#[tokio::test]
async fn a_real_nginx_shares_by_weight() {
    let Some(mut plane) = or_skip(Plane::start().await) else { return };
    for (max, weights) in [(None, &[0, 1, 10, 50, 100][..]), (Some(1000), &[5, 333]), (Some(10), &[3])] {
        let mut routing = nginx(json!({}));
        if let Some(max) = max {
            routing["maxTrafficWeight"] = json!(max);
        }
        let mut world = world(routing);
        for weight in weights {
            world.route(*weight, &[]);
            let requests = ["GET a.example/", "POST a.example/x?y=1 | cookie: a=always", "GET a.example/api"];
            plane.agrees(&world, &requests, &format!("{weight} of {max:?}")).await;
        }
    }
}

#[tokio::test]
async fn a_real_nginx_goes_by_hosts_and_paths() {
    let Some(mut plane) = or_skip(Plane::start().await) else { return };
    let mut world = world(nginx(json!({})));
    world.route(100, &[]);
    let requests = [
        "GET a.example/",
        "GET A.Example/",
        "GET a.example/api",
        "GET a.example/api/",
        "GET a.example/api/x",
        "GET a.example/apis",
        "GET a.example/API",
        "GET a.example/old",
        "GET a.example/older",
        "GET a.example/old/but-gold",
        "GET a.example/old/but-gold/x",
        "GET a.example/old/but-golden",
        "GET x.wild.example/app",
        "GET x.wild.example/app/y",
        "GET x.wild.example/application",
        "GET x.y.wild.example/app",
        "GET wild.example/app",
        "GET b.example/only",
        "GET b.example/other",
        "GET c.example/",
    ];
    plane.agrees(&world, &requests, "all of it").await;
}

#[tokio::test]
async fn default_backends_of_a_real_nginx() {
    let Some(mut plane) = or_skip(Plane::start().await) else { return };
    let rule = |host: &str, paths: Value| json!({ "host": host, "http": { "paths": paths } });
    let stat = || json!([path("/static", "Prefix", "assets")]);
    let spec = |rules: Value| {
        let default = json!({ "service": { "name": "web-stable", "port": { "number": 80 } } });
        json!({ "defaultBackend": default, "rules": rules })
    };
    // Who gets `/` of the hosts a, b and c.
    let cases = [
        (spec(json!([])), ["web-canary"; 3]),
        (spec(json!([rule("a.example", stat())])), ["web-canary", "", ""]),
        (spec(json!([rule("a.example", stat()), { "host": "b.example" }])), ["web-canary", "web-canary", ""]),
        (
            spec(json!([
                rule("a.example", stat()),
                rule("b.example", json!([path("/", "Prefix", "assets"), path("/shop", "Prefix", "web-stable")])),
            ])),
            ["web-canary", "assets", ""],
        ),
        (
            spec(json!([
                rule("a.example", json!([path("/", "Exact", "assets")])),
                rule("b.example", json!([path("/", "ImplementationSpecific", "assets")])),
                { "http": { "paths": stat() } },
            ])),
            ["assets", "assets", ""],
        ),
    ];
    for (spec, expected) in cases {
        let front = json!({ "metadata": { "name": "front", "namespace": "ns" }, "spec": spec });
        let mut world = World::new(nginx(json!({})), [(INGRESSES.named("ns", "front"), front)]);
        world.route(100, &[]);
        let hosts = ["GET a.example/", "GET b.example/", "GET c.example/"];
        let to = hosts.map(|text| world.answer(&request(text)).to.first().map(|(to, _)| to.service.clone()));
        assert_eq!(to.map(Option::unwrap_or_default), expected, "{spec}");
        let others = ["GET a.example/other", "GET a.example/static/x", "GET b.example/shop"];
        plane.agrees(&world, &[hosts, others].concat(), &spec.to_string()).await;
    }
}

#[tokio::test]
async fn a_real_nginx_asks_headers_before_cookies_before_weights() {
    let Some(mut plane) = or_skip(Plane::start().await) else { return };
    let requests = [
        "GET a.example/",
        "GET a.example/ | x-canary: always",
        "GET a.example/ | x_canary: always",
        "GET a.example/ | X-CANARY: never",
        "GET a.example/ | x-canary: Always",
        "GET a.example/ | x-canary: never | cookie: tester=always",
        "GET a.example/ | x-canary: maybe | cookie: tester=always",
        "GET a.example/ | cookie: tester=always",
        "GET a.example/ | cookie: a=b; tester=never",
        "GET a.example/ | cookie: Tester=always",
        "GET a.example/ | cookie: tester=Always",
        "GET a.example/ | cookie: tester=never; tester=always",
        "GET a.example/ | cookie: other=always",
        "GET a.example/api/x | x-canary: always",
    ];
    for header in ["X-Canary", "x_canary"] {
        let annotations = json!({ "canary-by-header": header, "canary-by-cookie": "tester" });
        let mut world = world(nginx(json!({ "additionalIngressAnnotations": annotations })));
        for weight in [0, 50] {
            world.route(weight, &[]);
            plane.agrees(&world, &requests, &format!("{header} or {weight}")).await;
        }
    }
}

/// Steps of a Rollout, and requests.
type Case = (Value, &'static [&'static str]);

#[tokio::test]
async fn managed_routes_of_a_real_nginx() {
    let Some(mut plane) = or_skip(Plane::start().await) else { return };
    let header = |matches: Value| json!([{ "setHeaderRoute": { "name": "vip", "match": matches } }]);
    let cases: [Case; 6] = [
        (
            header(json!([{ "headerName": "X-Tier", "headerValue": { "exact": "beta" } }])),
            &[
                "GET a.example/ | x-tier: beta",
                "GET a.example/ | x-tier: Beta",
                "GET a.example/ | x-tier: betas",
                "GET a.example/ | x-tier: always",
                "GET a.example/ | x-tier: never",
                "GET a.example/",
            ],
        ),
        (
            header(json!([{ "headerName": "X-Tier", "headerValue": { "prefix": "a.b+" } }])),
            &["GET a.example/ | x-tier: a.b+c", "GET a.example/ | x-tier: axbb", "GET a.example/ | x-tier: 1a.b+"],
        ),
        (
            header(json!([{ "headerName": "user-agent", "headerValue": { "regex": "(Fire|Water)fox/1[0-9]" } }])),
            &[
                "GET a.example/ | user-agent: Firefox/12",
                "GET a.example/ | user-agent: Waterfox/19",
                "GET a.example/ | user-agent: Firefox/123",
                "GET a.example/ | user-agent: a Firefox/12",
            ],
        ),
        (
            header(json!([{ "headerName": "x-note", "headerValue": { "exact": "two words; \"quoted\" 100% $5" } }])),
            &["GET a.example/ | x-note: two words; \"quoted\" 100% $5", "GET a.example/ | x-note: two words"],
        ),
        (
            header(json!([
                { "cookies": { "tester": { "prefix": "y" } } },
                { "cookies": { "team": { "regex": "red|blue" } } },
            ])),
            &[
                "GET a.example/ | cookie: tester=yes",
                "GET a.example/ | cookie: a=1; tester=y; b=2",
                "GET a.example/ | cookie: a=1; team=blue",
                "GET a.example/ | cookie: team=blueish",
                "GET a.example/ | cookie: teams=blue",
                "GET a.example/ | cookie: no-tester=yes",
            ],
        ),
        (
            header(json!([
                { "headers": { "x-tier": { "exact": "beta" } } },
                { "headers": { "X-Tier": { "regex": "gold.*" } } },
                { "cookies": { "tester": { "exact": "always" } } },
            ])),
            &[
                "GET a.example/ | x-tier: beta",
                "GET a.example/ | x-tier: golden",
                "GET a.example/ | x-tier: old | cookie: tester=always",
                "GET a.example/ | x-tier: beta | cookie: tester=never",
                "GET a.example/ | cookie: tester=never",
                "GET a.example/ | cookie: tester=maybe",
            ],
        ),
    ];
    let mut routing = nginx(json!({}));
    routing["managedRoutes"] = json!([{ "name": "vip" }]);
    let mut world = world(routing);
    for (steps, requests) in &cases {
        for weight in [0, 40] {
            world.route(weight, steps.as_array().expect("a list"));
            plane.agrees(&world, requests, &format!("{weight}: {steps}")).await;
        }
    }
    // And none is left.
    world.route(40, &[]);
    plane.agrees(&world, &["GET a.example/ | x-tier: beta", "GET a.example/ | cookie: tester=always"], "removed").await;
}

/// Why matches on such headers are refused.
#[tokio::test]
async fn a_real_nginx_drops_headers_with_odd_names() {
    let Some(mut plane) = or_skip(Plane::start().await) else { return };
    let mut routing = nginx(json!({}));
    routing["managedRoutes"] = json!([{ "name": "vip" }]);
    let mut world = world(routing);
    let matches = json!([{ "headerName": "x_tier", "headerValue": { "exact": "beta" } }]);
    world.route(0, &[json!({ "setHeaderRoute": { "name": "vip", "match": matches } })]);
    let odd = ["x.tier", "x_tier", "x~tier", "x!tier"];
    let mut requests = odd.map(|name| format!("GET a.example/ | {name}: beta")).to_vec();
    requests.push("GET a.example/ | x-tier: beta".into());
    let texts: Vec<&str> = requests.iter().map(String::as_str).collect();
    plane.agrees(&world, &texts, "x_tier").await;
    assert_eq!(world.answer(&request(&requests[1])).to[0].0.service, "web-stable");
    assert_eq!(world.answer(&request(&requests[4])).to[0].0.service, "web-canary", "another header");
    assert!(plane.backends.has_seen("x-tier"));
    odd.iter().for_each(|name| assert!(!plane.backends.has_seen(name), "{name}"));
}

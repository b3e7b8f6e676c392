//! VirtualServices that split traffic by host.

use crate::world::{Told, VIRTUAL_SERVICES, World, split, to};
use rollouts_api::rollout::WeightDestination;
use rollouts_traffic::istio;
use rollouts_traffic::{Route, RouteError};
use serde_json::{Value, json};

fn canary(istio: Value) -> Value {
    json!({
        "canaryService": "app-canary",
        "stableService": "app-stable",
        "trafficRouting": { "istio": istio },
    })
}

fn by_host(routes: Value) -> World {
    World::new(canary(json!({ "virtualService": { "name": "app-vs", "routes": routes } })))
}

fn told(weight: i32) -> Told {
    Told {
        events: vec![format!("Updated VirtualService: VirtualService `app-vs` set to desiredWeight '{weight}'")],
        writes: vec!["VirtualService app-vs".into()],
        end: Ok(()),
    }
}

#[test]
fn the_listed_route_shifts_and_all_else_stays() {
    let main = |stable: i32, canary: i32| {
        json!({
            "hosts": ["app.example"],
            "gateways": ["edge"],
            "http": [
                {
                    "name": "main",
                    "timeout": "3s",
                    "retries": { "attempts": 2 },
                    "headers": { "request": { "set": { "x-via": "mesh" } } },
                    "route": split(&[
                        ("app-stable.ns.svc.cluster.local", stable),
                        ("app-canary.ns.svc.cluster.local", canary),
                    ]),
                },
                { "name": "aux", "route": split(&[("elsewhere-a", 50), ("elsewhere-b", 50)]) },
            ],
        })
    };
    let mut world = by_host(json!(["main"])).virtual_service("app-vs", main(100, 0));
    assert_eq!(world.route(&to(0)).writes, Vec::<String>::new(), "it is so already");
    for weight in [25, 60, 100, 0] {
        assert_eq!(world.route(&to(weight)), told(weight));
        assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &main(100 - weight, weight));
    }
}

#[test]
fn weights_made_by_hand_are_put_back() {
    let spec = |stable: i32, canary: i32| json!({ "http": [{ "route": split(&[("app-stable", stable), ("app-canary", canary)]) }] });
    let mut world = by_host(json!([])).virtual_service("app-vs", spec(100, 0));
    assert_eq!(world.route(&to(40)), told(40));
    let mut world = world.virtual_service("app-vs", spec(100, 0));
    assert_eq!(world.route(&to(40)), told(40));
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &spec(60, 40));
}

#[test]
fn all_sections_move_in_one_write() {
    let spec = |stable: i32, canary: i32| {
        let route = split(&[("app-stable", stable), ("app-canary", canary)]);
        json!({
            "http": [{ "route": route }],
            "tls": [{ "match": [{ "port": 443, "sniHosts": ["app.example"] }], "route": route }],
            "tcp": [{ "match": [{ "port": 9000 }], "route": route }],
        })
    };
    let mut world = by_host(json!([])).virtual_service("app-vs", spec(100, 0));
    for weight in [35, 100, 0] {
        assert_eq!(world.route(&to(weight)), told(weight));
        assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &spec(100 - weight, weight));
    }
}

#[test]
fn tls_and_tcp_routes_are_selected_by_what_they_match() {
    let used = json!({
        "name": "app-vs",
        "tlsRoutes": [{ "port": 443, "sniHosts": ["b.example", "a.example"] }, { "sniHosts": ["c.example"] }],
        "tcpRoutes": [{ "port": 9000 }],
    });
    let spec = |stable: i32, canary: i32| {
        let (moved, left) = (
            split(&[("app-stable", stable), ("app-canary", canary)]),
            split(&[("app-stable", 100), ("app-canary", 0)]),
        );
        json!({
            "tls": [
                { "match": [{ "port": 443, "sni": ["a.example"] }, { "port": 443, "sni": ["b.example"] }], "route": moved },
                { "match": [{ "port": 443, "sni": ["a.example"] }], "route": left },
                { "match": [{ "sniHosts": ["c.example"] }], "route": moved },
                { "match": [{ "port": 444, "sni": ["c.example"] }], "route": left },
            ],
            "tcp": [
                { "match": [{ "port": 9000 }, { "port": 9001 }], "route": left },
                { "match": [{ "port": 9000 }], "route": moved },
            ],
        })
    };
    let mut world = World::new(canary(json!({ "virtualService": used }))).virtual_service("app-vs", spec(100, 0));
    assert_eq!(world.route(&to(30)), told(30));
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &spec(70, 30));
}

#[test]
fn several_virtual_services_have_their_own_routes() {
    let services = json!([{ "name": "public", "routes": ["b"] }, { "name": "mesh.ns" }, { "name": "far.other" }]);
    let bare = json!([{ "destination": { "host": "app-stable" } }, { "destination": { "host": "app-canary" } }]);
    let public = |stable: i32, canary: i32| {
        let b = split(&[("app-stable", stable), ("app-canary", canary)]);
        json!({ "http": [{ "name": "a", "route": bare }, { "name": "b", "route": b }] })
    };
    let mesh = |stable: i32, canary: i32| {
        let to = |host: &str, weight: i32| json!({ "destination": { "host": host, "port": { "number": 80 } }, "weight": weight });
        json!({ "http": [{ "route": [to("app-canary", canary), to("app-stable", stable)] }] })
    };
    let mut world = World::new(canary(json!({ "virtualServices": services })))
        .virtual_service("public", public(100, 0))
        .virtual_service("mesh", mesh(100, 0));
    let told = world.route(&to(30));
    let set = |name: &str| format!("Updated VirtualService: VirtualService `{name}` set to desiredWeight '30'");
    let missing = "! VirtualServiceNotFound: VirtualService `far` not found".to_string();
    assert_eq!(told.events, [set("public"), set("mesh"), missing], "one that is missing stops no other");
    assert!(
        matches!(&told.end, Err(RouteError::Failed { message, .. })
            if message == "virtualservices.networking.istio.io \"far\" not found"),
        "{told:?}"
    );
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "public"), &public(70, 30));
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "mesh"), &mesh(70, 30));
}

fn experiments(weights: &[(&str, i32)]) -> Vec<WeightDestination> {
    let one = |(service, weight): &(&str, i32)| WeightDestination {
        weight: *weight,
        service_name: (*service).into(),
        pod_template_hash: format!("{service}-hash"),
    };
    weights.iter().map(one).collect()
}

#[test]
fn experiments_come_and_go() {
    let spec = |weights: &[(&str, i32)]| json!({ "http": [{ "name": "main", "route": split(weights) }] });
    let mut world =
        by_host(json!([])).virtual_service("app-vs", spec(&[("app-stable", 100), ("nobody", 0), ("app-canary", 0)]));
    let with = |weight: i32, others: &[(&str, i32)]| Route { additional: experiments(others), ..to(weight) };
    world.route(&with(20, &[("exp-b", 5), ("exp-a", 10), ("exp-c", 0)]));
    let both = spec(&[("app-stable", 65), ("nobody", 0), ("app-canary", 20), ("exp-a", 10), ("exp-b", 5)]);
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &both);
    world.route(&with(20, &[("exp-b", 7)]));
    let one = spec(&[("app-stable", 73), ("nobody", 0), ("app-canary", 20), ("exp-b", 7)]);
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &one);
    world.route(&to(20));
    let none = spec(&[("app-stable", 80), ("nobody", 0), ("app-canary", 20)]);
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &none);
}

#[test]
fn in_another_namespace_services_have_their_domain() {
    let route = split(&[("app-stable.ns.svc.mesh", 100), ("app-canary.ns.svc.mesh", 0)]);
    let mut world = World::new(canary(json!({ "virtualService": { "name": "app-vs.edge" } }))).with(
        &VIRTUAL_SERVICES,
        "edge",
        "app-vs",
        json!({ "http": [{ "route": route }] }),
    );
    world.route(&Route { additional: experiments(&[("exp", 10)]), ..to(20) });
    let at = VIRTUAL_SERVICES.named("edge", "app-vs");
    let hosts: Vec<Value> = world.objects.get(&at).expect("it is there")["spec"]["http"][0]["route"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|weighted| weighted["destination"]["host"].clone())
        .collect();
    assert_eq!(hosts, ["app-stable.ns.svc.mesh", "app-canary.ns.svc.mesh", "exp.ns.svc.mesh"]);
}

#[test]
fn destinations_of_one_version_share_its_weight() {
    let to_port = |host: &str, port: i32, weight: i32| json!({ "destination": { "host": host, "port": { "number": port } }, "weight": weight });
    let spec = |weights: [i32; 3]| {
        json!({ "http": [{ "route": [
            to_port("app-stable", 80, weights[0]), to_port("app-canary", 80, weights[1]), to_port("app-stable", 81, weights[2]),
        ] }] })
    };
    let mut world = by_host(json!([])).virtual_service("app-vs", spec([50, 0, 50]));
    world.route(&to(25));
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &spec([38, 25, 37]));
}

#[test]
fn a_maximum_of_its_own_becomes_percent() {
    let spec = |stable: i32, canary: i32| json!({ "http": [{ "route": split(&[("app-stable", stable), ("app-canary", canary)]) }] });
    let mut world = by_host(json!([])).virtual_service("app-vs", spec(100, 0));
    world.route(&Route { max: 1000, ..to(250) });
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &spec(75, 25));
}

#[test]
fn ping_and_pong_swap_their_roles() {
    let mut world = World::new(json!({
        "pingPong": { "pingService": "app-ping", "pongService": "app-pong" },
        "trafficRouting": { "istio": { "virtualService": { "name": "app-vs" } } },
    }))
    .virtual_service("app-vs", json!({ "http": [{ "route": split(&[("app-ping", 100), ("app-pong", 0)]) }] }));
    // The Service that is stable, the canary's weight; weights of ping and pong.
    let releases =
        [("ping", 25, 75, 25), ("ping", 100, 0, 100), ("pong", 0, 0, 100), ("pong", 25, 25, 75), ("ping", 0, 100, 0)];
    for (stable, weight, ping, pong) in releases {
        world.rollout.status.canary.stable_ping_pong = stable.into();
        let (canary, stable) = istio::services(&world.rollout);
        let mut route = to(weight);
        (route.canary.service, route.stable.service) = (canary.into(), stable.into());
        assert_eq!(world.route(&route).end, Ok(()));
        let spec = json!({ "http": [{ "route": split(&[("app-ping", ping), ("app-pong", pong)]) }] });
        assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &spec);
    }
}

#[test]
fn canary_and_stable_services_come_before_ping_and_pong() {
    let world = |services: Value| {
        let mut canary = json!({ "pingPong": { "pingService": "app-ping", "pongService": "app-pong" } });
        canary.as_object_mut().expect("an object").extend(services.as_object().cloned().expect("an object"));
        World::new(canary)
    };
    assert_eq!(istio::services(&world(json!({})).rollout), ("app-ping", "app-pong"));
    let both = world(json!({ "canaryService": "c", "stableService": "s" }));
    assert_eq!(istio::services(&both.rollout), ("c", "s"));
    assert_eq!(istio::services(&world(json!({ "stableService": "s" })).rollout), ("", "s"));
}

#[test]
fn what_is_wrong_with_routes() {
    let error = |used: Value, spec: Value| {
        let world = World::new(canary(json!({ "virtualService": used })));
        istio::route_error(&json!({ "spec": spec }), &world.cx(), "ns", "app-vs").unwrap_or_default()
    };
    let both = split(&[("app-stable", 100), ("app-canary", 0)]);
    let vs = json!({ "name": "app-vs" });
    let http = "Istio VirtualService has invalid HTTP routes. Error:";
    let one = |route: Value| json!({ "http": [{ "name": "main", "route": route }] });
    assert_eq!(error(vs.clone(), one(both.clone())), "");
    let elsewhere = one(split(&[("elsewhere", 100), ("app-canary", 0)]));
    assert_eq!(error(vs.clone(), elsewhere), format!("{http} Stable Service 'app-stable' not found in route"));
    let half = one(split(&[("app-stable", 100)]));
    assert_eq!(error(vs.clone(), half), format!("{http} Canary Service 'app-canary' not found in route"));
    let two = json!({ "http": [{ "name": "x", "route": both }, { "name": "y", "route": both }] });
    let omitted =
        "it must have exactly one route when omitting spec.strategy.canary.trafficRouting.istio.virtualService.";
    assert_eq!(
        error(vs.clone(), two.clone()),
        format!("{http} spec.http[] should be set in VirtualService and {omitted}routes")
    );
    let none = "Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService";
    assert_eq!(error(vs.clone(), json!({ "hosts": ["app"] })), none);
    assert_eq!(error(vs.clone(), json!({ "http": [] })), none);
    let tcp = json!({ "tcp": [{ "match": [{ "port": 1 }], "route": split(&[("app-stable", 100), ("nobody", 0)]) }] });
    assert_eq!(
        error(vs, tcp.clone()),
        "Istio VirtualService has invalid TCP routes. Error: Canary Service 'app-canary' not found in route"
    );
    let named = |name: &str| json!({ "name": "app-vs", "routes": [name] });
    assert_eq!(error(named("y"), two.clone()), "");
    assert_eq!(
        error(named("nope"), two),
        format!("{http} HTTP Route 'nope' is not found in the defined Virtual Service.")
    );
    let tls = json!({ "tls": [{ "match": [{ "port": 443, "sni": ["s.example"] }], "route": both }] });
    let by_sni = |host: &str| json!({ "name": "app-vs", "tlsRoutes": [{ "port": 443, "sniHosts": [host] }] });
    assert_eq!(error(by_sni("s.example"), tls.clone()), "");
    assert_eq!(
        error(by_sni("t.example"), tls),
        "Istio VirtualService has invalid TLS routes. Error: No matching TLS routes found in the defined Virtual Service."
    );
    assert_eq!(
        error(json!({ "name": "app-vs", "tcpRoutes": [{ "port": 9 }] }), tcp),
        "Istio VirtualService has invalid TCP routes. Error: No matching TCP routes found in the defined Virtual Service."
    );
}

#[test]
fn a_route_that_is_wrong_is_not_written() {
    let spec = json!({ "http": [{ "route": split(&[("app-stable", 100)]) }] });
    let mut world = by_host(json!([])).virtual_service("app-vs", spec.clone());
    let told = world.route(&to(20));
    let message = "VirtualService `app-vs`: Istio VirtualService has invalid HTTP routes. Error: Canary Service \
                   'app-canary' not found in route";
    assert_eq!(told.end, Err(RouteError::failed(message)));
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &spec);
}

#[test]
fn when_released_all_goes_to_the_stable_version() {
    let spec = |weights: &[(&str, i32)]| json!({ "http": [{ "name": "main", "route": split(weights) }] });
    let mut world =
        by_host(json!([])).virtual_service("app-vs", spec(&[("app-stable", 40), ("app-canary", 50), ("exp", 10)]));
    world.release(&to(0));
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &spec(&[("app-stable", 100), ("app-canary", 0)]));
}

#[test]
fn when_released_the_stable_one_of_a_pair_has_all() {
    let mut world = World::new(json!({
        "pingPong": { "pingService": "app-ping", "pongService": "app-pong" },
        "trafficRouting": { "istio": { "virtualService": { "name": "app-vs" } } },
    }))
    .virtual_service("app-vs", json!({ "http": [{ "route": split(&[("app-ping", 40), ("app-pong", 60)]) }] }));
    world.rollout.status.canary.stable_ping_pong = "pong".into();
    world.release(&to(0));
    let spec = json!({ "http": [{ "route": split(&[("app-ping", 0), ("app-pong", 100)]) }] });
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &spec);
}

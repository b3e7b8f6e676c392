//! Routes that steps make.

use crate::world::{VIRTUAL_SERVICES, World, split, to};
use rollouts_traffic::{Block, Managed, Matches, Pattern, Route, RouteError};
use serde_json::{Value, json};

fn world(routes: Value, managed: &[&str], spec: Value) -> World {
    let managed: Vec<Value> = managed.iter().map(|name| json!({ "name": name })).collect();
    World::new(json!({
        "canaryService": "app-canary",
        "stableService": "app-stable",
        "trafficRouting": {
            "managedRoutes": managed,
            "istio": { "virtualService": { "name": "app-vs", "routes": routes } },
        },
    }))
    .virtual_service("app-vs", spec)
}

fn exact(value: &str) -> Pattern {
    Pattern::Exact(value.into())
}

fn header(name: &str, headers: &[(&str, Pattern)]) -> Managed {
    let headers = headers.iter().map(|(name, pattern)| ((*name).into(), pattern.clone())).collect();
    Managed { name: name.into(), matches: Matches::Headers(headers), mirror: None }
}

fn blocks(name: &str, blocks: &[Block], mirror: Option<i32>) -> Managed {
    Managed { name: name.into(), matches: Matches::AnyOf(blocks.to_vec()), mirror }
}

fn with(weight: i32, managed: &[&Managed]) -> Route {
    Route { managed: managed.iter().copied().cloned().collect(), ..to(weight) }
}

fn http(world: &World) -> &Value {
    &world.spec(&VIRTUAL_SERVICES, "app-vs")["http"]
}

fn told(what: &str) -> String {
    format!("Updated VirtualService: VirtualService `app-vs` {what}")
}

#[test]
fn a_header_route_comes_first_and_goes_again() {
    let to_port = |host: &str, weight: i32| json!({ "destination": { "host": host, "port": { "number": 8080 } }, "weight": weight });
    let main = |stable: i32, canary: i32| json!({ "name": "main", "route": [to_port("app-stable", stable), to_port("app-canary", canary)] });
    let mut world = world(json!(["main"]), &["insiders"], json!({ "http": [main(80, 20)] }));
    let insiders = header("insiders", &[("x-ring", exact("zero")), ("user-agent", Pattern::Regex(".*Probe.*".into()))]);
    assert_eq!(world.route(&with(20, &[&insiders])).events, [told("set headerRoute 'insiders'")]);
    let route = json!({
        "name": "insiders",
        "match": [
            { "headers": { "x-ring": { "exact": "zero" } } },
            { "headers": { "user-agent": { "regex": ".*Probe.*" } } },
        ],
        "route": [to_port("app-canary", 100)],
    });
    assert_eq!(http(&world), &json!([route, main(80, 20)]));
    assert_eq!(
        world.route(&with(100, &[])).events,
        [told("removed all managed routes."), told("set to desiredWeight '100'")],
        "two writes"
    );
    assert_eq!(http(&world), &json!([main(0, 100)]));
}

#[test]
fn a_changed_step_changes_the_route() {
    let main = json!({ "name": "main", "route": split(&[("app-stable", 100), ("app-canary", 0)]) });
    let mut world = world(json!([]), &["night"], json!({ "http": [main] }));
    for value in ["hoot", "late"] {
        let night = header("night", &[("x-owl", exact(value))]);
        assert_eq!(world.route(&with(0, &[&night])).events, [told("set headerRoute 'night'")]);
        let route = json!({
            "name": "night",
            "match": [{ "headers": { "x-owl": { "exact": value } } }],
            "route": split(&[("app-canary", 100)]),
        });
        assert_eq!(http(&world), &json!([route, main]));
    }
}

#[test]
fn a_mirror_route_follows_the_weights() {
    let get = Block { method: Some(Pattern::Regex("GET|HEAD".into())), path: Some(exact("/ping")), ..Block::default() };
    let copycat = blocks("copycat", &[get], Some(100));
    let main = |stable: i32, canary: i32| json!({ "name": "main", "route": split(&[("app-stable", stable), ("app-canary", canary)]) });
    let mirror = |route: Value| {
        json!({
            "name": "copycat",
            "match": [{ "method": { "regex": "GET|HEAD" }, "uri": { "exact": "/ping" } }],
            "route": route,
            "mirror": { "host": "app-canary" },
            "mirrorPercentage": { "value": 100 },
        })
    };
    for routes in [json!(["main"]), json!([])] {
        let mut world = world(routes, &["copycat"], json!({ "http": [main(100, 0)] }));
        assert_eq!(world.route(&with(0, &[&copycat])).events, [told("set mirrorRoute 'copycat'")]);
        let first = json!([
            { "destination": { "host": "app-stable" }, "weight": 100 },
            { "destination": { "host": "app-canary" } },
        ]);
        assert_eq!(http(&world), &json!([mirror(first), main(100, 0)]));
        for weight in [10, 100] {
            let told_now = world.route(&with(weight, &[&copycat]));
            assert_eq!(told_now.events, [told(&format!("set to desiredWeight '{weight}'"))]);
            let route = split(&[("app-stable", 100 - weight), ("app-canary", weight)]);
            assert_eq!(http(&world), &json!([mirror(route), main(100 - weight, weight)]));
        }
        assert_eq!(world.route(&with(100, &[])).events, [told("removed all managed routes.")]);
        assert_eq!(http(&world), &json!([main(0, 100)]));
    }
}

#[test]
fn managed_routes_treat_requests_as_the_route_they_come_from() {
    let destination = |host: &str, weight: i32| {
        json!({
            "destination": { "host": host },
            "headers": { "response": { "set": { "x-version": host } } },
            "weight": weight,
        })
    };
    let main = json!({
        "match": [{ "uri": { "prefix": "/" } }],
        "rewrite": { "uri": "/v1" },
        "timeout": "3s",
        "mirror": { "host": "audit" },
        "route": [destination("app-stable", 70), destination("app-canary", 30)],
    });
    let mut world = world(json!([]), &["shadow", "vip"], json!({ "http": [main] }));
    let shadow = blocks("shadow", &[Block::default()], Some(35));
    let vip = header("vip", &[("x-vip", exact("1"))]);
    world.route(&with(30, &[&shadow, &vip]));
    let shadow = json!({
        "name": "shadow",
        "match": [{ "uri": { "prefix": "/" } }],
        "rewrite": { "uri": "/v1" },
        "timeout": "3s",
        "mirror": { "host": "app-canary" },
        "mirrorPercentage": { "value": 35 },
        "route": [destination("app-stable", 70), destination("app-canary", 30)],
    });
    let vip = json!({
        "name": "vip",
        "match": [{ "headers": { "x-vip": { "exact": "1" } } }],
        "rewrite": { "uri": "/v1" },
        "timeout": "3s",
        "route": split(&[("app-canary", 100)]),
    });
    assert_eq!(http(&world), &json!([shadow, vip, main]));
}

#[test]
fn precedence_is_that_of_the_list_and_unnamed_routes_stay() {
    let plain = |host: &str| json!({ "route": split(&[(host, 100)]) });
    let main = json!({ "name": "main", "route": split(&[("app-stable", 100), ("app-canary", 0)]) });
    let stale = json!({ "name": "gone", "route": split(&[("app-canary", 100)]) });
    let list = json!([plain("a"), stale, plain("b"), main, plain("a")]);
    let mut world = world(json!(["main"]), &["first", "gone", "second"], json!({ "http": list }));
    let (first, second) = (header("first", &[("x", exact("1"))]), header("second", &[("x", exact("2"))]));
    let events = world.route(&with(0, &[&first, &second])).events;
    assert_eq!(
        events,
        [told("removed managed routes 'gone'"), told("set headerRoute 'first'"), told("set headerRoute 'second'")]
    );
    let names = |world: &World| -> Vec<Value> {
        http(world).as_array().expect("a list").iter().map(|r| r["name"].clone()).collect()
    };
    let null = Value::Null;
    assert_eq!(
        names(&world),
        [json!("first"), json!("second"), null.clone(), null.clone(), json!("main"), null.clone()]
    );
    // Somebody turns the list around.
    let mut turned = http(&world).as_array().cloned().expect("a list");
    turned.reverse();
    let mut world = world.virtual_service("app-vs", json!({ "http": turned }));
    let told_now = world.route(&with(0, &[&first, &second]));
    assert_eq!((told_now.events.len(), told_now.writes.len()), (0, 1));
    assert_eq!(names(&world), [json!("first"), json!("second"), null.clone(), json!("main"), null.clone(), null]);
}

#[test]
fn what_matches_nothing_is_no_route() {
    let main = json!({ "name": "main", "route": split(&[("app-stable", 100), ("app-canary", 0)]) });
    let mut world = world(json!([]), &["vip"], json!({ "http": [main] }));
    for matches in [Matches::Headers(vec![]), Matches::AnyOf(vec![]), Matches::AnyOf(vec![Block::default()])] {
        let vip = Managed { name: "vip".into(), matches, mirror: None };
        assert_eq!(world.route(&with(0, &[&vip])).writes, Vec::<String>::new());
    }
    let vip = header("vip", &[("x", exact("1"))]);
    world.route(&with(0, &[&vip]));
    world.route(&with(0, &[&header("vip", &[])]));
    assert_eq!(http(&world), &json!([main]), "and one that was there goes");
}

#[test]
fn blocks_say_all_that_istio_can() {
    let main = json!({ "route": split(&[("app-stable", 100), ("app-canary", 0)]) });
    let mut world = world(json!([]), &["vip"], json!({ "http": [main] }));
    let block = Block {
        method: Some(exact("GET")),
        path: Some(Pattern::Prefix("/api".into())),
        headers: vec![("x-a".into(), Pattern::Prefix("1".into())), ("x-b".into(), Pattern::Regex("2+".into()))],
        cookies: vec![("tester".into(), exact("yes"))],
        query_params: vec![("beta".into(), exact("on")), ("v".into(), Pattern::Prefix("1.".into()))],
    };
    let other = Block { headers: vec![("x-c".into(), exact("3"))], ..Block::default() };
    let vip = blocks("vip", &[block, other], None);
    assert_eq!(world.router().refuses(&world.cx(), &vip), None);
    world.route(&with(0, &[&vip]));
    let matches = json!([
        {
            "method": { "exact": "GET" },
            "uri": { "prefix": "/api" },
            "headers": {
                "x-a": { "prefix": "1" },
                "x-b": { "regex": "2+" },
                "cookie": { "regex": "^(?:.*; *)?tester=yes *(?:;.*)?$" },
            },
            "queryParams": { "beta": { "exact": "on" }, "v": { "regex": r"^1\..*" } },
        },
        { "headers": { "x-c": { "exact": "3" } } },
    ]);
    assert_eq!(http(&world)[0]["match"], matches);
}

#[test]
fn what_istio_cannot_say_is_refused() {
    let world = world(json!(["main"]), &["vip"], json!({}));
    let refuses = |name: &str, block: Block| {
        world.router().refuses(&world.cx(), &blocks(name, &[block], None)).unwrap_or_default()
    };
    let cookie = |name: &str| (name.to_string(), exact("1"));
    let twice = Block { headers: vec![("x".into(), exact("1")), ("X".into(), exact("2"))], ..Block::default() };
    assert_eq!(refuses("vip", twice), "Istio cannot match twice on the header X");
    let both = Block { headers: vec![("Cookie".into(), exact("1"))], cookies: vec![cookie("a")], ..Block::default() };
    assert_eq!(refuses("vip", both), "Istio cannot match on the header cookie and on a cookie at once");
    let many = Block { cookies: vec![cookie("a"), cookie("b"), cookie("c"), cookie("d")], ..Block::default() };
    assert_eq!(refuses("vip", many), "Istio cannot match on more than 3 cookies at once");
    let weighted = Block { path: Some(exact("/")), ..Block::default() };
    assert_eq!(refuses("main", weighted), "Istio cannot make the route main anew: it is one that carries the weights");
}

#[test]
fn there_are_no_headers_without_http() {
    let tcp = json!({ "tcp": [{ "route": split(&[("app-stable", 100), ("app-canary", 0)]) }] });
    let mut world = world(json!([]), &["vip"], tcp);
    let told = world.route(&with(10, &[&header("vip", &[("x", exact("1"))])]));
    let message = "[SetHeaderRoute] failed to find spec.http in VirtualService `app-vs`";
    assert_eq!(told.end, Err(RouteError::failed(message)));
    assert_eq!(
        world.spec(&VIRTUAL_SERVICES, "app-vs")["tcp"][0]["route"][1]["weight"],
        10,
        "weights are set all the same"
    );
}

#[test]
fn when_released_managed_routes_go() {
    let main = json!({ "name": "main", "route": split(&[("app-stable", 100), ("app-canary", 0)]) });
    let mut world = world(json!([]), &["vip", "shadow"], json!({ "http": [main] }));
    let found = world.objects.clone();
    let shadow = blocks("shadow", &[Block { path: Some(exact("/")), ..Block::default() }], Some(50));
    world.route(&with(30, &[&shadow, &header("vip", &[("x", exact("1"))])]));
    world.release(&with(0, &[]));
    assert_eq!(world.objects, found);
}

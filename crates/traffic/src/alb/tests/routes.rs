//! Header routes of AWS load balancers.

use super::*;

fn any_of(name: &str, blocks: Vec<Block>) -> Managed {
    Managed { name: name.into(), matches: Matches::AnyOf(blocks), mirror: None }
}

#[test]
fn a_header_route_comes_and_goes() {
    let sticky = json!({ "enabled": true, "durationSeconds": 60 });
    let alb = json!({ "ingress": "front", "servicePort": 80, "stickinessConfig": sticky });
    let mut world = with_routes(alb, json!([path("/*", "web-stable")]));
    assert_eq!(told(&world.route(&weight(0))), ["Updating Ingress `front` to desiredWeight '0'"]);
    let before = world.get(&front());
    let mut route = weight(0);
    route.managed = vec![vip("gold")];
    assert_eq!(told(&world.route(&route)), ["Updating Ingress `front` to headerRoute 'vip'"]);
    let all = world.get(&front())["metadata"]["annotations"].clone();
    let split = &before["metadata"]["annotations"][ROOT];
    assert_eq!(
        all,
        json!({
            ROOT: split,
            "alb.ingress.kubernetes.io/actions.vip": r#"{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"web-canary","ServicePort":"80","Weight":100}],"TargetGroupStickinessConfig":{"Enabled":true,"DurationSeconds":60}}}"#,
            "alb.ingress.kubernetes.io/conditions.vip": r#"[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-Vip","values":["gold"]}}]"#,
            RECORD: r#"{"web":["alb.ingress.kubernetes.io/actions.web-stable","alb.ingress.kubernetes.io/actions.vip","alb.ingress.kubernetes.io/conditions.vip"]}"#,
        })
    );
    let expected = json!([path("/*", "vip"), path("/*", "web-stable")]);
    assert_eq!(world.get(&front())["spec"]["rules"][0]["http"]["paths"], expected);
    assert_eq!(world.get(&front())["spec"]["rules"][0]["host"], "a.example");
    let changes = world.route(&weight(0));
    assert_eq!(told(&changes), ["Updating Ingress `front` removing managed routes"]);
    assert_eq!(world.get(&front()), before);
}

#[test]
fn header_routes_keep_to_their_order_and_to_the_paths_of_the_rollout() {
    let paths = json!([path("/keep", "other"), path("/*", "web-stable")]);
    let mut world = with_routes(json!({ "ingress": "front", "servicePort": 80 }), paths);
    let mut beta = vip("b");
    beta.name = "beta".into();
    let mut route = weight(20);
    route.managed = vec![beta.clone()];
    world.route(&route);
    route.managed = vec![vip("a"), beta];
    let changes = world.route(&route);
    assert_eq!(told(&changes), ["Updating Ingress `front` to headerRoute 'vip'"]);
    assert_eq!(paths_of(&world), ["/keep other", "/* vip", "/* beta", "/* web-stable"]);
    route.managed.remove(1);
    assert_eq!(told(&world.route(&route)), ["Updating Ingress `front` removing managed routes"]);
    assert_eq!(paths_of(&world), ["/keep other", "/* vip", "/* web-stable"]);
    route.managed.insert(0, Managed { mirror: Some(5), ..any_of("shadow", vec![Block::default()]) });
    assert_eq!(world.route(&route), [], "what is mirrored is another router's");
    // What other versions put before every path is put right.
    let mut object = world.get(&front());
    object["spec"]["rules"][0]["http"]["paths"] =
        json!([path("/*", "vip"), path("/keep", "other"), path("/*", "web-stable")]);
    world.objects.insert(front(), object.into());
    world.route(&route);
    assert_eq!(paths_of(&world), ["/keep other", "/* vip", "/* web-stable"]);
}

#[test]
fn conditions_of_all_kinds() {
    let exact = |text: &str| Pattern::Exact(text.into());
    let prefix = |text: &str| Pattern::Prefix(text.into());
    let mut world = with_routes(json!({ "ingress": "front", "servicePort": 80 }), json!([path("/*", "web-stable")]));
    let first = Block {
        method: Some(exact("GET")),
        path: Some(prefix("/api")),
        headers: vec![("X-Tier".into(), prefix("be"))],
        ..Block::default()
    };
    let second = Block {
        cookies: vec![("tester".into(), exact("yes"))],
        query_params: vec![("v".into(), exact("2*"))],
        ..Block::default()
    };
    let mut route = weight(0);
    route.managed = vec![any_of("vip", vec![first, second])];
    let changes = world.route(&route);
    let expected = ["Updating Ingress `front` to headerRoute 'vip'", "Updating Ingress `front` to desiredWeight '0'"];
    assert_eq!(told(&changes), expected);
    assert_eq!(paths_of(&world), ["/api* vip", "/* vip-or-2", "/* web-stable"]);
    let conditions = |name: &str| -> Value {
        let text = annotation(&world, &format!("alb.ingress.kubernetes.io/conditions.{name}"));
        serde_json::from_str(text.as_str().expect("text")).expect("JSON")
    };
    assert_eq!(
        conditions("vip"),
        json!([
            { "field": "http-request-method", "httpRequestMethodConfig": { "values": ["GET"] } },
            { "field": "http-header", "httpHeaderConfig": { "httpHeaderName": "X-Tier", "values": ["be*"] } },
        ])
    );
    let cookies = ["*tester=yes", "*tester=yes;*"];
    assert_eq!(
        conditions("vip-or-2"),
        json!([
            { "field": "http-header", "httpHeaderConfig": { "httpHeaderName": "Cookie", "values": cookies } },
            { "field": "query-string", "queryStringConfig": { "values": [{ "key": "v", "value": "2\\*" }] } },
        ])
    );
    world.route(&weight(0));
    assert_eq!(paths_of(&world), ["/* web-stable"]);
    // A path of the type `Prefix` is widened to what begins with the route's.
    let mut object = world.get(&front());
    object["spec"]["rules"][0]["http"]["paths"][0]["pathType"] = json!("Prefix");
    object["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!("/");
    world.objects.insert(front(), object.into());
    route.managed = vec![any_of("vip", vec![Block { path: Some(prefix("/api")), ..Block::default() }])];
    world.route(&route);
    assert_eq!(paths_of(&world), ["/api vip", "/ web-stable"]);
    let widened = r#"[{"field":"path-pattern","pathPatternConfig":{"values":["/api*"]}}]"#;
    assert_eq!(annotation(&world, "alb.ingress.kubernetes.io/conditions.vip"), json!(widened));
}

#[test]
fn the_same_header_is_any_of_its_values() {
    let mut world = with_routes(json!({ "ingress": "front", "servicePort": 80 }), json!([path("/*", "web-stable")]));
    let header = |name: &str, value: &str| (name.to_string(), Pattern::Exact(value.into()));
    let matches = Matches::Headers(vec![header("X-A", "1"), header("X-B", "2*"), header("X-A", "3")]);
    let mut route = weight(0);
    route.managed = vec![Managed { name: "vip".into(), matches, mirror: None }];
    world.route(&route);
    let expected = r#"[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-A","values":["1","3"]}},{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-B","values":["2*"]}}]"#;
    assert_eq!(annotation(&world, "alb.ingress.kubernetes.io/conditions.vip"), json!(expected));
}

#[test]
fn what_load_balancers_cannot_do_is_refused() {
    let world = with_routes(json!({ "ingress": "front", "servicePort": 80 }), json!([]));
    let refused = |managed: &Managed| Alb.refuses(&world.context(), managed).unwrap_or_default();
    let exact = |text: &str| Pattern::Exact(text.into());
    let regex = Some(Pattern::Regex("a.*".into()));
    let block = |block: Block| refused(&any_of("vip", vec![block]));
    assert_eq!(refused(&vip("gold")), "");
    assert_eq!(refused(&Managed { mirror: Some(5), ..vip("gold") }), "ALB cannot mirror requests");
    assert_eq!(
        refused(&Managed { name: "web-stable".into(), ..vip("a") }),
        "ALB cannot have a route of the name \"web-stable\": that is the action for all traffic"
    );
    assert_eq!(
        refused(&Managed { name: "Vip".into(), ..vip("a") }),
        "ALB cannot have a route of the name \"Vip\": it must be that of a Service"
    );
    assert_eq!(
        block(Block { path: regex, ..Block::default() }),
        "ALB cannot match on regular expressions, as for the path"
    );
    assert_eq!(
        block(Block { headers: vec![("x".into(), exact("a*"))], ..Block::default() }),
        "ALB takes * and ? in a header for wildcards"
    );
    let cookies = ["a", "b", "c"].map(|name| (name.to_string(), exact("1")));
    assert_eq!(
        block(Block { cookies: cookies.into(), ..Block::default() }),
        "ALB takes at most 5 values in a rule, of which one is for the path, and two for a whole cookie"
    );
    let method = Some(Pattern::Prefix("P".into()));
    assert_eq!(block(Block { method, ..Block::default() }), "ALB can match on a whole method only");
    let or = any_of("vip", vec![Block::default(), Block::default()]);
    let other = Managed { name: "vip-or-2".into(), ..vip("a") };
    assert_eq!(
        Alb.refuses_together(&world.context(), &[or, other]).unwrap_or_default(),
        "ALB cannot have two routes of the name \"vip-or-2\""
    );
}

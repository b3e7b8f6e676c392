//! Managed routes of NGINX.

use super::*;

fn managed(name: &str, blocks: Vec<Block>) -> Managed {
    Managed { name: name.into(), matches: Matches::AnyOf(blocks), mirror: None }
}

fn exact(text: &str) -> Pattern {
    Pattern::Exact(text.into())
}

fn header(name: &str, pattern: Pattern) -> Block {
    Block { headers: vec![(name.into(), pattern)], ..Block::default() }
}

fn cookie(name: &str, pattern: Pattern) -> Block {
    Block { cookies: vec![(name.into(), pattern)], ..Block::default() }
}

#[test]
fn managed_routes_come_and_go() {
    let routes = json!([{ "name": "vip" }]);
    let mut world = with_routing(json!({ "nginx": { "stableIngress": "front" }, "managedRoutes": routes }));
    world.route(&weight(20));
    let before = world.get(&canary());
    let mut route = weight(20);
    route.managed = vec![managed("vip", vec![header("X-Tier", exact("gold"))])];
    let changes = world.route(&route);
    let updating = "PatchingCanaryIngress Updating Ingress `web-front-canary`";
    assert_eq!(told(&changes), [format!("{updating} to headerRoute 'vip'")]);
    let all = annotations(&world);
    assert_eq!(all["nginx.ingress.kubernetes.io/canary-by-header"], "X-Tier");
    assert_eq!(all["nginx.ingress.kubernetes.io/canary-by-header-value"], "gold");
    assert_eq!(all["nginx.ingress.kubernetes.io/canary-weight"], "20");
    route.weight = 30;
    route.managed = vec![managed("vip", vec![cookie("tester", exact("always"))])];
    let changes = world.route(&route);
    let expected = [format!("{updating} to headerRoute 'vip'"), format!("{updating} to desiredWeight '30'")];
    assert_eq!(told(&changes), expected);
    let all = annotations(&world);
    assert_eq!(all["nginx.ingress.kubernetes.io/canary-by-cookie"], "tester");
    assert_eq!(all["nginx.ingress.kubernetes.io/canary-by-header"], Value::Null);
    route.weight = 20;
    world.route(&route);
    assert_eq!(told(&world.route(&weight(20))), [format!("{updating} removing managed routes")]);
    assert_eq!(world.get(&canary()), before);
}

/// The annotations of a condition, shortened.
fn condition(blocks: Vec<Block>) -> Result<Vec<(&'static str, String)>, String> {
    Ok(Condition::of(&[managed("vip", blocks)])?.annotations())
}

#[test]
fn headers_and_cookies_match_as_they_should() {
    let prefix = |text: &str| Pattern::Prefix(text.into());
    let regex = |text: &str| Pattern::Regex(text.into());
    let always = cookie("tester", exact("always"));
    for (blocks, name, matching, others) in [
        (vec![header("X", exact("a b,c"))], "X", &["a b,c"][..], &["a b,c ", "always", ""][..]),
        (vec![header("X", prefix("a.b"))], "X", &["a.b", "a.bc"], &["axb", " a.b"]),
        (vec![header("X", regex("a|b @"))], "X", &["a", "b @"], &["ab @", "xa"]),
        (vec![header("X", regex(r"\ a\d+"))], "X", &[" a12"], &["a12", " ab"]),
        (vec![header("X", exact("a")), header("x", prefix("b"))], "X", &["a", "bc"], &["ab", "c"]),
        (vec![header("X", regex("(?i)a")), header("X", exact("b")), always], "X", &["a", "A", "b"], &["B"]),
        (
            vec![cookie("v", exact("2"))],
            "Cookie",
            &["v=2", "a=b; v=2", "v=2; a=b", "a=b;v=2;c=d"],
            &["v=20", "xv=2", "a=v=2", "v=3", "vv=2; a=b"],
        ),
        (vec![cookie("v", prefix("2"))], "Cookie", &["v=2", "v=21; a=b", "a=b; v=21"], &["v=12", "a=2; v=; b=2"]),
        (
            vec![cookie("v", regex("[12].*9")), cookie("w", exact("*"))],
            "Cookie",
            &["v=19", "w=*", "v=3; w=*", "v=1; v=2;29; v=219"],
            &["v=12", "w=x", "v=3; w=", "v=12; a=9"],
        ),
    ] {
        let all = condition(blocks.clone()).expect("it can be said");
        assert_eq!(all[0], ("canary-by-header", name.to_string()), "{blocks:?}");
        let (_, pattern) = all.iter().find(|(key, _)| *key == "canary-by-header-pattern").expect("a pattern");
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || r"-._~/:^$[](){}*+?|&=\".contains(c);
        assert!(pattern.chars().all(is_allowed), "{pattern} may stand in an annotation");
        let compiled = regex_lite::Regex::new(pattern).expect("a regular expression");
        matching.iter().for_each(|text| assert!(compiled.is_match(text), "{pattern} matches {text:?}"));
        others.iter().for_each(|text| assert!(!compiled.is_match(text), "{pattern} does not match {text:?}"));
    }
    let twice = condition(vec![header("X", exact("a")), header("X", exact("a"))]);
    assert_eq!(twice, Ok(vec![("canary-by-header", "X".into()), ("canary-by-header-value", "a".into())]));
}

#[test]
fn what_nginx_cannot_do_is_refused() {
    let regex = Pattern::Regex("a{1,2}".into());
    let no = |blocks: Vec<Block>| condition(blocks).expect_err("it cannot be said");
    let path = Block { path: Some(exact("/a")), ..Block::default() };
    let method = Block { method: Some(exact("GET")), ..Block::default() };
    let query = Block { query_params: vec![("a".into(), exact("1"))], ..Block::default() };
    let two = Block { headers: vec![("a".into(), exact("1")), ("b".into(), exact("1"))], ..Block::default() };
    assert_eq!(no(vec![path]), "NGINX cannot match on the path: what it finds for one counts for all of a Service");
    assert_eq!(no(vec![method]), "NGINX cannot match on the method");
    assert_eq!(no(vec![query]), "NGINX cannot match on the query");
    assert_eq!(no(vec![two]), "NGINX matches on one header or one cookie, not on none or on several at once");
    assert_eq!(no(vec![header("x", regex)]), "NGINX cannot have ',' in a regular expression of an annotation");
    assert_eq!(
        no(vec![header("a", exact("1")), header("b", exact("1"))]),
        "NGINX can match on one header, not on a and b"
    );
    for name in ["a b", "x_tier", "x.tier", "x~tier", "x:tier", "é"] {
        let expected = format!(
            "NGINX cannot match on the header {name}: it drops headers whose names have anything but letters, digits and hyphens"
        );
        assert_eq!(no(vec![header(name, exact("1"))]), expected);
    }
    // In upstream's form it has always been accepted, and on another router it may mean something.
    let old = |name: &str| Managed {
        name: "vip".into(),
        matches: Matches::Headers(vec![(name.into(), exact("1"))]),
        mirror: None,
    };
    let annotations = Condition::of(&[old("x_tier")]).expect("accepted").annotations();
    assert_eq!(annotations[0], ("canary-by-header", "x_tier".to_string()));
    assert_eq!(
        Condition::of(&[old("a b")]).expect_err("no annotation"),
        "NGINX cannot match on a header of the name \"a b\""
    );
    let routing = |additional: Value| json!({ "nginx": { "stableIngress": "front", "additionalIngressAnnotations": additional } });
    let world = with_routing(routing(json!({ "canary-by-header": "X-C" })));
    let vip = managed("vip", vec![header("a", exact("1"))]);
    let beta = managed("beta", vec![header("b", exact("1"))]);
    assert_eq!(
        Nginx.refuses(&world.context(), &vip).unwrap_or_default(),
        "NGINX has one annotation canary-by-header for each Ingress, and the Rollout sets it for good"
    );
    let world = with_routing(routing(json!({})));
    assert_eq!(Nginx.refuses(&world.context(), &vip), None);
    assert_eq!(
        Nginx.refuses_together(&world.context(), &[vip.clone(), beta]).unwrap_or_default(),
        "NGINX can match on one header, not on a and b"
    );
    let mirror = Managed { mirror: Some(100), ..vip };
    assert_eq!(
        Nginx.refuses(&world.context(), &mirror).unwrap_or_default(),
        "NGINX cannot mirror the requests that match, only all that an Ingress gets"
    );
}

#[test]
fn what_cannot_be_expressed_keeps_no_weight_from_being_set() {
    let mut world = world(json!({ "stableIngress": "front" }));
    let mut route = weight(20);
    route.managed = vec![managed("vip", vec![Block { path: Some(exact("/a")), ..Block::default() }])];
    assert!(world.error(&route).starts_with("NGINX cannot match on the path"));
    assert_eq!(annotations(&world)["nginx.ingress.kubernetes.io/canary-weight"], "20");
    // Another router beside this one has always done what this one does not.
    let matches = Matches::Headers(vec![("a".into(), exact("1")), ("b".into(), exact("1"))]);
    let mirror = Managed { mirror: Some(50), ..managed("shadow", vec![Block::default()]) };
    route.managed = vec![Managed { name: "vip".into(), matches, mirror: None }, mirror];
    assert_eq!(world.route(&route), []);
}

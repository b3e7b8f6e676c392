//! NGINX and ALB.

use super::{World, get};
use crate::INGRESSES;
use serde_json::{Value, json};

fn path(path: &str, kind: &str, service: &str) -> Value {
    let backend = json!({ "service": { "name": service, "port": { "number": 80 } } });
    json!({ "path": path, "pathType": kind, "backend": backend })
}

/// With these annotations, whose prefix is put before them.
fn ingress(prefix: &str, annotations: &[(&str, &str)], rules: Value) -> Value {
    let annotations: serde_json::Map<String, Value> =
        annotations.iter().map(|(name, value)| (format!("{prefix}/{name}"), (*value).into())).collect();
    json!({ "metadata": { "annotations": annotations }, "spec": { "rules": rules } })
}

fn nginx(annotations: &[(&str, &str)]) -> World {
    let stable = json!([
        { "host": "a.example", "http": { "paths": [path("/", "Prefix", "web-stable"), path("/static", "Prefix", "assets")] } },
        { "host": "b.example", "http": { "paths": [path("/", "Prefix", "other")] } },
    ]);
    let canary = json!([{ "host": "a.example", "http": { "paths": [path("/", "Prefix", "web-canary")] } }]);
    let prefix = "nginx.ingress.kubernetes.io";
    let ingresses =
        [("front", ingress(prefix, &[], stable)), ("web-front-canary", ingress(prefix, annotations, canary))];
    World::new("Nginx", json!({ "nginx": { "stableIngress": "front" } }), &INGRESSES, &ingresses)
}

#[test]
fn nginx_divides_by_weight() {
    let world = nginx(&[("canary", "true"), ("canary-weight", "25")]);
    assert_eq!(world.to(&get("/shop")), "web-canary 25, web-stable 75");
    assert_eq!(world.to(&get("/static/a.css")), "assets 100");
    assert_eq!(world.to(&get("/staticfile")), "web-canary 25, web-stable 75", "elements of a path are whole");
    assert_eq!(world.to(&get("/").on("b.example")), "other 100");
    assert_eq!(world.to(&get("/").on("c.example")), "");
    let world = nginx(&[("canary", "true"), ("canary-weight", "25"), ("canary-weight-total", "1000")]);
    assert_eq!(world.to(&get("/")), "web-canary 25, web-stable 975");
    assert_eq!(nginx(&[("canary", "true"), ("canary-weight", "0")]).to(&get("/")), "web-stable 100");
}

#[test]
fn nginx_asks_the_header_first_then_the_cookie_then_the_weight() {
    let (canary, stable, split) = ("web-canary 100", "web-stable 100", "web-canary 25, web-stable 75");
    let common =
        [("canary", "true"), ("canary-weight", "25"), ("canary-by-header", "X-Vip"), ("canary-by-cookie", "vip")];
    let world = nginx(&common);
    assert_eq!(world.to(&get("/").with_header("x-vip", "always").with_cookie("vip", "never")), canary);
    assert_eq!(world.to(&get("/").with_header("x-vip", "never").with_cookie("vip", "always")), stable);
    assert_eq!(world.to(&get("/").with_header("x-vip", "1").with_cookie("vip", "always")), canary);
    assert_eq!(world.to(&get("/").with_header("x-vip", "1").with_cookie("vip", "1")), split);
    let with = |more: &[(&'static str, &'static str)]| nginx(&[&common[..], more].concat());
    let world = with(&[("canary-by-header-value", "yes"), ("canary-by-header-pattern", ".*")]);
    assert_eq!(world.to(&get("/").with_header("x-vip", "yes")), canary);
    assert_eq!(world.to(&get("/").with_header("x-vip", "always")), split, "the value counts, not the pattern");
    let world = with(&[("canary-by-header-pattern", "b.t")]);
    assert_eq!(world.to(&get("/").with_header("x-vip", "a bat")), canary, "any part of it");
    assert_eq!(world.to(&get("/").with_header("x-vip", "no").with_cookie("vip", "never")), stable);
}

#[test]
fn nginx_takes_the_alternative_of_an_upstream_wherever_it_is_reached() {
    let stable =
        json!([{ "http": { "paths": [path("/", "Prefix", "web-stable"), path("/b", "Prefix", "web-stable")] } }]);
    let canary = json!([{ "http": { "paths": [path("/b", "Prefix", "web-canary")] } }]);
    let prefix = "ex.example";
    let weight = [("canary", "true"), ("canary-weight", "10")];
    let ingresses = [("front", ingress(prefix, &[], stable)), ("canary", ingress(prefix, &weight, canary))];
    let routing = json!({ "nginx": { "stableIngress": "front", "annotationPrefix": prefix } });
    let world = World::new("Nginx", routing, &INGRESSES, &ingresses);
    assert_eq!(world.to(&get("/")), "web-canary 10, web-stable 90");
}

#[test]
fn nginx_knows_headers_and_cookies_as_variables() {
    let by = |header| nginx(&[("canary", "true"), ("canary-by-header", header), ("canary-by-cookie", "vip")]);
    let (canary, stable) = ("web-canary 100", "web-stable 100");
    assert_eq!(by("x_vip").to(&get("/").with_header("X-Vip", "always")), canary);
    assert_eq!(by("x_vip").to(&get("/").with_header("x_vip", "always")), stable, "such headers are dropped");
    assert_eq!(by("x.vip").to(&get("/").with_header("x.vip", "always")), stable);
    assert_eq!(by("x-vip").to(&get("/").with_cookie("VIP", "always")), canary);
}

#[test]
fn nginx_stays_with_the_host() {
    let rules = json!([
        { "host": "*.a.example", "http": { "paths": [path("/app", "Prefix", "web-stable")] } },
        { "host": "a.example", "http": { "paths": [path("/app", "Prefix", "web-stable")] } },
    ]);
    let mut front = ingress("x", &[], rules);
    let other = ingress("x", &[], json!([{ "http": { "paths": [path("/", "Prefix", "other")] } }]));
    let routing = json!({ "nginx": { "stableIngress": "front" } });
    let world = |front: &Value| {
        World::new("Nginx", routing.clone(), &INGRESSES, &[("front", front.clone()), ("other", other.clone())])
    };
    assert_eq!(world(&front).to(&get("/app")), "web-stable 100");
    assert_eq!(world(&front).to(&get("/")), "", "no other host's rules are asked");
    assert_eq!(world(&front).to(&get("/app").on("b.a.example")), "web-stable 100");
    assert_eq!(world(&front).to(&get("/app").on("c.b.a.example")), "other 100", "a star is for one label");
    front["spec"]["defaultBackend"] = json!({ "service": { "name": "rest", "port": { "number": 80 } } });
    assert_eq!(world(&front).to(&get("/")), "rest 100");
    assert_eq!(world(&front).to(&get("/").on("c.example")), "other 100");
}

const FORWARD: &str = r#"{"Type":"forward","ForwardConfig":{"TargetGroups":[
    {"ServiceName":"web-canary","ServicePort":"80","Weight":20},{"ServiceName":"web-stable","ServicePort":"80","Weight":80}]}}"#;
const CANARY: &str = r#"{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"web-canary","ServicePort":"80","Weight":100}]}}"#;

fn action(pattern: &str, kind: &str, name: &str) -> Value {
    let backend = json!({ "service": { "name": name, "port": { "name": "use-annotation" } } });
    json!({ "path": pattern, "pathType": kind, "backend": backend })
}

fn alb(conditions: &str, paths: &[Value]) -> World {
    let annotations = [("actions.root", FORWARD), ("actions.vip", CANARY), ("conditions.vip", conditions)];
    let rules = json!([{ "host": "*.example", "http": { "paths": paths } }]);
    let front = ingress("alb.ingress.kubernetes.io", &annotations, rules);
    World::new("ALB", json!({ "alb": { "ingress": "front", "rootService": "root" } }), &INGRESSES, &[("front", front)])
}

#[test]
fn alb_takes_the_first_path_whose_conditions_hold() {
    let conditions = r#"[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-Vip","values":["1","b*"]}}]"#;
    let any = "ImplementationSpecific";
    let world =
        alb(conditions, &[action("/*", any, "vip"), action("/*", any, "root"), path("/static", "Prefix", "assets")]);
    assert_eq!(world.to(&get("/")), "web-canary 20, web-stable 80");
    assert_eq!(world.to(&get("/").with_header("x-vip", "1")), "web-canary 100");
    assert_eq!(world.to(&get("/").with_header("x-vip", "Beta")), "web-canary 100");
    assert_eq!(world.to(&get("/").with_header("x-vip", "a")), "web-canary 20, web-stable 80");
    assert_eq!(world.to(&get("/static/x").with_header("x-vip", "1")), "assets 100", "prefixes come before wildcards");
    assert_eq!(world.to(&get("/").on("example")), "");
}

#[test]
fn alb_knows_more_conditions() {
    let conditions = r#"[
        {"field":"http-header","httpHeaderConfig":{"httpHeaderName":"Cookie","values":["*tester=y","*tester=y;*"]}},
        {"field":"http-request-method","httpRequestMethodConfig":{"values":["GET"]}},
        {"field":"query-string","queryStringConfig":{"values":[{"key":"q","value":"v\\*"}]}},
        {"field":"path-pattern","pathPatternConfig":{"values":["/api*"]}}]"#;
    let world = alb(conditions, &[action("/api", "Exact", "vip"), action("/", "Prefix", "root")]);
    let meant = get("/api/x").with_cookie("tester", "y").with_cookie("b", "c").with_query("q", "v*");
    assert_eq!(world.to(&meant), "web-canary 100");
    let split = "web-canary 20, web-stable 80";
    assert_eq!(world.to(&meant.clone().by("POST")), split);
    assert_eq!(world.to(&get("/api").with_cookie("tester", "y").with_query("q", "vw")), split);
    assert_eq!(world.to(&get("/api").with_query("q", "v*")), split);
}

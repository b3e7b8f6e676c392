//! Pictures of what made-up requests meet.

use super::look::{Pod, Scene};
use super::requests::{entries, samples};
use super::{Painter, draw, flow};
use rollouts_api::Rollout;
use rollouts_api::names::POD_TEMPLATE_HASH;
use rollouts_kube::Rest;
use rollouts_traffic::evaluate::Request;
use rollouts_traffic::{INGRESSES, Objects, Settings};
use serde_json::{Value, from_value, json};
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn rollout() -> Rollout {
    let tester =
        json!({ "setHeaderRoute": { "name": "vip", "match": [{ "cookies": { "tester": { "exact": "always" } } }] } });
    let beyond = json!({ "setHeaderRoute": { "name": "some", "match": [{ "path": { "regex": "/[ab]" } }] } });
    from_value(json!({
        "metadata": { "name": "web", "namespace": "ns" },
        "spec": { "strategy": { "canary": {
            "stableService": "stable", "canaryService": "canary",
            "trafficRouting": { "nginx": { "stableIngress": "front" } },
            "steps": [{ "setWeight": 20 }, { "pause": {} }, tester, beyond],
        } } },
        "status": {
            "phase": "Paused", "message": "CanaryPauseStep", "currentStepIndex": 1,
            "stableRS": "old", "currentPodHash": "new",
            "canary": { "weights": { "canary": { "weight": 20 } } },
        },
    }))
    .expect("a Rollout")
}

fn ingress(service: &str, annotations: &Value) -> Value {
    let backend = json!({ "service": { "name": service, "port": { "number": 80 } } });
    let path = json!({ "path": "/shop", "pathType": "Prefix", "backend": backend });
    json!({
        "metadata": { "annotations": annotations },
        "spec": { "rules": [{ "host": "shop.example", "http": { "paths": [path] } }] },
    })
}

/// With so many pods of the canary that are ready.
fn scene(annotations: &Value, canary_pods: usize) -> Scene {
    let labels = |hash: &str| BTreeMap::from([(POD_TEMPLATE_HASH.to_owned(), hash.to_owned())]);
    let pod = |hash: &str, tag: &str| Pod { labels: labels(hash), image: format!("registry:5000/demo:{tag}") };
    let mut pods = vec![pod("old", "blue"); 5];
    pods.extend(vec![pod("new", "yellow"); canary_pods]);
    let objects = [("front", ingress("stable", &Value::Null)), ("canary", ingress("canary", annotations))];
    Scene {
        rollout: rollout(),
        settings: Settings::default(),
        objects: objects.into_iter().map(|(name, object)| (INGRESSES.named("ns", name), object)).collect::<Objects>(),
        services: [("stable".to_owned(), labels("old")), ("canary".to_owned(), labels("new"))].into(),
        pods,
    }
}

fn split() -> Value {
    json!({
        "nginx.ingress.kubernetes.io/canary": "true",
        "nginx.ingress.kubernetes.io/canary-weight": "20",
        "nginx.ingress.kubernetes.io/canary-by-cookie": "tester",
    })
}

fn drawn(scene: &Scene) -> String {
    draw::draw(&scene.rollout, &flow::flows(scene))
}

#[test]
fn requests_are_drawn_as_the_objects_send_them() {
    let expected = "\
web  Paused, CanaryPauseStep, step 1 of 4, weight 20

1000 requests to shop.example/shop
  blue    ████████████████████████████████░░░░░░░░   79.3 %  stable, 5 pods
  yellow  ████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░   20.7 %  canary, 1 pod

with the cookie tester=always
  yellow  ████████████████████████████████████████  100.0 %  canary, 1 pod
";
    assert_eq!(drawn(&scene(&split(), 1)), expected);
}

#[test]
fn without_an_update_all_is_stable() {
    let mut scene = scene(&split(), 1);
    let headline = |scene: &Scene| drawn(scene).lines().next().map(str::to_owned).unwrap_or_default();
    let status = &mut scene.rollout.status;
    (status.phase, status.message) = ("Healthy".into(), String::new());
    status.stable_rs = status.current_pod_hash.clone();
    // Promoted, and the routers do not know yet.
    assert_eq!(headline(&scene), "web  Healthy, step 1 of 4, weight 20");
    for weights in [Some(rollouts_api::rollout::TrafficWeights::default()), None] {
        scene.rollout.status.canary.weights = weights;
        assert_eq!(headline(&scene), "web  Healthy, step 1 of 4, 100 % stable");
    }
    scene.rollout.status.stable_rs = "old".into();
    assert_eq!(headline(&scene), "web  Healthy, step 1 of 4", "nobody knows");
}

#[test]
fn requests_that_meet_no_pod_are_shown() {
    let picture = drawn(&scene(&split(), 0));
    let lost = "  nobody  ████████████████████████████████████████  100.0 %  no pod is ready for them\n";
    assert!(picture.ends_with(&format!("with the cookie tester=always\n{lost}")), "{picture}");
    let mut unselective = scene(&split(), 1);
    unselective.services.insert("stable".into(), BTreeMap::new());
    let picture = drawn(&unselective);
    assert!(picture.contains(" 79.3 %  no pod is ready for them\n"), "a Service that selects nothing: {picture}");
}

#[test]
fn requests_are_made_up_from_hosts_and_paths_of_objects() {
    let route = json!({ "spec": {
        "hosts": ["*.a.example"], "match": "Host(`b.example`) && PathPrefix(`/x`)",
        "http": [{ "match": { "paths": ["/shop/*"] } }],
    } });
    let objects: Objects = [(INGRESSES.named("ns", "any"), route)].into_iter().collect();
    let made: Vec<String> = entries(&objects).into_iter().map(|request| request.host + &request.path).collect();
    let expected = ["/", "/shop/", "www.a.example/", "www.a.example/shop/", "b.example/", "b.example/shop/"];
    assert_eq!(made, expected);
}

#[test]
fn those_whom_steps_tell_apart_have_requests_of_their_own() {
    let step =
        |kind: &str, block: Value| from_value(json!({ kind: { "name": "vip", "match": [block] } })).expect("a step");
    let old = step("setHeaderRoute", json!({ "headerName": "x-ring", "headerValue": { "prefix": "beta" } }));
    let mirror = json!({ "method": { "exact": "POST" }, "path": { "prefix": "/api" }, "queryParams": { "v": { "exact": "2" } } });
    let steps = [old, step("setMirrorRoute", mirror), step("setHeaderRoute", json!({ "path": { "regex": "/a.*" } }))];
    let entry = Request { method: "GET".into(), path: "/".into(), ..Request::default() };
    let all = samples(&steps, &entry);
    let whose: Vec<&str> = all.iter().map(|sample| sample.whose.as_str()).collect();
    assert_eq!(whose, ["with the header x-ring: beta", "POST, to /api, with the parameter v=2"]);
    assert_eq!(all[0].request.headers, [("x-ring".to_owned(), "beta".to_owned())]);
    assert_eq!((&*all[1].request.method, &*all[1].request.path), ("POST", "/api"));
}

#[tokio::test]
async fn pictures_are_asked_for_by_name_once_or_for_ever() {
    let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(rollouts_kube::system_clock()));
    rollouts_api::crd::manifests().into_iter().for_each(|crd| drop(server.create(crd).expect("a definition")));
    let object = |name: &str, strategy: Value| {
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": { "name": name },
            "spec": { "strategy": strategy },
        })
    };
    let routed = json!({ "canary": {
        "stableService": "s", "canaryService": "c", "trafficRouting": { "nginx": { "stableIngress": "front" } },
    } });
    server.create(object("web", routed)).expect("a Rollout");
    server.create(object("plain", json!({ "canary": {} }))).expect("a Rollout");
    let painter = Painter::bind(0).await.expect("a port");
    let address = painter.address;
    tokio::spawn(painter.serve(Rest::new(rollouts_kube::client::from_service(server.service()))));
    let connect = async |path: &str| {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream
    };
    let ask = async |path: &str| {
        let mut text = String::new();
        connect(path).await.read_to_string(&mut text).await.expect("an answer");
        text
    };
    for path in ["/web", "/default/web"] {
        let answer = ask(path).await;
        assert!(answer.contains("web  Pending\n\n1000 requests to /\n  nobody  █"), "{answer}");
    }
    for path in ["/nobody", "/live/nobody", "/live/default/nobody"] {
        let answer = ask(path).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        assert!(answer.ends_with("there is no Rollout default/nobody; / lists those that there are\n"), "{answer}");
    }
    let answer = ask("/plain").await;
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("has no trafficRouting"), "{answer}");
    assert!(ask("/").await.ends_with("second:\n\n/default/web\n/live/default/web\n"));
    assert!(ask("/a/b/c").await.starts_with("HTTP/1.1 404"));
    // It never ends: two frames are enough.
    let (mut stream, mut seen, mut part) = (connect("/live/web").await, String::new(), [0; 4096]);
    while seen.matches("\x1b[Hweb  Pending").count() < 2 {
        let n = stream.read(&mut part).await.expect("more of it");
        assert!(n > 0, "it ended: {seen}");
        seen.push_str(&String::from_utf8_lossy(&part[..n]));
    }
}

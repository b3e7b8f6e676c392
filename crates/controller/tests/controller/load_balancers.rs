//! Load balancers of AWS that must have the weights, and the pods, before an update goes on.

use crate::analysis::Source;
use crate::objects::{pods, rollout, service, template};
use crate::routers::{definition, routed};
use crate::world::{World, seconds};
use futures::future::BoxFuture;
use rollouts_controller::Options;
use rollouts_kube::Resource;
use rollouts_kube::resource::{ENDPOINTS, EVENTS, INGRESSES, REPLICA_SETS, ROLLOUTS, SERVICES};
use rollouts_providers::testing::{LoadBalancers, Reply};
use rollouts_providers::{Http, HttpError, Request, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const BINDINGS: Resource =
    Resource::fixed("elbv2.k8s.aws", "v1beta1", "TargetGroupBinding", "targetgroupbindings", true);
const CANARY: &str = "default/front-canary:80";
const STABLE: &str = "default/front-stable:80";

/// Load balancers, and sources of metrics beside them.
#[derive(Debug, Clone, Default)]
pub struct Aws {
    pub balancers: LoadBalancers,
    pub source: Source,
}

impl Http for Aws {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        match request.url.contains("amazonaws.com") {
            true => self.balancers.send(request),
            false => self.source.send(request),
        }
    }
}

impl Aws {
    pub fn options(&self, options: &mut Options) {
        options.measuring.http = Some(Arc::new(self.clone()));
        options.measuring.variables = LoadBalancers::variables();
        let verified = rollouts_traffic::Settings { aws_verify_target_group: true, ..Default::default() };
        options.router_settings = Arc::new(verified);
    }

    /// The load balancer of `front` gives the canary this share.
    fn splits(&self, canary: i32) {
        self.balancers.split("front", &[(CANARY, canary), (STABLE, 100 - canary)]);
    }
}

/// An Ingress whose load balancer has all traffic for the Service `stable`.
pub async fn prepare(world: &World, aws: &Aws) {
    aws.balancers.add("front", &[(CANARY, 0), (STABLE, 100)]);
    let backend = json!({ "service": { "name": "stable", "port": { "name": "use-annotation" } } });
    let path = json!({ "path": "/*", "pathType": "ImplementationSpecific", "backend": backend });
    let spec = json!({ "ingressClassName": "alb", "rules": [{ "http": { "paths": [path] } }] });
    world.create(&INGRESSES, object(&INGRESSES, "front", spec)).await;
    let status = json!({ "loadBalancer": { "ingress": [{ "hostname": LoadBalancers::host("front") }] } });
    world.patch_status(&INGRESSES, "front", status).await;
    world.server.create(definition(&BINDINGS)).unwrap();
}

/// The same, and its Services.
async fn begin(world: &World) -> Aws {
    let aws = Aws::default();
    for name in ["stable", "canary"] {
        world.create(&SERVICES, service(name, "web")).await;
    }
    prepare(world, &aws).await;
    aws
}

async fn bind(world: &World) {
    let spec = json!({
        "serviceRef": { "name": "stable", "port": 80 }, "targetGroupARN": LoadBalancers::group(STABLE), "targetType": "ip",
    });
    world.create(&BINDINGS, object(&BINDINGS, "k8s-front-stable", spec)).await;
}

fn object(r: &Resource, name: &str, spec: Value) -> Value {
    json!({ "apiVersion": r.api_version(), "kind": r.kind, "metadata": { "name": name }, "spec": spec })
}

fn by_alb() -> Value {
    routed("web", json!({ "alb": { "ingress": "front", "servicePort": 80 } }))
}

/// Addresses and ports behind the stable Service.
async fn endpoints(world: &World) -> Vec<(String, i64)> {
    let subset = world.get(&ENDPOINTS, "stable").await["subsets"][0].take();
    let port = subset["ports"][0]["port"].as_i64().unwrap();
    let addresses = subset["addresses"].as_array().unwrap();
    addresses.iter().map(|address| (address["ip"].as_str().unwrap().to_string(), port)).collect()
}

async fn update(world: &World) {
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "template": template("web", "b") } })).await;
}

async fn promote(world: &World) {
    world.patch_status(&ROLLOUTS, "web", json!({ "pauseConditions": null })).await;
}

/// Sizes of the ReplicaSets of `web` that have pods.
async fn sizes(world: &World) -> Vec<i64> {
    let mut sets = world.list(&REPLICA_SETS).await;
    sets.retain(|set| set["metadata"]["ownerReferences"][0]["name"] == "web");
    let sizes = sets.iter().map(|set| set["spec"]["replicas"].as_i64().unwrap());
    sizes.filter(|size| *size > 0).collect()
}

/// How often events of this reason were told.
async fn told(world: &World, reason: &str) -> i64 {
    let events = world.list(&EVENTS).await;
    events.iter().filter(|event| event["reason"] == reason).map(|event| event["count"].as_i64().unwrap_or(1)).sum()
}

/// From the first version to the second, at each stop as long as the load balancer is behind.
pub async fn play(world: &World, aws: &Aws) {
    world.create(&ROLLOUTS, by_alb()).await;
    let ro = world.wait("Healthy").await;
    let name = LoadBalancers::host("front");
    assert_eq!(ro["status"]["alb"]["loadBalancer"]["fullName"], "front/50dc", "{name}: {:#}", ro["status"]);
    assert_eq!(ro["status"]["alb"], ro["status"]["albs"][0]);
    bind(world).await;

    update(world).await;
    seconds(120).await;
    let status = world.rollout("web").await["status"].take();
    assert_eq!((&status["phase"], &status["currentStepIndex"]), (&json!("Progressing"), &json!(0)));
    assert_eq!(status["canary"]["weights"]["verified"], false);
    let group = LoadBalancers::group(CANARY);
    let off = format!("Service canary (TargetGroup {group}) not verified: canary weight 20 not yet set (current: 0)");
    assert_eq!(
        (world.events("TargetGroupUnverified").await, told(world, "TargetGroupUnverified").await),
        (vec![off], 1)
    );
    let looks = aws.balancers.calls().iter().filter(|call| *call == "DescribeTargetGroups").count();
    assert!((10..=15).contains(&looks), "one every ten seconds: {looks}");

    aws.splits(20);
    world.wait("Paused").await;
    let on = format!("Service canary (TargetGroup {group}) verified: canary weight 20 set");
    assert!(world.events("TargetGroupVerified").await.contains(&on));
    seconds(30).await;
    aws.balancers.calls();
    seconds(600).await;
    assert_eq!(aws.balancers.calls(), [""; 0], "nothing waits for an answer");

    promote(world).await;
    seconds(60).await;
    assert_eq!(world.rollout("web").await["status"]["phase"], "Progressing");
    aws.splits(100);
    world.wait("Healthy").await;
    seconds(120).await;
    let off =
        format!("Service stable (TargetGroup {}) not verified: 0/2 endpoints registered", LoadBalancers::group(STABLE));
    assert!(world.events("TargetGroupUnverified").await.contains(&off));
    assert_eq!(sizes(world).await, [2, 2], "the load balancer does not know the new pods yet");
    let endpoints = endpoints(world).await;
    aws.balancers.register(STABLE, &endpoints);
    seconds(60).await;
    assert_eq!(sizes(world).await, [2]);
    let on = format!("Service stable (TargetGroup {}) verified: 2 endpoints registered", LoadBalancers::group(STABLE));
    assert!(world.events("TargetGroupVerified").await.contains(&on));
}

#[tokio::test(start_paused = true)]
async fn an_update_goes_as_its_load_balancer_follows() {
    let world = World::start();
    let aws = begin(&world).await;
    world.controller_with(|options| aws.options(options));
    play(&world, &aws).await;
}

#[tokio::test(start_paused = true)]
async fn without_the_flag_nobody_is_asked_and_nothing_said() {
    let world = World::start();
    let aws = begin(&world).await;
    bind(&world).await;
    let controller = world.controller_with(|options| aws.options(options));
    world.create(&ROLLOUTS, by_alb()).await;
    world.wait("Healthy").await;
    seconds(30).await;
    controller.stop();
    aws.balancers.calls();
    world.controller_with(|options| {
        aws.options(options);
        options.router_settings = Arc::default();
    });
    update(&world).await;
    let ro = world.wait("Paused").await;
    assert_eq!((&ro["status"]["alb"], &ro["status"]["albs"]), (&Value::Null, &Value::Null));
    promote(&world).await;
    world.wait("Healthy").await;
    seconds(60).await;
    assert_eq!((sizes(&world).await, aws.balancers.calls()), (vec![2], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_answer_holds_up_nobody_else() {
    let world = World::start();
    let aws = begin(&world).await;
    world.controller_with(|options| {
        aws.options(options);
        options.workers = 1;
    });
    world.create(&ROLLOUTS, by_alb()).await;
    world.wait("Healthy").await;
    seconds(30).await;
    let slow = || Reply::Slow(Duration::from_secs(3600), Response::default());
    aws.balancers.fail((0..100).map(|_| slow()));
    update(&world).await;
    seconds(10).await;
    let mut spec = pods("other", 1);
    spec["strategy"] = json!({ "canary": {} });
    world.create(&ROLLOUTS, rollout("other", &spec)).await;
    seconds(10).await;
    assert_eq!(world.rollout("other").await["status"]["phase"], "Healthy");
    seconds(300).await;
    let late = "Failed to verify weight: operation error Elastic Load Balancing v2: DescribeLoadBalancers, Post \
                \"https://elasticloadbalancing.eu-central-1.amazonaws.com/\": context deadline exceeded";
    assert_eq!(
        (world.events("WeightVerifyError").await, told(&world, "WeightVerifyError").await),
        (vec![late.into()], 1)
    );
    assert_eq!(world.rollout("web").await["status"]["currentStepIndex"], 0);
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_told_once_and_tried_again() {
    let world = World::start();
    let aws = begin(&world).await;
    world.controller_with(|options| aws.options(options));
    world.create(&ROLLOUTS, by_alb()).await;
    world.wait("Healthy").await;
    update(&world).await;
    seconds(30).await;
    aws.splits(20);
    let refused = || LoadBalancers::refusal(403, "AccessDenied", "not authorized");
    aws.balancers.fail((0..3).map(|_| refused()).chain([Reply::ok("garbage"), Reply::status(500, "<html>")]));
    world.wait("Paused").await;
    let of = |said: &str| {
        format!("Failed to verify weight: operation error Elastic Load Balancing v2: DescribeLoadBalancers, {said}")
    };
    let mut said = world.events("WeightVerifyError").await;
    said.sort();
    assert_eq!(said, [of("StatusCode: 403, AccessDenied: not authorized"), of("the answer is not what it should be")]);
    assert_eq!(told(&world, "WeightVerifyError").await, 2);
    assert_eq!(told(&world, "TargetGroupVerifyError").await, 2);
}

#[tokio::test(start_paused = true)]
async fn another_controller_takes_what_was_confirmed_for_granted() {
    let world = World::start();
    let aws = begin(&world).await;
    let controller = world.controller_with(|options| aws.options(options));
    world.create(&ROLLOUTS, by_alb()).await;
    world.wait("Healthy").await;
    let pinned = json!([{ "setCanaryScale": { "replicas": 1 } }, { "setWeight": 20 }]);
    world
        .patch(&ROLLOUTS, "web", json!({ "spec": { "paused": true, "strategy": { "canary": { "steps": pinned } } } }))
        .await;
    seconds(5).await;
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "paused": false } })).await;
    update(&world).await;
    seconds(20).await;
    // At the step, verified, and held there.
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "paused": true } })).await;
    aws.splits(20);
    seconds(60).await;
    assert_eq!(world.rollout("web").await["status"]["canary"]["weights"]["verified"], true);
    let verified = told(&world, "TargetGroupVerified").await;
    controller.stop();
    seconds(5).await;
    aws.balancers.calls();
    world.controller_with(|options| aws.options(options));
    seconds(120).await;
    assert_eq!((aws.balancers.calls(), told(&world, "TargetGroupVerified").await), (vec![], verified));
}

//! Questions to a double of the service.

use super::Elb;
use crate::Response;
use crate::context::Tools;
use crate::testing::{FakeSecrets, LoadBalancers, Reply};
use rollouts_api::Clock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const TAG: &str = "ingress.k8s.aws/resource";

fn elb(service: &LoadBalancers) -> Elb {
    let clock = Clock::new(|| "2026-01-02T03:04:05Z".parse().unwrap_or_default());
    let tools = Tools::new(Arc::new(service.clone()), Arc::new(FakeSecrets::default()), clock, "argo-rollouts");
    Elb::new(Tools { variables: LoadBalancers::variables(), ..tools })
}

/// The weights of groups in each rule of the load balancer, or what went wrong.
async fn rules(service: &LoadBalancers, name: &str) -> Result<Vec<Vec<i32>>, String> {
    let host = LoadBalancers::host(name);
    let found = elb(service).load_balancers(std::slice::from_ref(&host), TAG).await.map_err(|e| e.to_string())?;
    let balancer = found[&host].as_ref().ok_or("nobody has that name")?;
    Ok(balancer.rules.iter().map(|rule| rule.values().copied().collect()).collect())
}

#[tokio::test]
async fn every_page_is_read_of_what_is_asked_for() {
    let service = LoadBalancers::new();
    let names: Vec<String> = (0..25).map(|n| format!("ns/web-{n}&:80")).collect();
    let split: Vec<(&str, i32)> = names.iter().zip(0..).map(|(name, n)| (name.as_str(), n)).collect();
    ["a", "b", "c"].iter().for_each(|name| service.add(name, &[("ns/other:80", 100)]));
    service.add("web", &split);
    (0..3).for_each(|_| service.add_rule("web", &split[..1]));
    let hosts = [LoadBalancers::host("WEB"), LoadBalancers::host("none")];
    let found = elb(&service).load_balancers(&hosts, TAG).await.expect("an answer");
    assert_eq!(found[&hosts[1]], None);
    let web = found[&hosts[0].to_ascii_lowercase()].as_ref().expect("a load balancer");
    assert_eq!((web.name.as_str(), web.groups.len(), web.rules.len()), ("web", 25, 8));
    let by_tag: BTreeMap<&str, &str> = web.groups.iter().map(|g| (g.resource.as_str(), g.arn.as_str())).collect();
    for (name, weight) in &split {
        assert_eq!(web.rules[0][by_tag[name]], *weight, "{name}");
    }
    let calls = service.calls();
    let count = |action: &str| calls.iter().filter(|call| *call == action).count();
    assert_eq!(count("DescribeTags"), 2, "twenty at once");
    assert_eq!((count("DescribeLoadBalancers"), count("DescribeTargetGroups"), count("DescribeRules")), (2, 13, 6));
}

#[tokio::test]
async fn targets_are_registered_whatever_their_health() {
    let service = LoadBalancers::new();
    let targets = [("10.0.0.1".to_owned(), 8080), ("10.0.0.2".to_owned(), 8080)];
    service.add("web", &[("ns/web:80", 100)]);
    service.register("ns/web:80", &targets);
    let group = LoadBalancers::group("ns/web:80");
    assert_eq!(elb(&service).targets(&group).await.expect("an answer"), targets.into_iter().collect());
    let missing = elb(&service).targets("arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/none/1").await;
    let message = "operation error Elastic Load Balancing v2: DescribeTargetHealth, StatusCode: 400, ValidationError: \
                   'DescribeTargetHealth' cannot be answered";
    assert_eq!(missing.expect_err("no such group").to_string(), message);
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_waited_out() {
    let service = LoadBalancers::new();
    service.add("web", &[("ns/web:80", 20), ("ns/old:80", 80)]);
    service.fail([
        LoadBalancers::refusal(400, "Throttling", "Rate exceeded"),
        LoadBalancers::refusal(503, "ServiceUnavailable", "not now"),
        Reply::ok(LOAD_BALANCERS),
        Reply::Error("connection reset by peer".into()),
    ]);
    assert_eq!(rules(&service, "web").await, Ok(vec![vec![80, 20], vec![80, 20]]));
}

/// An answer as the documentation of AWS shows it.
const LOAD_BALANCERS: &str = r#"<DescribeLoadBalancersResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
  <DescribeLoadBalancersResult>
    <LoadBalancers>
      <member>
        <LoadBalancerArn>arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/50dc</LoadBalancerArn>
        <Scheme>internet-facing</Scheme>
        <LoadBalancerName>web</LoadBalancerName>
        <VpcId>vpc-3ac0fb5f</VpcId>
        <CanonicalHostedZoneId>Z2P70J7EXAMPLE</CanonicalHostedZoneId>
        <CreatedTime>2016-03-25T21:26:12.920Z</CreatedTime>
        <AvailabilityZones>
          <member><SubnetId>subnet-8360a9e7</SubnetId><ZoneName>eu-central-1a</ZoneName></member>
        </AvailabilityZones>
        <SecurityGroups><member>sg-5943793c</member></SecurityGroups>
        <DNSName>web-1234.eu-central-1.elb.amazonaws.com</DNSName>
        <State><Code>active</Code></State>
        <Type>application</Type>
      </member>
    </LoadBalancers>
  </DescribeLoadBalancersResult>
  <ResponseMetadata><RequestId>6581c0ac-f39f-11e5-bb98-57195a6eb84a</RequestId></ResponseMetadata>
</DescribeLoadBalancersResponse>"#;

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_said() {
    let throttled = || LoadBalancers::refusal(400, "Throttling", "Rate exceeded");
    let said = "operation error Elastic Load Balancing v2: DescribeLoadBalancers, ";
    let url = "https://elasticloadbalancing.eu-central-1.amazonaws.com/";
    let slow = || Reply::Slow(Duration::from_secs(100), Response::default());
    for (faults, expected) in [
        (vec![throttled(), throttled(), throttled()], "StatusCode: 400, Throttling: Rate exceeded".to_owned()),
        (
            vec![LoadBalancers::refusal(403, "AccessDenied", "User: x is not authorized")],
            "StatusCode: 403, AccessDenied: User: x is not authorized".into(),
        ),
        (vec![Reply::status(404, "<html>")], "StatusCode: 404".into()),
        (vec![Reply::ok("{}")], "the answer is not what it should be".into()),
        (vec![Reply::ok("<a/>")], "the answer is not what it should be".into()),
        (vec![slow(), slow(), slow()], format!("Post \"{url}\": context deadline exceeded")),
    ] {
        let service = LoadBalancers::new();
        service.fail(faults);
        assert_eq!(rules(&service, "web").await, Err(format!("{said}{expected}")));
    }
    let service = LoadBalancers::new();
    service.add("web", &[]);
    let endless = "<DescribeLoadBalancersResult><NextMarker>x</NextMarker></DescribeLoadBalancersResult>";
    service.fail(vec![Reply::ok(format!("<R>{endless}</R>")); 200]);
    let said = rules(&service, "web").await.expect_err("no end");
    assert!(said.ends_with("DescribeLoadBalancers: the answer has more than 100 pages"), "{said}");
    let service = LoadBalancers::new();
    service.add("web", &[]);
    service.fail(vec![
        Reply::Slow(
            Duration::from_secs(9),
            Response { status: 200, headers: Vec::new(), body: format!("<R>{endless}</R>").into() }
        );
        200
    ]);
    assert_eq!(rules(&service, "web").await, Err("Elastic Load Balancing has not answered within 60 s".into()));
}

#[tokio::test]
async fn who_asks_must_be_known_and_where() {
    let service = LoadBalancers::new();
    let elb = |variables: &[(&str, &str)]| {
        let Elb { mut tools } = elb(&service);
        tools.variables.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Elb::new(tools)
    };
    let ask = async |elb: Elb, host: &str| elb.load_balancers(&[host.to_owned()], TAG).await.map_err(|e| e.to_string());
    let host = LoadBalancers::host("web");
    assert_eq!(ask(elb(&[]), &host).await, Ok(BTreeMap::from([(host.clone(), None)])));
    let said = ask(elb(&[("AWS_SECRET_ACCESS_KEY", "another")]), &host).await.expect_err("a wrong signature");
    assert!(said.ends_with("StatusCode: 403, SignatureDoesNotMatch: the signature is another one"), "{said}");
    let said = ask(elb(&[]), "lb.example").await;
    assert_eq!(said, Err("region not configured in sigv4 or in default credentials chain".into()));
    let said = ask(elb(&[("AWS_REGION", "eu-central-1")]), "lb.example").await;
    assert_eq!(said, Ok(BTreeMap::from([("lb.example".to_owned(), None)])));
}

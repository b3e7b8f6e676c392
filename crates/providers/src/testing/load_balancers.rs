//! A double of Elastic Load Balancing.

use super::Reply;
use crate::http::{Http, HttpError, Problem, Request, Response};
use crate::sigv4::{self, Credentials, Scope};
use crate::url::query_unescape;
use futures::future::BoxFuture;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where they all are.
const REGION: &str = "eu-central-1";
/// What lists have a page, however many are asked for.
const PAGE_SIZE: usize = 2;
/// Their tag that tells groups apart.
const TAG: &str = "ingress.k8s.aws/resource";

/// Load balancers in memory. Answers to those alone who sign with [`LoadBalancers::variables`], two members a page.
#[derive(Debug, Clone, Default)]
pub struct LoadBalancers(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    balancers: Vec<Balancer>,
    groups: BTreeMap<String, Group>,
    faults: VecDeque<Reply>,
    calls: Vec<String>,
}

#[derive(Debug)]
struct Balancer {
    name: String,
    host: String,
    /// By listener.
    rules: Vec<Vec<Rule>>,
    /// Their Amazon resource names.
    groups: Vec<String>,
}

/// What a rule forwards, by Amazon resource name; nothing if it does something else.
type Rule = Vec<(String, i32)>;

#[derive(Debug, Default)]
struct Group {
    name: String,
    resource: String,
    targets: BTreeSet<(String, i64)>,
}

impl LoadBalancers {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the environment of those has who may ask.
    pub fn variables() -> BTreeMap<String, String> {
        let pairs = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "s3cret")];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// A host name that load balancers have.
    pub fn host(name: &str) -> String {
        format!("{name}-1234.{REGION}.elb.amazonaws.com")
    }

    /// The Amazon resource name of the target group with this tag.
    pub fn group(resource: &str) -> String {
        let name = group_name(resource);
        format!("arn:aws:elasticloadbalancing:{REGION}:123456789012:targetgroup/{name}/6d0e")
    }

    /// Adds a load balancer with two listeners, and in each a rule that splits traffic between groups with these tags.
    pub fn add(&self, name: &str, split: &[(&str, i32)]) {
        let mut state = self.state();
        for (resource, _) in split {
            let group = Group { name: group_name(resource), resource: (*resource).to_owned(), ..Group::default() };
            state.groups.entry(Self::group(resource)).or_insert(group);
        }
        let groups = split.iter().map(|(resource, _)| Self::group(resource)).collect();
        let rules = vec![vec![rule(split), Vec::new()]; 2];
        state.balancers.push(Balancer { name: name.to_owned(), host: Self::host(name), rules, groups });
    }

    /// The load balancer now splits traffic so, in all its listeners.
    pub fn split(&self, name: &str, split: &[(&str, i32)]) {
        [0, 1].into_iter().for_each(|listener| self.split_in(name, listener, split));
    }

    /// In one listener.
    pub fn split_in(&self, name: &str, listener: usize, split: &[(&str, i32)]) {
        for balancer in self.state().balancers.iter_mut().filter(|balancer| balancer.name == name) {
            balancer.rules[listener][0] = rule(split);
        }
    }

    /// A rule more, in all listeners.
    pub fn add_rule(&self, name: &str, split: &[(&str, i32)]) {
        for balancer in self.state().balancers.iter_mut().filter(|balancer| balancer.name == name) {
            balancer.rules.iter_mut().for_each(|rules| rules.push(rule(split)));
        }
    }

    /// The group with this tag now has these targets.
    pub fn register(&self, resource: &str, targets: &[(String, i64)]) {
        let mut state = self.state();
        let group = state.groups.entry(Self::group(resource)).or_default();
        group.targets = targets.iter().cloned().collect();
    }

    /// The next calls are answered with this, one each.
    pub fn fail(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state().faults.extend(replies);
    }

    /// A refusal as AWS spells it.
    pub fn refusal(status: u16, code: &str, message: &str) -> Reply {
        Reply::Answer(refused(status, code, message))
    }

    /// The actions that were called since this was asked last.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rule(split: &[(&str, i32)]) -> Rule {
    split.iter().map(|(resource, weight)| (LoadBalancers::group(resource), *weight)).collect()
}

/// Names have letters, digits and dashes.
fn group_name(resource: &str) -> String {
    format!("k8s-{}", resource.replace(|c: char| !c.is_ascii_alphanumeric(), "-"))
}

impl Http for LoadBalancers {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let reply = self.state().reply(&request);
        Box::pin(async move {
            match reply {
                Reply::Answer(response) => Ok(response),
                Reply::Error(text) => Err(request.failed(Problem::Other(text))),
                Reply::Slow(wait, response) => {
                    tokio::time::sleep(wait).await;
                    Ok(response)
                }
            }
        })
    }
}

impl State {
    fn reply(&mut self, request: &Request) -> Reply {
        let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned();
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        let call: BTreeMap<String, String> =
            pairs.map(|(key, value)| (query_unescape(key), query_unescape(value))).collect();
        let argument = |name: &str| call.get(name).map_or("", String::as_str);
        let action = argument("Action");
        self.calls.push(action.to_owned());
        if let Some(fault) = self.faults.pop_front() {
            return fault;
        }
        if let Err(problem) = check(request) {
            return Reply::Answer(refused(403, "SignatureDoesNotMatch", problem));
        }
        let result = match action {
            _ if argument("Version") != "2015-12-01" => None,
            "DescribeLoadBalancers" => {
                let all = self.balancers.iter().map(Balancer::xml).collect();
                Some(page("LoadBalancers", all, argument("Marker")))
            }
            "DescribeTargetGroups" => self.balancer(argument("LoadBalancerArn")).map(|balancer| {
                let all = balancer.groups.iter().filter_map(|arn| Some(self.groups.get(arn)?.xml(arn))).collect();
                page("TargetGroups", all, argument("Marker"))
            }),
            "DescribeTags" => Some(self.tags(&call)),
            "DescribeListeners" => self.balancer(argument("LoadBalancerArn")).map(|balancer| {
                let all = (0..balancer.rules.len()).map(|n| element("ListenerArn", &balancer.listener(n))).collect();
                page("Listeners", all, argument("Marker"))
            }),
            "DescribeRules" => self.rules(argument("ListenerArn"), argument("Marker")),
            "DescribeTargetHealth" => self.groups.get(argument("TargetGroupArn")).map(Group::health),
            _ => None,
        };
        match result {
            Some(result) => {
                let meta = "<ResponseMetadata><RequestId>7</RequestId></ResponseMetadata>";
                let inside = format!("<{action}Result>{result}</{action}Result>{meta}");
                let xmlns = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";
                Reply::ok(format!("<{action}Response xmlns=\"{xmlns}\">{inside}</{action}Response>"))
            }
            None => Reply::Answer(refused(400, "ValidationError", &format!("'{action}' cannot be answered"))),
        }
    }

    fn balancer(&self, arn: &str) -> Option<&Balancer> {
        self.balancers.iter().find(|balancer| balancer.arn() == arn)
    }

    /// As the service does, of 20 resources at most.
    fn tags(&self, call: &BTreeMap<String, String>) -> String {
        let arns: Vec<&String> =
            call.iter().filter(|(key, _)| key.starts_with("ResourceArns.member.")).map(|(_, arn)| arn).collect();
        let tag =
            |key: &str, value: &str| format!("<member>{}{}</member>", element("Key", key), element("Value", value));
        let described = arns.iter().take(20).filter_map(|arn| {
            let tags = tag("elbv2.k8s.aws/cluster", "one") + &tag(TAG, &self.groups.get(*arn)?.resource);
            Some(format!("<member>{}<Tags>{tags}</Tags></member>", element("ResourceArn", arn)))
        });
        format!("<TagDescriptions>{}</TagDescriptions>", described.collect::<String>())
    }

    fn rules(&self, listener: &str, marker: &str) -> Option<String> {
        let all = self
            .balancers
            .iter()
            .flat_map(|balancer| balancer.rules.iter().enumerate().map(|(n, rules)| (balancer.listener(n), rules)));
        let (_, rules) = all.into_iter().find(|(arn, _)| arn == listener)?;
        let rules = rules.iter().map(|rule| {
            let mut groups = String::new();
            for (arn, weight) in rule {
                let arn = element("TargetGroupArn", arn);
                // Writing to a String cannot fail.
                let _ = write!(groups, "<member>{arn}<Weight>{weight}</Weight></member>");
            }
            let config = format!("<ForwardConfig><TargetGroups>{groups}</TargetGroups></ForwardConfig>");
            let action = match &rule[..] {
                [] => "<Type>fixed-response</Type>".to_owned(),
                [(arn, _)] => format!("<Type>forward</Type>{}{config}", element("TargetGroupArn", arn)),
                _ => format!("<Type>forward</Type>{config}"),
            };
            format!("<Priority>1</Priority><Actions><member>{action}</member></Actions>")
        });
        Some(page("Rules", rules.collect(), marker))
    }
}

impl Balancer {
    fn arn(&self) -> String {
        format!("arn:aws:elasticloadbalancing:{REGION}:123456789012:loadbalancer/app/{}/50dc", self.name)
    }

    fn listener(&self, number: usize) -> String {
        format!("arn:aws:elasticloadbalancing:{REGION}:123456789012:listener/app/{}/50dc/{number}", self.name)
    }

    fn xml(&self) -> String {
        let (name, host) = (element("LoadBalancerName", &self.name), element("DNSName", &self.host));
        name + &host + &element("LoadBalancerArn", &self.arn())
    }
}

impl Group {
    fn xml(&self, arn: &str) -> String {
        element("TargetGroupName", &self.name) + &element("TargetGroupArn", arn)
    }

    fn health(&self) -> String {
        let all = self.targets.iter().map(|(ip, port)| {
            let target = format!("{}<Port>{port}</Port>", element("Id", ip));
            format!("<member><Target>{target}</Target><TargetHealth><State>initial</State></TargetHealth></member>")
        });
        format!("<TargetHealthDescriptions>{}</TargetHealthDescriptions>", all.collect::<String>())
    }
}

fn element(name: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<{name}>{text}</{name}>")
}

fn page(list: &str, members: Vec<String>, marker: &str) -> String {
    let from = marker.parse().unwrap_or(0);
    let some: String = members.iter().skip(from).take(PAGE_SIZE).map(|m| format!("<member>{m}</member>")).collect();
    let next = from + PAGE_SIZE;
    let more = if next < members.len() { format!("<NextMarker>{next}</NextMarker>") } else { String::new() };
    format!("<{list}>{some}</{list}>{more}")
}

fn refused(status: u16, code: &str, message: &str) -> Response {
    let error = format!("<Type>Sender</Type>{}{}", element("Code", code), element("Message", message));
    let body = format!("<ErrorResponse><Error>{error}</Error><RequestId>7</RequestId></ErrorResponse>");
    Response { status, headers: Vec::new(), body: body.into_bytes() }
}

/// Signs what is signed again, with the time that it has, and compares.
fn check(request: &Request) -> Result<(), &'static str> {
    let header = |of: &Request, name: &str| {
        of.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let time = header(request, "X-Amz-Date").and_then(|text| DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok());
    let time = time.and_then(|time| time.to_zoned(TimeZone::UTC).ok()).ok_or("there is no time")?;
    let signature = header(request, "Authorization").ok_or("there is no signature")?;
    let signed = signature.split_once("SignedHeaders=").and_then(|(_, rest)| rest.split_once(','));
    let signed: Vec<&str> = signed.map_or_else(Vec::new, |(names, _)| names.split(';').collect());
    if ["content-type", "host", "x-amz-date"].iter().any(|name| !signed.contains(name)) {
        return Err("something is not signed");
    }
    let mut again = request.clone();
    again.headers.retain(|(name, _)| signed.contains(&name.to_ascii_lowercase().as_str()));
    let credentials = Credentials::new("AKIDEXAMPLE", "s3cret");
    let scope = Scope { service: "elasticloadbalancing", region: REGION };
    sigv4::sign(&mut again, &credentials, scope, time.timestamp());
    let is_same = header(&again, "Authorization").as_ref() == Some(&signature);
    if is_same && request.method == "POST" { Ok(()) } else { Err("the signature is another one") }
}

//! Calls, page by page.

use super::answer::{self, Problem};
use crate::context::Tools;
use crate::http::Request;
use crate::reading::{Failure, Result};
use crate::sigv4::{self, Identity, Scope};
use crate::url::form;
use crate::xml::Element;
use rollouts_traffic::{FoundGroup, LoadBalancer};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const VERSION: &str = "2015-12-01";
/// How long one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Pages that are read at most of one answer.
const PAGES_MAX: usize = 100;
/// What a page has at most, as far as that can be said.
const PAGE_SIZE: &str = "400";
/// Resources whose tags one call may ask for.
const TAGS_AT_ONCE: usize = 20;
/// From a call that was refused for the moment to the next try.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// The service in one region.
pub struct Calls<'a> {
    tools: &'a Tools,
    region: &'a str,
    url: String,
}

impl<'a> Calls<'a> {
    pub fn new(tools: &'a Tools, region: &'a str) -> Self {
        const VARIABLE: &str = "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2";
        Calls { tools, region, url: sigv4::endpoint(tools, "elasticloadbalancing", VARIABLE, region) }
    }

    /// Load balancers by host name, as far as there are any; without their groups and rules.
    pub async fn find(&self, hosts: &BTreeSet<String>) -> Result<BTreeMap<String, LoadBalancer>> {
        let mut found = BTreeMap::new();
        for page in self.pages("DescribeLoadBalancers", &[("PageSize", PAGE_SIZE)]).await? {
            for member in page.list("LoadBalancers") {
                let host = member.text_of("DNSName").to_ascii_lowercase();
                if hosts.contains(&host) {
                    found.insert(host, answer::load_balancer(member));
                }
            }
        }
        Ok(found)
    }

    /// The load balancer with its groups and rules.
    pub async fn look(&self, mut balancer: LoadBalancer, tag: &str) -> Result<LoadBalancer> {
        let of_balancer = [("LoadBalancerArn", balancer.arn.as_str()), ("PageSize", PAGE_SIZE)];
        for page in self.pages("DescribeTargetGroups", &of_balancer).await? {
            balancer.groups.extend(page.list("TargetGroups").map(answer::group));
        }
        self.read_tags(&mut balancer.groups, tag).await?;
        let mut listeners = Vec::new();
        for page in
            self.pages("DescribeListeners", &[("LoadBalancerArn", &balancer.arn), ("PageSize", PAGE_SIZE)]).await?
        {
            listeners.extend(page.list("Listeners").map(|listener| listener.text_of("ListenerArn").to_owned()));
        }
        for listener in listeners {
            for page in self.pages("DescribeRules", &[("ListenerArn", &listener), ("PageSize", PAGE_SIZE)]).await? {
                balancer.rules.extend(page.list("Rules").map(answer::forwards).filter(|rule| !rule.is_empty()));
            }
        }
        Ok(balancer)
    }

    async fn read_tags(&self, groups: &mut [FoundGroup], tag: &str) -> Result<()> {
        for some in groups.chunks_mut(TAGS_AT_ONCE) {
            let names: Vec<String> = (1..=some.len()).map(|n| format!("ResourceArns.member.{n}")).collect();
            let arguments: Vec<(&str, &str)> =
                names.iter().zip(some.iter()).map(|(name, group)| (name.as_str(), group.arn.as_str())).collect();
            let page = self.call("DescribeTags", &arguments).await?;
            for described in page.list("TagDescriptions") {
                let value = described.list("Tags").find(|t| t.text_of("Key") == tag).map(|t| t.text_of("Value"));
                let arn = described.text_of("ResourceArn");
                if let (Some(value), Some(group)) = (value, some.iter_mut().find(|group| group.arn == arn)) {
                    group.resource = value.to_owned();
                }
            }
        }
        Ok(())
    }

    pub async fn targets(&self, group_arn: &str) -> Result<BTreeSet<(String, i64)>> {
        let page = self.call("DescribeTargetHealth", &[("TargetGroupArn", group_arn)]).await?;
        Ok(page.list("TargetHealthDescriptions").filter_map(answer::target).collect())
    }

    async fn pages(&self, action: &str, arguments: &[(&str, &str)]) -> Result<Vec<Element>> {
        let (mut pages, mut marker) = (Vec::new(), String::new());
        for _ in 0..PAGES_MAX {
            let mut arguments = arguments.to_vec();
            if !marker.is_empty() {
                arguments.push(("Marker", &marker));
            }
            let page = self.call(action, &arguments).await?;
            let next = page.text_of("NextMarker").to_owned();
            pages.push(page);
            if next.is_empty() {
                return Ok(pages);
            }
            marker = next;
        }
        Err(Failure::new(format!("{}: the answer has more than {PAGES_MAX} pages", operation(action))))
    }

    /// One answer, what stands around it taken off. What passes is waited out for some seconds.
    async fn call(&self, action: &str, arguments: &[(&str, &str)]) -> Result<Element> {
        let mut pauses = PAUSES.iter();
        loop {
            let problem = match self.try_call(action, arguments).await? {
                Ok(element) => return Ok(element),
                Err(problem) => problem,
            };
            match pauses.next().filter(|_| problem.passes) {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(Failure::new(format!("{}, {}", operation(action), problem.message))),
            }
        }
    }

    async fn try_call(
        &self,
        action: &str,
        arguments: &[(&str, &str)],
    ) -> Result<std::result::Result<Element, Problem>> {
        let mut pairs = vec![("Action", action), ("Version", VERSION)];
        pairs.extend_from_slice(arguments);
        let mut request = Request::new("POST", &self.url, CALL_TIMEOUT)
            .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(form(pairs));
        let identity = Identity { region: self.region, ..Identity::default() };
        let credentials = sigv4::credentials(self.tools, identity).await?;
        let scope = Scope { service: "elasticloadbalancing", region: self.region };
        sigv4::sign(&mut request, &credentials, scope, self.tools.clock.now());
        Ok(match self.tools.send(request).await {
            Ok(response) => answer::result(action, &response),
            Err(error) => Err(Problem { message: error.to_string(), passes: true }),
        })
    }
}

fn operation(action: &str) -> String {
    format!("operation error Elastic Load Balancing v2: {action}")
}

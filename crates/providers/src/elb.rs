//! Load balancers of AWS (Elastic Load Balancing, version 2): what their rules forward to, and which targets they know.

mod answer;
mod calls;
#[cfg(test)]
mod tests;

use crate::context::Tools;
use crate::reading::{Failure, Result};
use crate::sigv4::{self, Identity};
use calls::Calls;
use rollouts_traffic::LoadBalancer;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long all calls for one question may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The service that is asked. Clones share its credentials.
#[derive(Debug, Clone)]
pub struct Elb {
    tools: Tools,
}

impl Elb {
    /// Asks with those tools: as whoever the environment says, with the same credentials as sources of metrics.
    pub fn new(tools: Tools) -> Self {
        Elb { tools }
    }

    /// The load balancers with these host names; `None` for those that nobody has. `tag` is the key of the tag by which
    /// their target groups are told apart.
    ///
    /// # Errors
    /// When there is no answer, also after some tries, in a minute.
    pub async fn load_balancers(&self, hosts: &[String], tag: &str) -> Result<BTreeMap<String, Option<LoadBalancer>>> {
        within(async {
            let mut by_region: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for host in hosts {
                let region = self.region(region_of_host(host))?;
                by_region.entry(region).or_default().insert(host.to_ascii_lowercase());
            }
            let mut found: BTreeMap<String, Option<LoadBalancer>> = BTreeMap::new();
            for (region, hosts) in by_region {
                let calls = Calls::new(&self.tools, &region);
                let mut known = calls.find(&hosts).await?;
                for host in hosts {
                    let balancer = match known.remove(&host) {
                        Some(balancer) => Some(calls.look(balancer, tag).await?),
                        None => None,
                    };
                    found.insert(host, balancer);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Addresses and ports of the targets that are registered with a target group, healthy or not.
    ///
    /// # Errors
    /// When there is no answer, also after some tries, in a minute.
    pub async fn targets(&self, group_arn: &str) -> Result<BTreeSet<(String, i64)>> {
        within(async {
            let region = self.region(group_arn.split(':').nth(3).filter(|region| !region.is_empty()))?;
            Calls::new(&self.tools, &region).targets(group_arn).await
        })
        .await
    }

    /// That of the thing itself, if its name tells; else that of the environment.
    fn region(&self, own: Option<&str>) -> Result<String> {
        match own {
            Some(region) => Ok(region.to_owned()),
            None => sigv4::region(&self.tools, Identity::default()),
        }
    }
}

async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || Failure::new(format!("Elastic Load Balancing has not answered within {} s", TIMEOUT.as_secs()));
    tokio::time::timeout(TIMEOUT, work).await.unwrap_or_else(|_| Err(late()))
}

/// `eu-central-1` of `name-123.eu-central-1.elb.amazonaws.com`.
fn region_of_host(host: &str) -> Option<&str> {
    let host = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".elb.amazonaws.com")?;
    host.rsplit_once('.').map(|(_, region)| region).filter(|region| !region.is_empty())
}

//! The weights of one route (§2.1).

use super::names::{Names, Role, host_of};
use crate::Route;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Percent that the versions are to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shares<'a> {
    pub canary: i32,
    /// Of Experiments, by Service; none is 0.
    pub experiments: BTreeMap<&'a str, i32>,
}

/// All there is, in percent.
const ALL: i32 = 100;

impl<'a> Shares<'a> {
    pub fn of(route: &'a Route) -> Self {
        let versions = [route.canary.service.as_str(), route.stable.service.as_str(), ""];
        let experiments = route.additional.iter().map(|a| (a.service_name.as_str(), route.in_percent(a.weight)));
        let experiments = experiments.filter(|(service, share)| !versions.contains(service) && *share > 0).collect();
        Shares { canary: route.percent().clamp(0, ALL), experiments }
    }

    /// What is left when `fixed` percent cannot be given away: first the canary has its share, then Experiments in order of
    /// their names; and what remains, for the stable version.
    fn within(&self, fixed: i32) -> (Shares<'a>, i32) {
        let mut left = ALL - fixed;
        let mut take = |share: i32| {
            let taken = share.min(left);
            left -= taken;
            taken
        };
        let canary = take(self.canary);
        let experiments = self.experiments.iter().map(|(service, share)| (*service, take(*share)));
        let experiments = experiments.filter(|(_, share)| *share > 0).collect();
        (Shares { canary, experiments }, left)
    }
}

/// Sets the weights of a route's destinations, and gives it destinations for Experiments and takes those away that have ended.
/// What is told besides, if not all that was wanted is possible.
///
/// The weights of a route always are 100 together, as Istio demands: subsets whose weights are not ours keep them, and several
/// destinations of one version have its share together.
///
/// # Errors
/// When subsets whose weights are not ours leave nothing, or have weights that are none.
pub(super) fn set(
    route: &mut Value,
    wanted: &Shares<'_>,
    names: &Names<'_>,
    is_near: bool,
) -> Result<Option<String>, String> {
    let Some(destinations) = route.get_mut("route").and_then(Value::as_array_mut) else { return Ok(None) };
    let fixed = fixed(destinations, names)?;
    let (shares, stable) = wanted.within(fixed);
    // Those that have a weight and are nobody's were an Experiment's.
    destinations.retain(|weighted| match names.role(weighted) {
        Role::Host(host) => shares.experiments.contains_key(host) || weight(weighted) == Some(0),
        Role::Canary | Role::Stable | Role::Fixed => true,
    });
    let like = host_like(destinations, names);
    let there: BTreeSet<String> = destinations.iter().filter_map(|weighted| host(names.role(weighted))).collect();
    for service in shares.experiments.keys().filter(|service| !there.contains(**service)) {
        destinations.push(json!({ "destination": { "host": host_of(service, &like, is_near) }, "weight": 0 }));
    }
    let mut of_role: BTreeMap<Role<'_>, Vec<usize>> = BTreeMap::new();
    for (index, weighted) in destinations.iter().enumerate() {
        of_role.entry(names.role(weighted)).or_default().push(index);
    }
    let mut weights = Vec::new();
    for (role, indices) in of_role {
        let share = match role {
            Role::Canary => shares.canary,
            Role::Stable => stable,
            Role::Host(host) => shares.experiments.get(host).copied().unwrap_or(0),
            Role::Fixed => continue,
        };
        let count = indices.len();
        weights.extend(indices.into_iter().zip(parts(share, count)));
    }
    for (index, part) in weights {
        if let Some(weighted) = destinations.get_mut(index).filter(|w| weight(w) != Some(part)) {
            weighted["weight"] = part.into();
        }
    }
    let all = shares.experiments.values().fold(shares.canary, |sum, share| sum + share);
    let asked = wanted.experiments.values().fold(wanted.canary, |sum, share| sum.saturating_add(*share));
    let is_less = all < asked && wanted.canary < ALL;
    Ok(is_less.then(|| format!("the canary and Experiments are to have {asked} % together, and have {all} %")))
}

/// A weight as Istio reads it: absent is 0. `None`: it is none.
fn weight(weighted: &Value) -> Option<i32> {
    match &weighted["weight"] {
        Value::Null => Some(0),
        weight => weight.as_i64().and_then(|weight| i32::try_from(weight).ok()),
    }
}

fn fixed(destinations: &[Value], names: &Names<'_>) -> Result<i32, String> {
    let mut sum = 0i32;
    for weighted in destinations.iter().filter(|weighted| names.role(weighted) == Role::Fixed) {
        let subset = weighted["destination"]["subset"].as_str().unwrap_or_default();
        let Some(weight) = weight(weighted).filter(|weight| (0..=ALL).contains(weight)) else {
            return Err(format!("the weight {} of subset '{subset}' is not from 0 to 100", weighted["weight"]));
        };
        sum = sum.saturating_add(weight);
    }
    if sum > ALL {
        return Err(format!("the weights of additionalSubsetNames are {sum} together, which is more than 100"));
    }
    Ok(sum)
}

/// How the route calls a version: the canary, if it is there.
pub(super) fn host_like(destinations: &[Value], names: &Names<'_>) -> String {
    let of = |role: Role<'_>| destinations.iter().find(|weighted| names.role(weighted) == role);
    let like = of(Role::Canary).or_else(|| of(Role::Stable));
    like.and_then(|weighted| weighted["destination"]["host"].as_str()).unwrap_or_default().to_string()
}

fn host(role: Role<'_>) -> Option<String> {
    match role {
        Role::Host(host) => Some(host.to_string()),
        Role::Canary | Role::Stable | Role::Fixed => None,
    }
}

/// Parts that are `share` together and differ by 1 at most, the greater ones first.
fn parts(share: i32, count: usize) -> impl Iterator<Item = i32> {
    let count = i32::try_from(count).unwrap_or(i32::MAX).max(1);
    (0..count).map(move |index| share / count + i32::from(index < share % count))
}

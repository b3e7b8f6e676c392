//! Where traffic is to go.

use rollouts_api::rollout::{SetHeaderRoute, SetMirrorRoute, StringMatch, WeightDestination};
use std::collections::BTreeMap;

/// Where the traffic of a Rollout is to go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Route {
    /// Share of the canary, 0 to [`Self::max`].
    pub weight: i32,
    /// What stands for all traffic: `maxTrafficWeight`, or 100.
    pub max: i32,
    /// Shares of Experiments; the stable version has what remains.
    pub additional: Vec<WeightDestination>,
    /// The canary.
    pub canary: Side,
    /// The stable version.
    pub stable: Side,
    /// The header and mirror routes that are to exist, in order of precedence (`managedRoutes`). Every other route that
    /// `managedRoutes` or a step names is to be removed.
    pub managed: Vec<Managed>,
    /// The update is aborted, or goes back to the stable version.
    pub goes_back: bool,
}

/// One of the two versions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Side {
    /// Value of the hash label; "" without a ReplicaSet.
    pub hash: String,
    /// The Service that traffic is sent to; with `pingPong` the one that has the role now. May be empty.
    pub service: String,
    /// The ReplicaSet's name if it wants pods that are not all available yet.
    pub unready: Option<String>,
}

/// A route that a step asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// Its name.
    pub name: String,
    /// What matches.
    pub matches: Matches,
    /// `None`: what matches goes to the canary. Else it goes where it went before, and this many percent of it to the canary
    /// as a copy, whose answers nobody sees.
    pub mirror: Option<i32>,
}

/// Which requests a managed route is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matches {
    /// Headers of a `setHeaderRoute` step as upstream knows it: each router combines them as it does upstream (§4.1).
    Headers(Vec<(String, Pattern)>),
    /// Any of these blocks; never empty. One meaning for all routers.
    AnyOf(Vec<Block>),
}

/// A request matches if all of this does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// Method.
    pub method: Option<Pattern>,
    /// Path, without the query.
    pub path: Option<Pattern>,
    /// Headers by name; names are compared without regard to case.
    pub headers: Vec<(String, Pattern)>,
    /// Cookies by name.
    pub cookies: Vec<(String, Pattern)>,
    /// Parameters of the query by name; the first one of that name counts.
    pub query_params: Vec<(String, Pattern)>,
}

/// What a value must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Equal.
    Exact(String),
    /// Starts with.
    Prefix(String),
    /// Matches from its beginning to its end; the dialect is the router's (RE2 for most).
    Regex(String),
}

impl Pattern {
    /// `None` when none of the three is given.
    pub fn of(m: &StringMatch) -> Option<Pattern> {
        match m {
            StringMatch { exact, .. } if !exact.is_empty() => Some(Pattern::Exact(exact.clone())),
            StringMatch { prefix, .. } if !prefix.is_empty() => Some(Pattern::Prefix(prefix.clone())),
            StringMatch { regex, .. } if !regex.is_empty() => Some(Pattern::Regex(regex.clone())),
            _ => None,
        }
    }
}

impl Managed {
    /// What a step asks for; `None` when it asks for the removal of the route.
    pub fn header(step: &SetHeaderRoute) -> Option<Managed> {
        let named = |h: &rollouts_api::rollout::HeaderRoutingMatch| {
            let pattern = h.header_value.as_ref().and_then(Pattern::of);
            pattern.filter(|_| !h.header_name.is_empty()).map(|pattern| (h.header_name.clone(), pattern))
        };
        if step.r#match.is_empty() {
            return None;
        }
        let matches = match step.r#match.iter().any(|m| m.is_extended()) {
            false => Matches::Headers(step.r#match.iter().filter_map(named).collect()),
            true => Matches::AnyOf(
                step.r#match
                    .iter()
                    .map(|m| Block {
                        method: m.method.as_ref().and_then(Pattern::of),
                        path: m.path.as_ref().and_then(Pattern::of),
                        headers: named(m).into_iter().chain(patterns(&m.headers)).collect(),
                        cookies: patterns(&m.cookies),
                        query_params: patterns(&m.query_params),
                    })
                    .collect(),
            ),
        };
        Some(Managed { name: step.name.clone(), matches, mirror: None })
    }

    /// What a step asks for; `None` when it asks for the removal of the route.
    pub fn mirror(step: &SetMirrorRoute) -> Option<Managed> {
        let block = |m: &rollouts_api::rollout::RouteMatch| Block {
            method: m.method.as_ref().and_then(Pattern::of),
            path: m.path.as_ref().and_then(Pattern::of),
            headers: patterns(&m.headers),
            cookies: patterns(&m.cookies),
            query_params: patterns(&m.query_params),
        };
        let blocks: Vec<Block> = step.r#match.iter().map(block).collect();
        let mirror = Some(step.percentage.unwrap_or(100));
        (!blocks.is_empty()).then(|| Managed { name: step.name.clone(), matches: Matches::AnyOf(blocks), mirror })
    }
}

fn patterns(by_name: &BTreeMap<String, StringMatch>) -> Vec<(String, Pattern)> {
    by_name.iter().filter_map(|(name, m)| Some((name.clone(), Pattern::of(m)?))).collect()
}

impl Route {
    /// The share of the stable version, in parts of [`Self::max`]; never negative.
    pub fn stable_weight(&self) -> i32 {
        self.rest_of(self.max)
    }

    /// The canary's share in percent, for routers that know nothing else. Rounded to the nearest.
    pub fn percent(&self) -> i32 {
        self.in_percent(self.weight)
    }

    /// A share in percent.
    pub fn in_percent(&self, weight: i32) -> i32 {
        match self.max {
            ..=0 | 100 => weight,
            max => i32::try_from((i64::from(weight) * 200 + i64::from(max)) / (2 * i64::from(max))).unwrap_or(100),
        }
    }

    /// The stable version's share in percent: what the other shares in percent leave.
    pub fn stable_percent(&self) -> i32 {
        let rest = self.additional.iter().map(|a| self.in_percent(a.weight)).sum::<i32>();
        (100 - self.percent() - rest).max(0)
    }

    fn rest_of(&self, all: i32) -> i32 {
        let others = self.additional.iter().fold(0i32, |sum, a| sum.saturating_add(a.weight));
        all.saturating_sub(self.weight).saturating_sub(others).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_say_what_matches() {
        let header = |matches: serde_json::Value| {
            let step = serde_json::json!({ "name": "vip", "match": matches });
            Managed::header(&serde_json::from_value(step).expect("a step")).map(|m| m.matches)
        };
        let exact = |value: &str| Pattern::Exact(value.into());
        assert_eq!(header(serde_json::json!([])), None);
        let old = serde_json::json!({ "headerName": "x", "headerValue": { "exact": "1" } });
        assert_eq!(header(serde_json::json!([old])), Some(Matches::Headers(vec![("x".into(), exact("1"))])));
        let new = serde_json::json!({ "cookies": { "tester": { "prefix": "y" } }, "path": { "regex": "/a.*" } });
        let blocks = vec![
            Block { headers: vec![("x".into(), exact("1"))], ..Default::default() },
            Block {
                path: Some(Pattern::Regex("/a.*".into())),
                cookies: vec![("tester".into(), Pattern::Prefix("y".into()))],
                ..Default::default()
            },
        ];
        assert_eq!(header(serde_json::json!([old, new])), Some(Matches::AnyOf(blocks)));
    }

    #[test]
    fn shares() {
        let additional = vec![WeightDestination { weight: 5, ..Default::default() }];
        let route = Route { weight: 20, max: 100, additional, ..Default::default() };
        assert_eq!((route.stable_weight(), route.percent(), route.stable_percent()), (75, 20, 75));
        let route = Route { weight: 333, max: 1000, ..Default::default() };
        assert_eq!((route.stable_weight(), route.percent(), route.stable_percent()), (667, 33, 67));
        let route = Route { weight: 120, max: 100, ..Default::default() };
        assert_eq!((route.stable_weight(), route.stable_percent()), (0, 0));
    }
}

//! `actions.*` annotations. Their text is compared, so the order of members is that of the Go controller.

use crate::Route;
use rollouts_api::rollout::AlbTrafficRouting;
use serde::{Deserialize, Serialize};

/// Longest stickiness that AWS knows.
const LONGEST: i64 = 7 * 24 * 60 * 60;

/// Forwards to target groups by weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Action {
    r#type: String,
    forward_config: Forward,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Forward {
    target_groups: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_group_stickiness_config: Option<Stickiness>,
}

/// A share for a Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Group {
    pub service_name: String,
    /// A number as text.
    pub service_port: String,
    pub weight: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stickiness {
    enabled: bool,
    duration_seconds: i64,
}

impl Action {
    /// To the canary, Experiments and the stable Service, as the route says.
    ///
    /// # Errors
    /// When the stickiness is out of range.
    pub fn split(alb: &AlbTrafficRouting, route: &Route) -> Result<Action, String> {
        Action::new(alb, groups(alb, route))
    }

    /// All to one Service.
    ///
    /// # Errors
    /// When the stickiness is out of range.
    pub fn all_to(alb: &AlbTrafficRouting, service: &str) -> Result<Action, String> {
        Action::new(alb, vec![group(alb, service, 100)])
    }

    /// The same ports and stickiness, with all traffic to the Service of this name if there is one, else to `stable` if
    /// that is one, else to the last, which is where the stable one stands.
    pub fn reset(mut self, name: &str, stable: &str) -> Action {
        let groups = &mut self.forward_config.target_groups;
        let at = |name: &str| groups.iter().position(|group| group.service_name == name);
        if let Some(kept) = at(name).or_else(|| at(stable)).or(groups.len().checked_sub(1)) {
            groups.swap(0, kept);
            groups.truncate(1);
            groups[0].weight = 100;
        }
        self
    }

    /// As the annotation has it.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are JSON")
    }

    /// Reads an annotation; `None` for what was not written by a Rollout's controller.
    pub fn read(text: &str) -> Option<Action> {
        let action: Action = serde_json::from_str(text).ok()?;
        (!action.forward_config.target_groups.is_empty()).then_some(action)
    }

    fn new(alb: &AlbTrafficRouting, target_groups: Vec<Group>) -> Result<Action, String> {
        let sticky = alb.stickiness_config.as_ref().filter(|config| config.enabled);
        if sticky.is_some_and(|config| !(1..=LONGEST).contains(&config.duration_seconds)) {
            let range = "between 1 and 604800 seconds (7 days)";
            return Err(format!("TargetGroupStickinessConfig's duration must be {range}!"));
        }
        let sticky = sticky.map(|config| Stickiness { enabled: true, duration_seconds: config.duration_seconds });
        let forward_config = Forward { target_groups, target_group_stickiness_config: sticky };
        Ok(Action { r#type: "forward".into(), forward_config })
    }
}

/// The shares in the order of the annotation: canary, Experiments, stable; in percent, which is all that is known here.
pub fn groups(alb: &AlbTrafficRouting, route: &Route) -> Vec<Group> {
    let canary = group(alb, &route.canary.service, route.percent());
    let additional = route.additional.iter().map(|a| group(alb, &a.service_name, route.in_percent(a.weight)));
    let stable = group(alb, &route.stable.service, route.stable_percent());
    [canary].into_iter().chain(additional).chain([stable]).collect()
}

fn group(alb: &AlbTrafficRouting, service: &str, weight: i32) -> Group {
    Group { service_name: service.into(), service_port: alb.service_port.to_string(), weight: weight.into() }
}

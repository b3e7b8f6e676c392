//! Cases with Experiments among the steps of a canary.

use super::{Case, NAMESPACE, draw::one_in, draw::pick};
use rollouts_memkube::Rng;
use serde_json::{Value, json};

/// Sets the dice of Experiments apart from those of the rest. Chosen so that seeds that once broke a rule have none.
const DICE: u64 = 0x1ab0_0d0e;

/// Most of all traffic, in percent, that an Experiment gets.
const SHARE_MAX: u64 = 20;

impl Case {
    /// Adds Experiments to the case of `seed`, if it is one that has some. What is analysed must be known by now, and
    /// who routes the traffic.
    pub(super) fn experiment(&mut self, seed: u64) {
        let rng = &Rng::new(seed.wrapping_mul(2).wrapping_add(DICE));
        if self.is_blue_green || !one_in(rng, 6) {
            return;
        }
        // Only these give an Experiment traffic.
        let knows_shares = |router: &&str| ["ALB", "GatewayAPI", "Istio", "SMI"].contains(router);
        let gets_traffic = self.traffic.as_ref().is_some_and(|traffic| traffic.routers.iter().all(knows_shares));
        let is_analysed = self.analyses.is_some();
        self.declare_ports();
        let canary = &mut self.rollout["spec"]["strategy"]["canary"];
        let max = canary["trafficRouting"]["maxTrafficWeight"].as_u64().unwrap_or(100);
        let mut steps = canary["steps"].as_array().cloned().unwrap_or_default();
        for _ in 0..1 + rng.below(2) {
            let at = usize::try_from(rng.below(steps.len() as u64 + 1)).unwrap_or_default();
            let share = if gets_traffic { SHARE_MAX * max / 100 } else { 0 };
            steps.insert(at, json!({ "experiment": experiment(rng, share, is_analysed) }));
        }
        if gets_traffic {
            leave_room(&mut steps, max - SHARE_MAX * max / 100);
        }
        canary["steps"] = steps.into();
        self.tries = true;
    }

    /// What has a Service has ports.
    fn declare_ports(&mut self) {
        let ports = json!([{ "containerPort": 80 }]);
        match &mut self.legacy {
            Some(legacy) => legacy.object["spec"]["template"]["spec"]["containers"][0]["ports"] = ports,
            None => self.rollout["spec"]["template"]["spec"]["containers"][0]["ports"] = ports,
        }
    }
}

fn experiment(rng: &Rng, share: u64, is_analysed: bool) -> Value {
    let mut templates = Vec::new();
    for (name, version) in
        [("baseline", "stable"), ("candidate", "canary")].iter().take(1 + usize::from(one_in(rng, 2)))
    {
        let mut template = json!({ "name": name, "specRef": version });
        if one_in(rng, 2) {
            template["replicas"] = (1 + rng.below(3)).into();
        }
        if share > 0 && !one_in(rng, 3) {
            template["weight"] = (1 + rng.below(share / 2)).into();
        }
        if one_in(rng, 4) {
            template["service"] = json!({});
        }
        templates.push(template);
    }
    let mut experiment = json!({ "templates": templates });
    if !one_in(rng, 5) {
        experiment["duration"] = format!("{}s", 1 + rng.below(40)).into();
    }
    if is_analysed && one_in(rng, 2) {
        let is_required = one_in(rng, 2);
        experiment["analyses"] = json!([{
            "name": "judge", "templateName": pick(rng, &["checks", "watch"]), "requiredForCompletion": is_required,
            "args": [{ "name": "version", "value": NAMESPACE }],
        }]);
    }
    experiment
}

/// Leaves the canary no more than `most`: the rest may be the Experiment's.
fn leave_room(steps: &mut [Value], most: u64) {
    for step in steps {
        if step["setWeight"].as_u64().is_some_and(|weight| weight > most) {
            step["setWeight"] = most.into();
        }
    }
}

//! What must hold whatever operators do, and in whatever order.

mod actions;

use crate::world::World;
use actions::{actions, specs};
use proptest::prelude::*;
use serde_json::{Value, json};

fn world(spec: &Value, slow: bool, pods: bool) -> World {
    let mut world = World::new(1, spec["strategy"].clone()).with_services(&["live", "next"]).with_template("look");
    let mut whole = json!(world.rollout.spec);
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    world.rollout.spec = serde_json::from_value(whole).unwrap();
    world.slow = slow;
    if pods { world.with_pods() } else { world }
}

/// A plan takes no capacity below what the strategy allows, and adds none above.
fn check_resizes(world: &mut World) {
    let canary = world.rollout.spec.strategy.canary.is_some();
    for r in std::mem::take(&mut world.resizes) {
        // While a status lags, growth may come one plan before the shrinking that makes room for it.
        if canary && r.to > r.from && !world.slow {
            assert!(r.total <= r.wanted + r.surge, "more pods than the surge allows: {r:?}");
        }
        if canary && r.available.1 < r.available.0 {
            assert!(r.available.1 >= r.wanted - r.unavailable, "fewer available pods than allowed: {r:?}");
        }
        if !canary && r.hash == r.live && r.to < r.from {
            assert!(r.to >= r.wanted, "users lost capacity: {r:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn operators_may_do_anything(
        spec in specs(),
        slow: bool,
        pods: bool,
        crashes in prop_oneof![Just(Vec::new()), prop::collection::vec(0..8usize, 0..60)],
        actions in prop::collection::vec(actions(), 1..25),
        ending in prop_oneof![Just(Ending::Promoted), Just(Ending::Stepped), Just(Ending::Aborted)],
    ) {
        let mut w = world(&spec, slow, pods);
        w.crashes = crashes;
        for action in &actions {
            action.take(&mut w);
            check_resizes(&mut w);
            if w.crashes.is_empty() {
                w.check_runs();
            }
        }
        ending.bring(&mut w);
        check_resizes(&mut w);
        ending.check(&w);
    }
}

/// How a good version, on good pods, ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// Promoted in full.
    Promoted,
    /// Step by step, resumed at every pause.
    Stepped,
    /// Aborted halfway, unless it was quicker.
    Aborted,
}

impl Ending {
    fn bring(self, w: &mut World) {
        w.heal();
        w.restore_services();
        w.restore_template();
        w.budget_refuses = false;
        w.change(|ro| ro.spec.paused = false);
        w.set_image("good");
        w.run(3);
        match self {
            Ending::Promoted => {
                w.rollout.status.promote_full = w.status().current_pod_hash != w.status().stable_rs;
            }
            Ending::Stepped => {
                for _ in 0..10 {
                    w.run(60);
                    w.measure("Successful");
                    w.run(1);
                    w.promote();
                }
            }
            Ending::Aborted => w.rollout.status.abort = true,
        }
        w.run(2000);
    }

    fn check(self, w: &World) {
        let n = w.rollout.spec.replicas();
        let status = w.status();
        let plans = w.plans[w.plans.len().saturating_sub(5)..].join("\n");
        let stable = w.sets.values().find(|s| s.hash() == status.stable_rs).expect("a stable ReplicaSet");
        assert_eq!((stable.size(), stable.available()), (n, n), "{plans}");
        let blue_green = w.rollout.spec.strategy.blue_green.as_ref();
        // Without ever having had a pod it has taken no Service over.
        let waits = blue_green.is_some() && n == 0 && w.services["live"].selected_hash().is_empty();
        if status.abort {
            assert_eq!(status.phase, "Degraded", "{plans}");
        } else {
            assert_eq!(status.phase, if waits { "Progressing" } else { "Healthy" }, "{plans}");
            assert_eq!(status.available_replicas, n);
        }
        if blue_green.is_some() && !waits {
            assert_eq!(w.services["live"].selected_hash(), status.stable_rs, "{plans}");
        }
        w.check_pods();
        w.check_runs();
        let keeps_aborted = status.abort && blue_green.is_some_and(|b| b.abort_scale_down_delay_seconds == Some(0));
        let left = w.sets.values().filter(|s| s.size() != 0).count();
        assert!(left == usize::from(n > 0) || keeps_aborted, "{:?}", w.sizes());
    }
}

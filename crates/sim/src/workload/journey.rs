//! One long case for each router, in which everything happens that traffic must survive.

use super::{Action, CANARY, Case, NAME, NAMESPACE, Quality, STABLE, Traffic, routers};
use rollouts_memkube::Rng;
use serde_json::json;
use std::time::Duration;

impl Case {
    /// A canary behind this router: updates, an abort, another try, an update that supersedes one, and going back to what
    /// was. `fails`: there are pods that crash besides, and users and their tools interfere with Services and the router.
    pub fn journey(router: &'static str, is_dynamic: bool, fails: bool) -> Case {
        let made = routers::make(&Rng::new(0), &[router], routers::Way::Services);
        let mut canary = json!({
            "canaryService": CANARY, "stableService": STABLE, "trafficRouting": made.routing,
            "steps": [
                {"setWeight": 10}, {"pause": {"duration": 70}}, {"setWeight": 40}, {"pause": {"duration": 70}},
                {"setWeight": 75}, {"pause": {"duration": 70}},
            ],
        });
        if is_dynamic {
            canary["dynamicStableScale"] = true.into();
        }
        let rollout = json!({
            "apiVersion": rollouts_api::names::API_VERSION, "kind": "Rollout",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {
                "replicas": 10, "selector": {"matchLabels": {"app": NAME}},
                "template": {
                    "metadata": {"labels": {"app": NAME}},
                    "spec": {"containers": [{"name": "app", "image": "shop/app:0"}]},
                },
                "strategy": {"canary": canary},
            },
        });
        let mut actions = vec![
            (30, Action::SetVersion(1, Quality::Good)),
            (290, Action::SetVersion(2, Quality::Slow(7))),
            (130, Action::Plugin("abort app")),
            (130, Action::Plugin("retry rollout app")),
            (130, Action::SetVersion(3, Quality::Good)),
            (100, Action::SetVersion(1, Quality::Good)),
            (130, Action::SetVersion(4, Quality::Good)),
            (130, Action::Plugin("promote app --full")),
            (130, Action::SetVersion(5, Quality::Slow(3))),
            (130, Action::Plugin("undo app")),
        ];
        if fails {
            let object = made.objects.first().cloned();
            actions.extend([
                (300, Action::SetVersion(6, Quality::Crashes(100))),
                (200, Action::SetVersion(7, Quality::NeverReady)),
                (100, Action::SetVersion(8, Quality::Good)),
                (130, Action::LoseService(CANARY, Duration::from_secs(20))),
            ]);
            actions.extend(object.map(|object| (40, Action::RewindRouter(Box::new(object)))));
        }
        Case {
            rollout,
            is_blue_green: false,
            services: vec![CANARY, STABLE],
            actions: actions.into_iter().map(|(wait, action)| (Duration::from_secs(wait), action)).collect(),
            aborts_last: true,
            legacy: None,
            analyses: None,
            tries: false,
            traffic: Some(Traffic {
                routers: vec![router],
                objects: made.objects,
                services: made.services,
                endpoints_delay: Duration::from_secs(2),
                is_left_alone: !fails,
            }),
        }
    }
}

//! A long journey of one canary behind each router: updates, an abort, a second try, an update that supersedes another,
//! a rollback, a full promotion, controllers that die, endpoints that come late; and the same with pods that crash, and
//! with tools that interfere. All the while no request is lost, and each version has the share that the status says:
//! the rules are those of `rollouts_sim::invariants`, with ten thousand requests a virtual minute.

mod support;

use rollouts_sim::faults::{Kill, Moment};
use rollouts_sim::run::run_case;
use rollouts_sim::workload::Case;

/// Where the controller dies: early, and late.
const DEATHS: [u64; 2] = [25, 90];

fn hold(router: &'static str) {
    for (fails, is_dynamic, write) in [(false, true, DEATHS[1]), (true, false, DEATHS[0])] {
        let outcome = support::seeded(write, move || {
            let case = Case::journey(router, is_dynamic, fails);
            run_case(write, &case, Some(Kill { write, moment: Moment::After }))
        });
        let outcome = outcome.expect("a runtime");
        let what = format!("fails: {fails}, dynamic: {is_dynamic}");
        assert_eq!(outcome.violations, [] as [String; 0], "{what}");
        assert!(outcome.deaths > 0, "nobody died; {what}");
    }
}

macro_rules! journeys {
    ($($name:ident: $router:literal;)*) => {
        $(
            #[test]
            fn $name() {
                hold($router);
            }
        )*
    };
}

journeys! {
    istio: "Istio";
    nginx: "Nginx";
    alb: "ALB";
    smi: "SMI";
    ambassador: "Ambassador";
    app_mesh: "AppMesh";
    traefik: "Traefik";
    apisix: "Apisix";
    gateway_api: "GatewayAPI";
}

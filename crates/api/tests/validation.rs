//! Recorded `InvalidSpec` messages of the Go controller: the first error must be the same text. Rollouts that it
//! accepted must pass.

use rollouts_api::analysis::TemplatesByRef;
use rollouts_api::rollout::AnalysisTemplateRef;
use rollouts_api::validation::{self, References, ServiceRef};
use rollouts_api::{PodTemplate, Rollout};
use serde_json::Value;
use std::collections::BTreeMap;

fn services(case: &Value) -> BTreeMap<String, ServiceRef> {
    let found = case["services"].as_object().expect("services");
    let service = |v: &Value| ServiceRef {
        selector: serde_json::from_value(v["selector"].clone()).expect("selector"),
        managed_by: v["managedBy"].as_str().map(str::to_string),
    };
    found.iter().map(|(name, v)| (name.clone(), service(v))).collect()
}

fn templates(case: &Value) -> TemplatesByRef {
    let found = case["templates"].as_array().map(Vec::as_slice).unwrap_or_default();
    let template = |v: &Value| {
        let reference = AnalysisTemplateRef {
            template_name: v["metadata"]["name"].as_str().expect("a name").to_string(),
            cluster_scope: v["kind"] == "ClusterAnalysisTemplate",
        };
        (reference, serde_json::from_value(v["spec"].clone()).expect("a template"))
    };
    found.iter().map(template).collect()
}

/// What is wrong with their routes is given: finding it out is the router's business.
fn virtual_services(case: &Value) -> BTreeMap<(String, String), Option<String>> {
    let found = case["virtualServices"].as_object().into_iter().flatten();
    found.map(|(name, error)| ((String::new(), name.clone()), error.as_str().map(str::to_string))).collect()
}

fn first_error(case: &Value) -> Option<String> {
    let rollout: Rollout = serde_json::from_value(case["rollout"].clone()).expect("a Rollout");
    let found = References {
        services: services(case),
        analysis_templates: templates(case),
        ingress_backends: serde_json::from_value(case["ingresses"].clone()).unwrap_or_default(),
        virtual_services: virtual_services(case),
        ..References::default()
    };
    let mut errors = validation::rollout(&rollout).into_iter().chain(validation::references(&rollout, &found));
    errors.next().map(|e| e.to_string())
}

#[test]
fn recorded_messages() {
    let cases = include_str!("data/validation.jsonl").lines().map(|l| serde_json::from_str::<Value>(l).expect(l));
    let mut wrong = Vec::new();
    for case in cases {
        let (want, got) = (case["error"].as_str(), first_error(&case));
        if got.as_deref() != want {
            wrong.push(format!("{}\n  want {want:?}\n  got  {got:?}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_unresolved_reference_needs_an_empty_template() {
    let mut rollout: Rollout = serde_json::from_value(serde_json::json!({
        "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}, "strategy": {"canary": {}}},
    }))
    .expect("a Rollout");
    assert_eq!(validation::unresolved_rollout(&rollout), []);
    rollout.spec.template = PodTemplate::new(&serde_json::json!({"metadata": {"labels": {"a": "b"}}}));
    assert_eq!(
        validation::unresolved_rollout(&rollout)[0].to_string(),
        "spec.template: Internal error: template must be empty for workload reference rollout"
    );
}

/// `lint` prints what is wrong with every field, in order.
#[test]
fn recorded_lints() {
    let mut wrong = Vec::new();
    for case in include_str!("data/lint.jsonl").lines().map(|l| serde_json::from_str::<Value>(l).expect(l)) {
        let rollout: Rollout = serde_json::from_value(case["rollout"].clone()).expect("a Rollout");
        // A file need not hold the Services, so only those that it holds are checked.
        let found = References { services: services(&case), ..References::default() };
        let references = validation::references(&rollout, &found);
        let present = references.into_iter().filter(|e| !e.detail.ends_with("not found"));
        let errors: Vec<_> = validation::unresolved_rollout(&rollout).into_iter().chain(present).collect();
        let bodies: Vec<String> = errors.iter().map(|e| e.body()).collect();
        let (first, want) = (errors.first().map(ToString::to_string), &case["errors"]);
        if serde_json::json!(bodies) != *want || first.as_deref() != case["first"].as_str() {
            wrong.push(format!("{}\n  want {want}\n  got  {bodies:?}\n first {first:?}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Unlike the Go controller, which would stand still without a word.
#[test]
fn a_selector_that_cannot_be_read_is_an_error() {
    let rollout: Rollout = serde_json::from_value(serde_json::json!({
        "spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "Is"}]}, "strategy": {"canary": {}}},
    }))
    .expect("a Rollout");
    assert_eq!(
        validation::rollout(&rollout)[0].to_string(),
        r#"spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Is"}]}: "Is" is not a valid label selector operator"#
    );
}

/// Rules that no recording shows: `strategy` with a `trafficRouting` of nothing but a router, and so on.
#[test]
fn first_errors_of_strategies() {
    let services = "Canary service and Stable service must to be set to use Traffic Routing";
    let routed = |router: &str| serde_json::json!({"canary": {"trafficRouting": {router: {}}}});
    let mut table: Vec<(Value, String)> = Vec::new();
    for router in ["alb", "smi", "apisix", "ambassador", "nginx", "appMesh", "traefik", "istio"] {
        table.push((routed(router), format!("spec.strategy.stableService: Invalid value: \"\": {services}")));
    }
    let canary = |rest: Value| serde_json::json!({ "canary": rest });
    let blue_green = |mut rest: Value| {
        rest["activeService"] = "live".into();
        serde_json::json!({ "blueGreen": rest })
    };
    let unreadable = "must be a number of pods or a percentage";
    let negative = "must be greater than or equal to 0";
    for (strategy, error) in [
        (
            canary(serde_json::json!({"maxSurge": "0", "maxUnavailable": "0%"})),
            "spec.strategy.maxSurge: Invalid value: \"0\": MaxSurge and MaxUnavailable both can not be zero"
                .to_string(),
        ),
        (
            canary(serde_json::json!({"maxSurge": "many"})),
            format!("spec.strategy.maxSurge: Invalid value: \"many\": {unreadable}"),
        ),
        (canary(serde_json::json!({"maxSurge": -1})), format!("spec.strategy.maxSurge: Invalid value: -1: {negative}")),
        (
            canary(serde_json::json!({"maxUnavailable": "-5%"})),
            format!("spec.strategy.maxUnavailable: Invalid value: \"-5%\": {negative}"),
        ),
        // What the original complains about comes first.
        (
            canary(serde_json::json!({"maxSurge": -1, "steps": [{"setWeight": 101}]})),
            "spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100".to_string(),
        ),
        (
            blue_green(serde_json::json!({"maxUnavailable": "half"})),
            format!("spec.strategy.maxUnavailable: Invalid value: \"half\": {unreadable}"),
        ),
        (
            blue_green(serde_json::json!({"previewReplicaCount": -1})),
            format!("spec.strategy.previewReplicaCount: Invalid value: -1: {negative}"),
        ),
    ] {
        table.push((strategy, error));
    }
    for (strategy, error) in table {
        let rollout: Rollout = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "web"},
            "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "web", "image": "web:1"}]},
                },
                "strategy": strategy,
            },
        }))
        .expect("a Rollout");
        let errors = validation::rollout(&rollout);
        assert_eq!(errors.first().map(ToString::to_string), Some(error));
    }
    for good in ["25", "25%", "100%"] {
        let rollout: Rollout = serde_json::from_value(serde_json::json!({
            "spec": {"strategy": {"canary": {"maxSurge": good}}},
        }))
        .expect("a Rollout");
        assert!(!validation::rollout(&rollout).iter().any(|e| e.path.as_str().ends_with("maxSurge")), "{good}");
    }
}

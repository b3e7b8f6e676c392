//! Objects that refer to others.

use super::*;

const SERVICES: &str = "{steps: [{setWeight: 20}, {pause: {}}], canaryService: new, stableService: old}";

#[test]
fn absent_objects_are_missed_among_others_of_their_kind() {
    assert_eq!(ids(&rollout("web", SERVICES)), Vec::<&str>::new());
    let text = format!("{}{}", rollout("web", SERVICES), service("old", "web"));
    assert_eq!(
        found(&text),
        ["15:53 reference-not-found spec.strategy.canary.canaryService: service \"new\" not in the input, which has \
             other objects of the kind Service"]
    );
    // In another file, and in another namespace.
    let report = report(&[&rollout("web", SERVICES), &service("old", "web"), &service("new", "web")]);
    assert_eq!(report.findings, []);
    let elsewhere = service("new", "web").replace("{name: new}", "{name: new, namespace: other}");
    let here = rollout("web", SERVICES).replace("{name: web}", "{name: web, namespace: prod}");
    assert_eq!(ids(&format!("{here}{}{elsewhere}", service("old", "web"))), ["reference-not-found"]);
}

#[test]
fn services() {
    let text = format!("{}{}{}", rollout("web", SERVICES), service("old", "web"), service("new", "shop"));
    assert_eq!(
        found(&text),
        [
            "15:53 invalid-reference spec.strategy.canary.canaryService: Invalid value: \"new\": Service \"new\" has unmatch label \"app\" in rollout"
        ]
    );
    let both = format!(
        "{}---\n{}{}{}",
        rollout("web", SERVICES),
        rollout("web2", SERVICES).replace("app: web2", "app: web"),
        service("old", "web"),
        service("new", "web")
    );
    let messages = found(&both);
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].ends_with("Service \"old\" is managed by another Rollout"));
}

#[test]
fn workloads() {
    let rollout = "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 10
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: old}
  strategy: {canary: {canaryService: new, stableService: st, steps: [{setWeight: 20}, {pause: {}}]}}
";
    let deployment = |labels: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: old}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template: {{metadata: {{labels: {labels}}}, spec: {{containers: [{{name: c, image: 'a:1', readinessProbe: {{tcpSocket: {{port: 1}}}}}}]}}}}\n"
        )
    };
    let services = format!("{}{}", service("new", "web"), service("st", "web"));
    // Without the workload nobody knows its labels.
    assert_eq!(found(&format!("{rollout}{services}")), Vec::<String>::new());
    assert_eq!(found(&format!("{rollout}{services}{}", deployment("{app: web}"))), Vec::<String>::new());
    let messages = found(&format!("{rollout}{services}{}", deployment("{app: shop}")));
    assert!(messages[0].contains("`selector` does not match template `labels`"), "{messages:?}");
    assert!(messages[1].contains("has unmatch label"), "{messages:?}");
    let other = rollout.replace("name: old", "name: older");
    assert_eq!(ids(&format!("{other}{}", deployment("{app: web}"))), ["reference-not-found"]);
    let set = rollout.replace("kind: Deployment", "kind: StatefulSet");
    assert_eq!(found(&set), ["6:3 invalid spec.workloadRef: workload of type apps/StatefulSet is not supported"]);
}

#[test]
fn ingresses_and_virtual_services() {
    let routed = |router: &str| {
        rollout(
            "web",
            &format!(
                "{{steps: [{{setWeight: 20}}, {{pause: {{}}}}], canaryService: new, stableService: old, trafficRouting: {router}}}"
            ),
        )
    };
    let ingress = |service: &str| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: front}}\nspec: {{rules: [{{http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}]}}}}]}}\n"
        )
    };
    let nginx = routed("{nginx: {stableIngress: front}}");
    assert_eq!(found(&format!("{nginx}{}", ingress("old"))), Vec::<String>::new());
    assert!(
        found(&format!("{nginx}{}", ingress("other")))[0]
            .contains("ingress `front` has no rules using service old backend")
    );
    let istio = routed("{istio: {virtualService: {name: vs, routes: [main]}}}");
    let virtual_service = |host: &str| {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: vs}}\nspec: {{http: [{{name: main, route: [{{destination: {{host: old}}, weight: 100}}, {{destination: {{host: {host}}}, weight: 0}}]}}]}}\n"
        )
    };
    assert_eq!(found(&format!("{istio}{}", virtual_service("new"))), Vec::<String>::new());
    let messages = found(&format!("{istio}{}", virtual_service("newer")));
    assert!(
        messages[0].contains("invalid-reference spec.strategy.canary.trafficRouting.istio.virtualService.name"),
        "{messages:?}"
    );
    let gateway = routed("{plugins: {argoproj-labs/gatewayAPI: {httpRoute: front, namespace: ''}}}");
    let route = |service: &str| {
        format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: front}}\nspec: {{rules: [{{backendRefs: [{{name: old, port: 80}}, {{name: {service}, port: 80}}]}}]}}\n"
        )
    };
    assert_eq!(found(&format!("{gateway}{}", route("new"))), Vec::<String>::new());
    assert_eq!(ids(&format!("{gateway}{}", route("newer"))), ["unusable-route"]);
    assert_eq!(
        ids(&format!("{gateway}{}", route("new").replace("name: front", "name: back"))),
        ["reference-not-found"]
    );
}

#[test]
fn templates_with_the_arguments_of_the_rollout() {
    let analysed = |args: &str| {
        rollout(
            "web",
            &format!(
                "{{steps: [{{setWeight: 20}}, {{analysis: {{templates: [{{templateName: up}}], args: {args}}}}}]}}"
            ),
        )
    };
    let up = template(
        "up",
        "{args: [{name: host}, {name: count, value: '1'}], metrics: [{name: up, count: '{{args.count}}', successCondition: 'true', provider: {web: {url: 'http://{{args.host}}'}}}]}",
    );
    assert_eq!(found(&format!("{}{up}", analysed("[{name: host, value: h}]"))), Vec::<String>::new());
    let messages = found(&format!("{}{up}", analysed("[]")));
    assert_eq!(
        messages,
        [
            "15:51 invalid-reference spec.strategy.canary.steps[1].analysis.templates: Invalid value: \"templateNames: [up]\": args.host was not resolved"
        ]
    );
    let messages = found(&format!("{}{up}", analysed("[{name: host, value: h}, {name: count, value: '2'}]")));
    assert_eq!(
        messages,
        [
            "15:40 invalid-analysis spec.strategy.canary.steps[1].analysis: metric \"up\": interval must be specified when count > 1"
        ]
    );
    // A hash is some text.
    let hash = "[{name: host, valueFrom: {podTemplateHashValue: Latest}}]";
    assert_eq!(found(&format!("{}{up}", analysed(hash))), Vec::<String>::new());
    // By itself the template is not blamed for what its arguments may be.
    let open = template(
        "open",
        "{args: [{name: k}], metrics: [{name: m, count: '{{args.k}}', interval: '{{args.k}}', failureLimit: -1, successCondition: 'result > {{args.k}}', provider: {web: {url: u}}}]}",
    );
    assert_eq!(found(&open), Vec::<String>::new());
    let cluster = template("up", "{metrics: []}").replace("AnalysisTemplate", "ClusterAnalysisTemplate");
    assert_eq!(ids(&cluster), ["invalid-analysis"]);
}

/// The manuals' examples work, so nothing can be wrong with them.
#[test]
fn manuals_of_routers() {
    let pages = std::fs::read_dir("../../docs/traffic").expect("the manuals");
    for page in pages {
        let text = std::fs::read_to_string(page.expect("a page").path()).expect("a text");
        let blocks =
            text.split("```yaml manifest").skip(1).filter_map(|block| block.split_once('\n')?.1.split("```").next());
        let manifests = blocks.collect::<Vec<_>>().join("\n---\n");
        assert!(!manifests.is_empty());
        let unexpected: Vec<String> =
            found(&manifests).into_iter().filter(|f| !f.contains("no-readiness-probe")).collect();
        assert_eq!(unexpected, Vec::<String>::new());
    }
}

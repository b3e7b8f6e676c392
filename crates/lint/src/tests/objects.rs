//! What is an object, and where things stand.

use super::*;

#[test]
fn nothing_is_said_of_what_is_fine() {
    assert_eq!(found(&rollout("web", STEPS)), Vec::<String>::new());
    let helm = format!(
        "---\n# Source: shop/templates/a.yaml\n---\n# Source: b\n{}---\n\n---\nkind: Other\nx: [1\n  , 2]\n",
        rollout("web", STEPS)
    );
    assert_eq!(found(&helm), Vec::<String>::new());
    let report = report(&[&helm, "values: {a: b}\n", ""]);
    assert_eq!((report.objects, report.files.len()), (1, 3));
}

#[test]
fn fields_have_places() {
    let text = rollout("web", "{steps: [{setWeight: 20}, {pause: {}},\n      {setWeight: 120}]}")
        .replace("replicas: 10", "replicas: -1");
    assert_eq!(
        found(&text),
        [
            "5:3 invalid spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            "16:8 invalid spec.strategy.steps[2].setWeight: Invalid value: 120: SetWeight needs to be between 0 and 100",
        ]
    );
    let twice = rollout("web", "{steps: [&s {setWeight: 120}, {pause: {}},\n     *s]}");
    let places: Vec<String> = found(&twice).iter().map(|f| f.split(": ").next().unwrap_or("").to_string()).collect();
    let at_anchor = |i: usize| format!("15:26 invalid spec.strategy.steps[{i}].setWeight");
    assert_eq!(places, [at_anchor(0), at_anchor(2)]);
}

#[test]
fn json_and_lists() {
    let json = "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n {\"kind\": \"ConfigMap\"},\n {\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Rollout\",\n  \"metadata\": {\"name\": \"a\", \"namespace\": \"ns\"},\n  \"spec\": {\"replicas\": \"x\"}}, 7]}";
    let report = report(&[json]);
    let found: Vec<_> = report.findings.iter().map(|f| (f.at.line, f.at.column, f.rule.id)).collect();
    assert_eq!(found, [(5, 12, "wrong-type"), (5, 31, "not-a-mapping")]);
    assert_eq!(report.findings[0].object.as_ref().map(ToString::to_string).as_deref(), Some("Rollout ns/a"));
}

#[test]
fn one_broken_document_hides_no_other() {
    let text = format!(
        "a: b: c\n---\n{}---\n- 1\n---\n{}",
        rollout("web", STEPS).replace("replicas", "replica"),
        rollout("late", "{maxSurge: 0, maxUnavailable: 0}")
    );
    let report = report(&[&text]);
    let rules: Vec<_> = report.findings.iter().map(|f| f.rule.id).collect();
    assert_eq!(rules, ["yaml", "unknown-field", "not-a-mapping", "invalid", "no-steps"]);
    assert_eq!(report.findings[1].text(), "spec: unknown field \"replica\"; did you mean \"replicas\"?");
}

#[test]
fn templates_of_charts_are_told_what_they_are() {
    let messages = found("a: {{ .Values.x }}\nb: {{- include \"x\" . }}: c\n");
    assert!(messages.iter().any(|m| m.contains("helm template")), "{messages:?}");
}

#[test]
fn what_an_api_server_demands() {
    let text =
        rollout("web", "{}").replace("canary: {}", "blueGreen: {previewService: p, autoPromotionEnabled: false}");
    assert_eq!(found(&text), ["15:5 required-field spec.strategy.blueGreen.activeService: Required value"]);
    // Where the controller complains of the field already, that is enough.
    let text = rollout("web", "{}").replace("canary: {}", "blueGreen: {}");
    assert_eq!(ids(&text), ["invalid"]);
}

#[test]
fn versions_and_names() {
    let text = rollout("web", STEPS);
    assert_eq!(
        found(&text.replace("v1alpha1", "v1")),
        ["1:1 unknown-version apiVersion: a Rollout is served as argoproj.io/v1alpha1 alone"]
    );
    assert_eq!(ids(&text.replace("apiVersion: argoproj.io/v1alpha1\n", "")), ["unknown-version"]);
    assert_eq!(ids(&text.replace("argoproj.io", "example.com")), Vec::<&str>::new());
    assert_eq!(
        found(&text.replace("{name: web}", "{}")),
        ["3:1 required-field metadata.name: Required value: name or generateName is required"]
    );
}

#[test]
fn charts_are_named() {
    let web = rollout("web", STEPS).replace("replicas: 10", "replicas: -1");
    let text = format!(
        "---\n# Source: shop/templates/a.yaml\nkind: X\n---\n# Source: shop/templates/web.yaml\n{web}---\n{web}"
    );
    let sources: Vec<_> = report(&[&text]).findings.into_iter().map(|f| (f.rule.id, f.source)).collect();
    let source = Some("shop/templates/web.yaml".to_string());
    assert_eq!(sources, [("invalid", source), ("invalid", None), ("duplicate-object", None)]);
}

#[test]
fn experiments_and_runs() {
    let experiment = "apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: x}
spec:
  duration: soon
  templates:
  - name: a
    selector: {matchLabels: {app: a}}
    template: {metadata: {labels: {app: b}}, spec: {containers: [{name: c}]}}
";
    let messages = found(experiment);
    assert_eq!(messages.len(), 3, "{messages:?}");
    assert!(messages[0].starts_with("4:1 invalid spec: Experiment x has an invalid duration"), "{messages:?}");
    assert_eq!(
        messages[1],
        "9:27 invalid spec.templates[0].template.metadata.labels: Invalid value: {\"app\":\"b\"}: `selector` does not match template `labels`"
    );
    assert_eq!(messages[2], "9:66 invalid spec.templates[0].template.spec.containers[0].image: Required value");
    let run = "apiVersion: argoproj.io/v1alpha1
kind: AnalysisRun
metadata: {generateName: x-}
spec:
  metrics:
  - {name: a, count: 2, successCondition: 'result >', provider: {web: {url: u, jsonPath: '{$.a}'}}}
  - {name: b, provider: {job: {spec: {template: {spec: {containers: []}}}}}}
  - {name: b, successCondition: 'true', provider: {}}
";
    let messages = found(run);
    assert_eq!(messages[0], "6:5 invalid-analysis spec.metrics[0]: interval must be specified when count > 1");
    assert_eq!(messages[1], "8:5 invalid-analysis spec.metrics[2]: duplicate name 'b'");
    assert!(
        messages[2]
            .starts_with("6:25 invalid-condition spec.metrics[0].successCondition: \"result >\" is no expression: "),
        "{messages:?}"
    );
    assert_eq!(messages.len(), 3);
}

/// Whatever a cluster gives back can be given to it.
#[test]
fn recorded_objects_fit_their_types() {
    let recorded = std::fs::read_to_string("../api/tests/data/objects.jsonl").expect("recorded objects");
    for line in recorded.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let mut object = entry["object"].clone();
        object["apiVersion"] = "argoproj.io/v1alpha1".into();
        object["kind"] = entry["kind"].clone();
        let findings = report(&[&object.to_string()]).findings;
        let misfit = findings.iter().find(|f| ["unknown-field", "wrong-type", "text-not-quoted"].contains(&f.rule.id));
        assert_eq!(misfit, None, "{object}");
    }
}

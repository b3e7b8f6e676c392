use super::*;
use crate::yaml;

fn go_texts(kind: &str, text: &str) -> Vec<String> {
    let documents = yaml::documents(text);
    let root = documents[0].root.as_ref().expect("a document");
    let shape = Shape::of_custom(kind).or_else(|| Shape::of_built_in("", "v1", kind)).expect("a kind");
    decode(root, shape)
        .misfits
        .iter()
        .map(|m| format!("{}:{} {}: {}", m.at.line, m.at.column, m.path, m.go_text))
        .collect()
}

#[test]
fn misfits_in_the_words_of_go() {
    let table = [
        (
            "spec: {replicas: two}",
            "1:8 spec.replicas: json: cannot unmarshal string into Go struct field RolloutSpec.spec.replicas of type int32",
        ),
        (
            "spec: {replicas: 1.5}",
            "1:8 spec.replicas: json: cannot unmarshal number 1.5 into Go struct field RolloutSpec.spec.replicas of type int32",
        ),
        ("spec: {strategy: {canary: {maxSurgee: 1}}}", "1:28 spec.strategy.canary: json: unknown field \"maxSurgee\""),
        (
            "spec: []",
            "1:1 spec: json: cannot unmarshal array into Go struct field Rollout.spec of type v1alpha1.RolloutSpec",
        ),
        (
            "spec: {strategy: {canary: {steps: {a: 1}}}}",
            "1:28 spec.strategy.canary.steps: json: cannot unmarshal object into Go struct field CanaryStrategy.spec.strategy.canary.steps of type []v1alpha1.CanaryStep",
        ),
        (
            "spec: {template: {spec: {containers: [{nam: x}]}}}",
            "1:40 spec.template.spec.containers[0]: json: unknown field \"nam\"",
        ),
        (
            "metadata: {labels: {a: [x]}}",
            "1:21 metadata.labels[a]: json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        ("metadata: {lables: {}}", "1:12 metadata: json: unknown field \"lables\""),
        (
            "spec: {template: {spec: {containers: [{resources: {limits: {cpu: x}}}]}}}",
            "1:61 spec.template.spec.containers[0].resources.limits[cpu]: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
    ];
    for (text, want) in table {
        assert_eq!(go_texts("Rollout", text), [want], "{text}");
    }
    let fits = "spec: {replicas: 2.0, restartAt: 2026-01-02T03:04:05Z, strategy: {canary: {maxSurge: 25%, trafficRouting: {plugins: {x: {y: 1}}}}}}";
    assert_eq!(go_texts("Rollout", fits), Vec::<String>::new());
    // What a cluster gives back is fine, too.
    let run = "metadata: {uid: u, managedFields: [{manager: m}]}\nstatus: {metricResults: [{name: a, metadata: {Query: q}, measurements: [{metadata: {job-name: j}}]}]}";
    assert_eq!(go_texts("AnalysisRun", run), Vec::<String>::new());
    assert_eq!(go_texts("Service", "spec: {ports: [{prt: 1}]}"), ["1:17 spec.ports[0]: json: unknown field \"prt\""]);
}

#[test]
fn what_was_meant() {
    let documents =
        yaml::documents("spec: {Replicas: 1, strategy: {canary: {maxsurge: 1}}, zzz: 1, revisionHistory: 1}");
    let misfits =
        decode(documents[0].root.as_ref().expect("a document"), Shape::of_custom("Rollout").expect("a kind")).misfits;
    let messages: Vec<&str> = misfits.iter().map(|m| m.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "unknown field \"Replicas\"; did you mean \"replicas\"?",
            "unknown field \"revisionHistory\"",
            "unknown field \"maxsurge\"; did you mean \"maxSurge\"?",
            "unknown field \"zzz\"",
        ]
    );
}

#[test]
fn texts_without_quotes_are_read() {
    let documents = yaml::documents("metadata: {name: 1, labels: {a: on, b: 1.50}}");
    let decoded = decode(documents[0].root.as_ref().expect("a document"), Shape::of_custom("Rollout").expect("a kind"));
    assert_eq!(decoded.value, serde_json::json!({"metadata": {"name": "1", "labels": {"a": "true", "b": "1.5"}}}));
    assert!(decoded.misfits.iter().all(|m| m.kind == MisfitKind::NotQuoted) && decoded.misfits.len() == 3);
    assert_eq!(
        decoded.misfits[0].message,
        "a boolean where a text is expected, which an API server refuses: put it in quotes (it is read as true)"
    );
}

#[test]
fn fields_that_must_be_there() {
    let missing = |kind: &str, text: &str| {
        let documents = yaml::documents(text);
        let missing = missing_fields(documents[0].root.as_ref().expect("a document"), kind);
        missing.iter().map(|(at, path)| format!("{}:{} {path}", at.line, at.column)).collect::<Vec<_>>()
    };
    assert_eq!(
        missing("Rollout", "spec:\n  strategy:\n    blueGreen: {}\n"),
        ["3:5 spec.strategy.blueGreen.activeService"]
    );
    assert_eq!(
        missing("AnalysisTemplate", "spec:\n  metrics:\n  - interval: 1m\n    provider: {}\n"),
        ["3:5 spec.metrics[0].name"]
    );
}

use super::*;
use serde_json::{Value, json};

fn arguments() -> Vec<Argument> {
    let args = json!([
        {"name": "x", "value": "v"},
        {"name": "empty", "value": ""},
        {"name": "nested", "value": "{{args.x}}"},
        {"name": "my-arg.x/y", "value": "dotted"},
        {"name": "a\"b<c", "value": "odd name"},
        {"name": "odd", "value": "q\" b\\ n\n t\t c\u{1} v\u{b} é \u{1F600} <&>"},
        {"name": "secret", "value": "plain", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
    ]);
    serde_json::from_value(args).expect("arguments")
}

fn body(text: &str) -> Metric {
    let metric = json!({"name": "m", "provider": {"web": {"url": "u", "body": text}}});
    serde_json::from_value(metric).expect("a metric")
}

fn filled(text: &str) -> Result<String, String> {
    let args = arguments();
    let arguments = Arguments::without_secrets(&args).expect("all have values");
    let metric = body(text);
    let metric = arguments.resolve(&metric).map_err(|e| e.to_string())?;
    Ok(metric.provider.web.as_ref().expect("web").body.clone())
}

#[test]
fn text_of_a_metric() {
    let table = [
        ("plain {args.x} }}", Ok("plain {args.x} }}")),
        ("{{args.x}}", Ok("v")),
        ("[{{ args.x }}{{args.empty}}]", Ok("[v]")),
        ("{{args.nested}}", Ok("{{args.x}}")),
        ("{{args.my-arg.x/y}}", Ok("dotted")),
        ("{{args.a\"b<c}}", Ok("odd name")),
        ("{{args.odd}}", Ok("q\" b\\ n\n t\t c\u{1} v\u{b} é \u{1F600} <&>")),
        ("{{args.secret}}", Ok(SECRET_PLACEHOLDER)),
        ("{svc:{{args.x}}}", Ok("{svc:v}")),
        ("{{{args.x}}}", Err("failed to resolve {{{args.x}}")),
        ("{{args.nope}} {{ inputs.x }}", Err("failed to resolve {{ inputs.x }}")),
        ("{{args.}}", Err("failed to resolve {{args.}}")),
        ("{{ a && b }}", Err("failed to resolve {{ a \\u0026\\u0026 b }}")),
        ("{{args.x", Err("failed to resolve {{args.x\"}}")),
    ];
    for (text, want) in table {
        assert_eq!(filled(text), want.map(str::to_string).map_err(str::to_string), "{text}");
    }
}

#[test]
fn any_field_may_have_tags() {
    let metric: Metric = serde_json::from_value(json!({
        "name": "m-{{args.x}}", "count": "{{args.two}}", "interval": "{{args.two}}s",
        "provider": {"web": {"url": "u", "jsonBody": {"{{args.x}}": [{"deep": "{{args.x}}"}, 1.5, null]}}},
    }))
    .expect("a metric");
    let args: Vec<Argument> =
        serde_json::from_value(json!([{"name": "x", "value": "v"}, {"name": "two", "value": "2"}])).expect("arguments");
    let arguments = Arguments::without_secrets(&args).expect("values");
    let resolved = arguments.resolve(&metric).expect("resolves").into_owned();
    assert_eq!(
        (resolved.name.as_str(), resolved.effective_count(), resolved.interval.as_str()),
        ("m-v", Some(2), "2s")
    );
    let sent: Option<Value> = resolved.provider.web.and_then(|web| web.json_body);
    assert_eq!(sent, Some(json!({"v": [{"deep": "v"}, 1.5, null]})));
}

#[test]
fn a_metric_without_tags_is_taken_as_it_is() {
    let args = arguments();
    let arguments = Arguments::without_secrets(&args).expect("all have values");
    let plain = body("no tags: { { }} {");
    assert!(matches!(arguments.resolve(&plain), Ok(Cow::Borrowed(_))));
    let tagged = body("{{args.x}}");
    assert!(matches!(arguments.resolve(&tagged), Ok(Cow::Owned(_))));
}

#[test]
fn an_argument_without_a_value_fails_even_if_unused() {
    for arg in [json!({"name": "a"}), json!({"name": "a", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}})] {
        let args: Vec<Argument> = serde_json::from_value(json!([arg])).expect("arguments");
        let error = Arguments::without_secrets(&args).expect_err("no value");
        assert_eq!(unresolved(error), "Unable to resolve metric arguments: argument \"a\" was not supplied");
    }
}

#[test]
fn secrets_are_needed_to_measure_and_win_over_values() {
    let args = arguments();
    let needed = secrets(&args);
    assert_eq!(needed.iter().map(|s| (s.name.as_str(), s.key.as_str())).collect::<Vec<_>>(), [("keys", "token")]);
    assert!(Arguments::with_secrets(&args, &Secrets::new()).is_err());
    let known = Arguments::with_known_secrets(&args, const { &Secrets::new() }).expect("placeholders");
    assert_eq!(known, Arguments::without_secrets(&args).expect("placeholders"));
    let values: Secrets = needed.into_iter().map(|s| (s.clone(), "s3\"cr3t".to_string())).collect();
    let metric = body("{{args.secret}}");
    let arguments = Arguments::with_secrets(&args, &values).expect("values");
    let resolved = arguments.resolve(&metric).expect("resolves");
    assert_eq!(resolved.provider.web.as_ref().expect("web").body, "s3\"cr3t");
    assert_eq!(arguments, Arguments::with_known_secrets(&args, &values).expect("values"));
}

#[test]
fn what_is_said_of_secrets_that_are_gone() {
    let reference = SecretKeyRef { name: "keys".to_string(), key: "gone".to_string() };
    assert_eq!(
        [MissingSecret::Secret(reference.clone()), MissingSecret::Key(reference)].map(|e| e.to_string()),
        ["secrets \"keys\" not found", "key 'gone' does not exist in secret 'keys'"]
    );
}

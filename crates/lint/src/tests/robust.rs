//! Whatever the text, it is answered.

use super::{report as report_of, rollout, service, template};
use crate::report;
use proptest::prelude::*;

fn manifests() -> String {
    format!(
        "{}{}{}{}",
        rollout(
            "web",
            "{steps: [{setWeight: 20}, {pause: {duration: 10m}}, {analysis: {templates: [{templateName: t}], args: [{name: a, value: b}]}}, {setHeaderRoute: {name: r, match: [{headerName: h, headerValue: {exact: x}}]}}], canaryService: c, stableService: s, maxSurge: 25%, trafficRouting: {managedRoutes: [{name: r}], istio: {virtualService: {name: v}}, plugins: {argoproj-labs/gatewayAPI: {httpRoute: h}}}}"
        ),
        service("c", "web"),
        template(
            "t",
            "{args: [{name: a}], metrics: [{name: m, count: 2, interval: 1m, successCondition: 'result[0] > 1', provider: {prometheus: {query: '{{args.a}}'}}}]}"
        ),
        "---\nkind: VirtualService\napiVersion: networking.istio.io/v1\nmetadata: {name: v}\nspec: {http: [{route: [{destination: {host: c}}]}]}\n---\nkind: HTTPRoute\napiVersion: gateway.networking.k8s.io/v1\nmetadata: {name: h}\nspec: {rules: [{backendRefs: [{name: c}]}]}\n",
    )
}

/// Every form of output of a check of `text`.
fn answers(text: &str) {
    let found = report_of(&[text, text]);
    let _answers = (report::text(&found), report::github(&found));
    for text in [report::json(&found), report::sarif(&found, "v1")] {
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}

/// Words that mean something somewhere.
fn word() -> impl Strategy<Value = String> {
    let words = [
        "null",
        "{}",
        "[]",
        "-1",
        "1e9",
        "99999999999",
        "on",
        "'x'",
        "{a: b}",
        "[{}]",
        "\"\"",
        "*a",
        "&a x",
        "<<",
        "!!int x",
        "- ",
        "? ",
        "|",
        ">",
        "%",
        "{{args.a}}",
        "\t",
        "kind: Rollout",
        "é",
        "\u{feff}",
        "---",
        "0x10",
        "a]b[c",
    ];
    prop::sample::select(words.to_vec()).prop_map(str::to_string)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_text(text in "\\PC{0,80}|[-a-z:{}\\[\\]&*!,\"'|>#% \\n\\t]{0,120}") {
        answers(&text);
    }

    /// Manifests with a value, or a piece of the text, replaced.
    #[test]
    fn broken_manifests(place in 0.0..1.0_f64, length in 0_usize..30, with in word(), more in 0.0..1.0_f64) {
        let text = manifests();
        let at = |share: f64| (0..).map(|i| (text.len() as f64 * share) as usize + i).find(|i| text.is_char_boundary(*i));
        let start = at(place).unwrap_or(0);
        let end = (start + length).min(text.len());
        let broken = format!("{}{with}{}", &text[..start], text.get(end..).unwrap_or_default());
        answers(&broken);
        // A scalar of the other kind.
        let colon = text[at(more).unwrap_or(0)..].find(": ").map(|i| i + at(more).unwrap_or(0) + 2);
        if let Some(colon) = colon {
            let end = text[colon..].find([',', '}', '\n', ']']).map_or(text.len(), |i| i + colon);
            answers(&format!("{}{with}{}", &text[..colon], &text[end..]));
        }
    }
}

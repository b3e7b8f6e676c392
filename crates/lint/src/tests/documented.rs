//! Every rule is documented, and every warning shown to come and to be avoidable.

use super::*;
use crate::{Severity, rules};

#[test]
fn the_manual_has_every_rule_and_no_other() {
    let manual = include_str!("../../../../docs/lint.md");
    let (_, rest) = manual.split_once("\n## Errors\n").expect("errors");
    let (errors, warnings) = rest.split_once("\n## Warnings\n").expect("warnings");
    for (part, severity) in [(errors, Severity::Error), (warnings, Severity::Warning)] {
        let sections: Vec<(&str, &str)> =
            part.split("\n### ").skip(1).filter_map(|section| section.split_once('\n')).collect();
        let documented: Vec<&str> = sections.iter().map(|(id, _)| *id).collect();
        let known: Vec<&str> = rules::ALL.iter().filter(|r| r.severity == severity).map(|r| r.id).collect();
        assert_eq!(documented, known);
        if severity == Severity::Warning {
            for (id, text) in sections {
                assert!(text.contains("*Why:*") && text.contains("*Remedy:*"), "{id}");
            }
        }
    }
}

/// Manifests that earn a warning, and the same put right.
fn examples() -> Vec<(&'static str, String, String)> {
    let good = || rollout("web", STEPS);
    let change = |from: &str, to: &str| {
        let changed = good().replace(from, to);
        assert_ne!(changed, good(), "{from}");
        changed
    };
    let canary = |canary: &str| rollout("web", canary);
    let routed = |rest: &str| {
        canary(&format!(
            "{{steps: [{{setWeight: 20}}, {{pause: {{}}}}], canaryService: a, stableService: b, trafficRouting: {{nginx: {{stableIngress: i}}}}{rest}}}"
        ))
    };
    let blue_green = |rest: &str| canary("{}").replace("canary: {}", &format!("blueGreen: {{activeService: a{rest}}}"));
    let metric = |rest: &str| format!("{{metrics: [{{name: m, provider: {{web: {{url: u}}}}{rest}}}]}}");
    let background = |rest: &str| {
        let analysed = canary("{steps: [{setWeight: 20}], analysis: {templates: [{templateName: t}]}}");
        format!("{analysed}{}", template("t", &metric(&format!(", successCondition: 'true'{rest}"))))
    };
    let argument = |name: &str| {
        let analysed = canary(&format!(
            "{{steps: [{{setWeight: 20}}, {{analysis: {{templates: [{{templateName: t}}], args: [{{name: {name}, value: v}}]}}}}]}}"
        ));
        format!(
            "{analysed}{}",
            template(
                "t",
                "{args: [{name: a, value: d}], metrics: [{name: m, successCondition: 'true', provider: {web: {url: u}}}]}"
            )
        )
    };
    let autoscaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {scaleTargetRef: {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web}}\n";
    let deployment = |app: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\nspec: {{template: {{metadata: {{labels: {{app: {app}}}}}}}}}\n"
        )
    };
    let served = |name: &str| {
        format!(
            "{}{}{}",
            canary("{steps: [{setWeight: 20}, {pause: {}}], canaryService: a, stableService: b}"),
            service("b", "web"),
            service(name, "web")
        )
    };
    vec![
        ("reference-not-found", served("aa"), served("a")),
        (
            "text-not-quoted",
            change("{name: web}", "{name: web, labels: {debug: on}}"),
            change("{name: web}", "{name: web, labels: {debug: 'on'}}"),
        ),
        (
            "duplicate-object",
            format!("{}---\n{}", good(), good()),
            format!("{}---\n{}", good(), rollout("web2", STEPS)),
        ),
        ("image-latest", change("web:1.2", "web"), good()),
        ("no-readiness-probe", change("        readinessProbe: {httpGet: {path: /, port: 80}}\n", ""), good()),
        (
            "deadline-too-short",
            change("{path: /, port: 80}", "{path: /, port: 80}, initialDelaySeconds: 600"),
            change("{path: /, port: 80}", "{path: /, port: 80}, initialDelaySeconds: 60"),
        ),
        (
            "no-spare-capacity",
            canary("{steps: [{pause: {}}], maxSurge: 0, maxUnavailable: 100%}"),
            canary("{steps: [{pause: {}}], maxSurge: 0, maxUnavailable: 50%}"),
        ),
        ("no-revision-history", change("  replicas: 10\n", "  replicas: 10\n  revisionHistoryLimit: 0\n"), good()),
        (
            "autoscaler-fights-replicas",
            format!("{}{autoscaler}", good()),
            format!("{}{autoscaler}", change("  replicas: 10\n", "")),
        ),
        (
            "deployment-beside-rollout",
            format!("{}{}", good(), deployment("web")),
            format!("{}{}", good(), deployment("shop")),
        ),
        ("no-steps", canary("{}"), good()),
        ("no-gate", canary("{steps: [{setWeight: 20}, {setWeight: 60}]}"), good()),
        (
            "weight-goes-back",
            canary("{steps: [{setWeight: 60}, {pause: {}}, {setWeight: 20}]}"),
            canary("{steps: [{setWeight: 20}, {pause: {}}, {setWeight: 60}, {setWeight: 0}]}"),
        ),
        ("coarse-weight", change("replicas: 10", "replicas: 2"), change("replicas: 10", "replicas: 5")),
        ("short-scale-down-delay", routed(", scaleDownDelaySeconds: 5"), routed(", scaleDownDelaySeconds: 30")),
        ("kept-after-abort", routed(", abortScaleDownDelaySeconds: 0"), routed(", abortScaleDownDelaySeconds: 1")),
        (
            "preview-unseen",
            blue_green(", previewService: p"),
            blue_green(", previewService: p, autoPromotionSeconds: 60"),
        ),
        ("unused-argument", argument("b"), argument("a")),
        (
            "undeclared-argument",
            template("t", &metric(", successCondition: 'result == {{args.x}}'")),
            template(
                "t",
                "{args: [{name: x}], metrics: [{name: m, successCondition: 'result == {{args.x}}', provider: {web: {url: u}}}]}",
            ),
        ),
        ("metric-without-condition", template("t", &metric("")), template("t", &metric(", failureCondition: 'false'"))),
        ("measured-once", background(""), background(", interval: 1m")),
    ]
}

#[test]
fn every_warning_comes_and_can_be_avoided() {
    let examples = examples();
    let shown: Vec<&str> = examples.iter().map(|(id, ..)| *id).collect();
    let known: Vec<&str> = rules::ALL.iter().filter(|r| r.severity == Severity::Warning).map(|r| r.id).collect();
    assert_eq!(shown, known);
    for (id, bad, good) in examples {
        assert_eq!(ids(&bad), [id], "{bad}\n{:?}", found(&bad));
        assert_eq!(found(&good), Vec::<String>::new(), "{good}");
        let ignored = Settings { ignored: [id.to_string()].into(), ..Settings::default() };
        let file = File { name: "x".into(), text: bad };
        assert_eq!(check(&[file], &ignored).findings, [], "{id}");
    }
}

#[test]
fn errors_cannot_be_ignored() {
    let ignored = Settings { ignored: rules::ALL.iter().map(|r| r.id.to_string()).collect(), ..Settings::default() };
    let file = File { name: "x".into(), text: "a: b: c".into() };
    assert_eq!(check(&[file], &ignored).findings.len(), 1);
}

//! `notifications`: what is recorded of it is replayed with the scenarios; here is what it does otherwise, and more.

use crate::support::Output;
use crate::support::cluster::{Cluster, rollout};
use serde_json::json;

const CONFIG: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: argo-rollouts-notification-configmap}
data:
  service.slack: 'token: $slack-token'
  service.webhook.ops: 'url: http://127.0.0.1'
  template.done: 'message: done'
  template.long: 'message: 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789x'
  trigger.on-done: '[{when: a, send: [done, long]}, {send: [long]}]'
";
const FILES: &[(&str, &str)] = &[
    ("config", CONFIG),
    (
        "broken",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argo-rollouts-notification-configmap}\ndata: {template.a: '[1]'}",
    ),
    ("rollout", "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: from-file}\n"),
];
const FROM_FILES: &str = "--config-map config --secret :empty";

async fn run(cluster: &Cluster, line: &str) -> Output {
    cluster.run_with(FILES, &format!("notifications {line}")).await
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_an_exit_code() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    let secret = "secrets \"argo-rollouts-notification-secret\" not found";
    for (line, stderr) in [
        ("template get".to_owned(), format!("failed to get api: {secret}")),
        ("trigger get".into(), format!("failed to get api: {secret}")),
        ("template notify done web".into(), format!("failed to create API: {secret}")),
        ("trigger run on-done web".into(), format!("failed to get api: {secret}")),
        (
            "template get --config-map broken --secret :empty".into(),
            "failed to get api: failed to read 'template.a': not a mapping".into(),
        ),
        (
            format!("template notify done nosuch {FROM_FILES}"),
            "failed to load resource: rollouts.argoproj.io \"nosuch\" not found".into(),
        ),
        (
            format!("template notify nosuch web {FROM_FILES}"),
            "failed to notify 'console:stdout': template 'nosuch' is not supported".into(),
        ),
        (
            format!("template notify done web --recipient slack:a --recipient pager:x {FROM_FILES}"),
            "failed to notify 'pager:x': notification service 'pager' is not supported".into(),
        ),
        (
            format!("trigger run nosuch web {FROM_FILES}"),
            "trigger with name 'nosuch' does not exist (found on-done)".into(),
        ),
        (
            format!("trigger run on-done nosuch {FROM_FILES}"),
            "failed to load resource: rollouts.argoproj.io \"nosuch\" not found".into(),
        ),
    ] {
        let expected = Output { code: 1, stdout: String::new(), stderr: format!("{stderr}\n") };
        assert_eq!(run(&cluster, &line).await, expected, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_yet_is_said_when_all_else_is_right() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    for (line, what) in [
        (format!("template notify done web --recipient ops {FROM_FILES}"), "sending notifications"),
        (format!("template notify done rollout {FROM_FILES}"), "sending notifications"),
        (format!("trigger run on-done web {FROM_FILES}"), "evaluating triggers"),
        (format!("trigger run on-done rollout {FROM_FILES}"), "evaluating triggers"),
    ] {
        let output = run(&cluster, &line).await;
        assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{line}");
        assert!(
            output.stderr.ends_with(&format!("but {what} is not available in this version\n")),
            "{}",
            output.stderr
        );
    }
}

#[tokio::test(start_paused = true)]
async fn settings_of_the_cluster_and_every_format() {
    let cluster = Cluster::start();
    let meta = |name: &str| json!({"name": name, "namespace": "default"});
    cluster
        .create(json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta("argo-rollouts-notification-secret")}));
    cluster.create(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("argo-rollouts-notification-configmap"),
        "data": {
            "template.b": "message: |\n  first\n  second", "template.a": "email: {subject: s}",
            "trigger.t": "[{when: x, oncePer: z, description: d, send: [a, b]}, {send: [b]}]",
        },
    }));
    for (line, stdout) in [
        ("template get", "NAME  PREVIEW\na     {\"email\":{\"subject\":\"s\"}}\nb     first\n"),
        ("template get b -o wide", "NAME  PREVIEW\nb     first\n"),
        ("template get b -o yaml", "b:\n  message: |\n    first\n    second\n"),
        ("template get a -o json", "{\n  \"a\": {\n    \"email\": {\n      \"subject\": \"s\"\n    }\n  }\n}\n"),
        ("template get c -o name", ""),
        ("trigger get", "NAME  TEMPLATE  CONDITION\nt     a, b      x\n      b         \n"),
        ("trigger get -o name", "t\n"),
        (
            "trigger get t -o yaml",
            "t:\n- description: d\n  oncePer: z\n  send:\n  - a\n  - b\n  when: x\n- send:\n  - b\n",
        ),
    ] {
        let output = cluster.run(&format!("notifications {line}")).await;
        assert_eq!(output, Output { code: 0, stdout: stdout.into(), stderr: String::new() }, "{line}");
    }
    let output = run(&cluster, &format!("template get long {FROM_FILES}")).await.stdout;
    let digits = "0123456789".repeat(10);
    assert_eq!(output, format!("NAME  PREVIEW\nlong  {}...\n", &digits[..99]));
}

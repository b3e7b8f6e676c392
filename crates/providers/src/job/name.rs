//! Names of Jobs.

use crate::sigv4::sha256_hex;
use rollouts_api::analysis::AnalysisRun;
use rollouts_core::analysis::args::Arguments;
use serde_json::Value;

/// What the name of a Job may have: it becomes the value of a label of its pods.
const NAME_MAX: usize = 63;

/// Hexadecimal digits that tell names apart which would be the same.
const HASH: usize = 8;

/// Name of the Job of the next measurement of `metric`: `<uid of the run>.<metric>.<number>`, with as much of the
/// metric's name as there is room for, and as can stand there. A measurement that is begun again, because that it had
/// begun got lost, has the same name. `spec` is that of the Job: an indexed one has no dots in its name, because its pods
/// have the name and their index as their hosts' names.
pub(super) fn next(run: &AnalysisRun, metric: &str, spec: &Value) -> String {
    let index = (spec["completionMode"] == "Indexed").then(|| last_index(spec).to_string());
    let (separator, behind) = index.map_or(('.', 0), |index| ('-', index.len() + 1));
    let fitting = |name: &str, room: usize| match separator {
        '.' => fitting(name, room),
        _ => fitting(name, room).replace('.', "-"),
    };
    let result = run.status.metric_results.iter().find(|result| result.name == metric);
    let taken = result.map_or(0, |result| i64::from(result.count) + i64::from(result.error));
    let (uid, number) = (&run.metadata.uid, (taken + 1).to_string());
    let room = NAME_MAX.saturating_sub(uid.len() + number.len() + 2 + behind);
    let mut part = fitting(metric, room);
    if others(run, metric).any(|other| fitting(&other, room) == part) {
        let hash = sha256_hex(metric.as_bytes());
        part = fitting(&part, room.saturating_sub(HASH + 1));
        part = format!("{part}-{}", &hash[..HASH]);
    }
    format!("{uid}{separator}{part}{separator}{number}")
}

/// The last index of an indexed Job.
fn last_index(spec: &Value) -> u64 {
    spec["completions"].as_u64().unwrap_or_default().saturating_sub(1)
}

/// Names of the run's other metrics that have Jobs.
fn others<'a>(run: &'a AnalysisRun, metric: &'a str) -> impl Iterator<Item = String> + 'a {
    let arguments = Arguments::without_secrets(&run.spec.args);
    let names = run.spec.metrics.iter().filter(|other| other.provider.job.is_some()).map(move |other| {
        let resolved = arguments.as_ref().ok().and_then(|arguments| arguments.resolve(other).ok());
        resolved.map_or_else(|| other.name.clone(), |resolved| resolved.name.clone())
    });
    names.filter(move |name| name != metric)
}

/// The beginning of `name` in the characters of a DNS subdomain: parts of letters, digits and `-`, with dots in
/// between.
fn fitting(name: &str, room: usize) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() || c == '.' => c,
        _ => '-',
    };
    let text: String = name.chars().map(plain).take(room).collect();
    let parts = text.split('.').map(|part| part.trim_matches('-')).filter(|part| !part.is_empty());
    let text = parts.collect::<Vec<_>>().join(".");
    if text.is_empty() { "metric".chars().take(room.max(1)).collect() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const UID: &str = "82c2cae9-6239-441d-aaa2-5faa4dbd6c0e";

    fn named(metrics: &[&str], metric: &str, result: Value) -> String {
        let metrics: Vec<_> = metrics.iter().map(|name| json!({"name": name, "provider": {"job": {}}})).collect();
        let run = json!({
            "metadata": {"name": "run", "uid": UID},
            "spec": {"metrics": metrics, "args": [{"name": "a", "value": "x"}]},
            "status": {"metricResults": [result]},
        });
        let name = next(&serde_json::from_value(run).expect("a run"), metric, &json!({}));
        assert!(name.len() <= NAME_MAX, "{name}");
        let rest = name.strip_prefix(UID).expect("the uid comes first");
        rest.strip_prefix('.').expect("a dot").to_owned()
    }

    #[test]
    fn the_metric_is_cut_and_counted() {
        let none = || json!({});
        assert_eq!(named(&["check"], "check", none()), "check.1");
        assert_eq!(named(&["check"], "check", json!({"name": "check", "count": 2, "error": 1})), "check.4");
        assert_eq!(named(&["check"], "check", json!({"name": "other", "count": 2})), "check.1");
        let cut = "integration-tests-against-the-canary";
        assert_eq!(named(&[cut], cut, none()), "integration-tests-agains.1");
        let hundred = json!({"name": cut, "count": 99});
        assert_eq!(named(&[cut], cut, hundred), "integration-tests-agai.100");
        // Argo Rollouts' name would end in `-.1` here, which is none.
        let dash = "integration-tests-again-and-again";
        assert_eq!(named(&[dash], dash, none()), "integration-tests-again.1");
    }

    #[test]
    fn an_indexed_one_can_be_a_hosts_name() {
        let names = ["checks.of.the.canary.and.others", "checks-of-the-canary-and-others"];
        let metrics: Vec<_> = names.iter().map(|name| json!({"name": name, "provider": {"job": {}}})).collect();
        let run = json!({"metadata": {"name": "run", "uid": UID}, "spec": {"metrics": metrics}});
        let run: AnalysisRun = serde_json::from_value(run).expect("a run");
        let spec = json!({"completionMode": "Indexed", "completions": 1000});
        let [dots, dashes] = names.map(|name| next(&run, name, &spec));
        assert_eq!(dots, format!("{UID}-checks-of-t-d81fae8d-1"));
        assert!(dots != dashes && dashes.len() + "-999".len() <= NAME_MAX, "{dashes}");
        assert_eq!(next(&run, "m", &json!({"completionMode": "Indexed"})), format!("{UID}-m-1"));
    }

    #[test]
    fn what_cannot_stand_in_a_name_is_replaced() {
        for (metric, want) in [("Success_Rate %", "success-rate"), ("..a.-b.", "a.b"), ("é", "metric"), ("", "metric")]
        {
            assert_eq!(named(&[metric], metric, json!({})), format!("{want}.1"));
        }
    }

    #[test]
    fn metrics_with_the_same_beginning_are_told_apart() {
        let two = ["integration-tests-of-the-canary-a", "integration-tests-of-the-canary-b"];
        let [a, b] = two.map(|metric| named(&two, metric, json!({})));
        assert_ne!(a, b);
        assert!(a.starts_with("integration-tes-") && b.starts_with("integration-tes-"), "{a} {b}");
        assert_ne!(named(&["A", "{{args.a}}a", "a"], "A", json!({})), "a.1");
        assert_eq!(named(&["{{args.a}}a", "a"], "xa", json!({})), "xa.1");
    }
}

//! Cases whose Rollout is judged by numbers, and the sources that these come from.

use super::{Action, Case, NAMESPACE, draw::one_in, draw::pause, draw::pick};
use crate::metrics_source::{ADDRESS, Mood, Timeline};
use rollouts_memkube::Rng;
use serde_json::{Value, json};
use std::time::Duration;

/// Sets the dice of analyses apart from those of the rest, which must not notice whether there are any. Chosen so that
/// seeds that once broke a rule without them have none.
const DICE: u64 = 0xa11a_1e77;

/// A secret that metrics are given. Nobody else may ever see [`SECRET_MARK`].
pub const SECRET: &str = "k3epM3/\"hidden\" a+b";

/// What is left of the secret in whatever way it is quoted or escaped.
pub const SECRET_MARK: &str = "k3epM3";

/// Name of the object that holds the secret.
const SECRET_NAME: &str = "tokens";

/// Template of the analyses that come to an end.
const CHECKS: &str = "checks";
/// Template of the one that does not.
const WATCH: &str = "watch";
/// Template that the others may refer to.
const MORE: &str = "more";

/// Longest time for which a source is in one mood.
const MOOD_SECONDS_MAX: u64 = 120;

/// What the analyses of a case need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analyses {
    /// Templates, and mostly the secret that they refer to.
    pub objects: Vec<Value>,
    /// Sources of metrics by name, and how each behaves.
    pub sources: Vec<(String, Timeline)>,
}

impl Case {
    /// Adds analyses to the case of `seed`, if it is one that has some.
    pub(super) fn analyse(&mut self, seed: u64) {
        let rng = &Rng::new(seed.wrapping_mul(2).wrapping_add(DICE));
        if !one_in(rng, 3) {
            return;
        }
        let mut made = Making { rng, more_is_of_cluster: one_in(rng, 2), sources: Vec::new() };
        let mut objects = vec![
            made.template(CHECKS, true, true),
            made.template(WATCH, false, true),
            made.template(MORE, true, false),
        ];
        if !one_in(rng, 8) {
            let data = json!({ "token": SECRET });
            objects.push(json!({"apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": SECRET_NAME, "namespace": NAMESPACE}, "stringData": data}));
        }
        let spec = &mut self.rollout["spec"];
        if one_in(rng, 2) {
            let (good, bad) = (rng.below(4), rng.below(4));
            spec["analysis"] = json!({"successfulRunHistoryLimit": good, "unsuccessfulRunHistoryLimit": bad});
        }
        match self.is_blue_green {
            true => made.blue_green(&mut spec["strategy"]["blueGreen"]),
            false => made.canary(&mut spec["strategy"]["canary"]),
        }
        for _ in 0..rng.below(4) {
            let at = usize::try_from(rng.below(self.actions.len() as u64 + 1)).unwrap_or_default();
            self.actions.insert(at, (pause(rng), made.action(&objects)));
        }
        self.analyses = Some(Analyses { objects, sources: made.sources });
    }
}

struct Making<'a> {
    rng: &'a Rng,
    more_is_of_cluster: bool,
    sources: Vec<(String, Timeline)>,
}

impl Making<'_> {
    /// At random places, one or two steps; beside them, maybe, an analysis without end.
    fn canary(&self, canary: &mut Value) {
        let rng = self.rng;
        let mut steps = canary["steps"].as_array().cloned().unwrap_or_default();
        let (inline, background) = (rng.below(3), one_in(rng, 2));
        for _ in 0..if background { inline } else { inline.max(1) } {
            let at = usize::try_from(rng.below(steps.len() as u64 + 1)).unwrap_or_default();
            steps.insert(at, json!({ "analysis": self.reference(CHECKS) }));
        }
        if background {
            let mut analysis = self.reference(WATCH);
            if one_in(rng, 2) {
                analysis["startingStep"] = rng.below(steps.len() as u64 + 1).into();
            }
            canary["analysis"] = analysis;
        }
        canary["steps"] = steps.into();
    }

    /// Before the promotion, after it, or both.
    fn blue_green(&self, strategy: &mut Value) {
        let which = self.rng.below(3);
        if which != 0 {
            strategy["prePromotionAnalysis"] = self.reference(CHECKS);
        }
        if which != 1 {
            strategy["postPromotionAnalysis"] = self.reference(CHECKS);
        }
    }

    fn more(&self) -> Value {
        match self.more_is_of_cluster {
            true => json!({"templateName": MORE, "clusterScope": true}),
            false => json!({"templateName": MORE}),
        }
    }

    /// What a Rollout says of an analysis.
    fn reference(&self, template: &str) -> Value {
        let rng = self.rng;
        let mut templates = vec![json!({ "templateName": template })];
        if one_in(rng, 4) {
            templates.push(self.more());
        }
        let argument = match rng.below(3) {
            0 => json!({"name": "version", "value": "any \"one\""}),
            1 => json!({"name": "version", "valueFrom": {"podTemplateHashValue": "Latest"}}),
            _ => json!({"name": "version", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
        };
        let mut analysis = json!({"templates": templates, "args": [argument]});
        if one_in(rng, 4) {
            analysis["measurementRetention"] = json!([{"metricName": format!("{template}0"), "limit": rng.below(15)}]);
        }
        analysis
    }

    /// `knows` its arguments, or has none.
    fn template(&mut self, name: &str, is_finite: bool, knows: bool) -> Value {
        let rng = self.rng;
        let metrics: Vec<Value> =
            (0..1 + rng.below(2)).map(|n| self.metric(&format!("{name}{n}"), is_finite, knows)).collect();
        let mut spec = json!({ "metrics": metrics });
        if knows {
            let secret = json!({"secretKeyRef": {"name": SECRET_NAME, "key": "token"}});
            spec["args"] = json!([{"name": "version"}, {"name": "token", "valueFrom": secret}]);
            if one_in(rng, 3) {
                spec["templates"] = json!([self.more()]);
            }
        }
        if one_in(rng, 4) {
            spec["dryRun"] = json!([{"metricName": format!("{name}{}", metrics.len() - 1)}]);
        }
        let is_of_cluster = name == MORE && self.more_is_of_cluster;
        let (kind, metadata) = match is_of_cluster {
            true => ("ClusterAnalysisTemplate", json!({ "name": name })),
            false => ("AnalysisTemplate", json!({"name": name, "namespace": NAMESPACE})),
        };
        json!({"apiVersion": rollouts_api::names::API_VERSION, "kind": kind, "metadata": metadata, "spec": spec})
    }

    fn metric(&mut self, name: &str, is_finite: bool, knows: bool) -> Value {
        let rng = self.rng;
        let (provider, reading) = match rng.below(8) {
            0..=3 => (self.web(name, knows), "result"),
            4..=6 => (self.prometheus(name, knows), "result[0]"),
            _ => (job(rng), ""),
        };
        let mut metric = json!({"name": name, "provider": provider});
        let conditions = rng.below(4);
        if !reading.is_empty() && conditions != 1 {
            metric["successCondition"] = format!("{reading} == 1").into();
        }
        if !reading.is_empty() && conditions != 0 {
            metric["failureCondition"] = format!("{reading} == 0").into();
        }
        limits(rng, &mut metric, is_finite);
        if one_in(rng, 5) {
            metric["initialDelay"] = format!("{}s", 1 + rng.below(20)).into();
        }
        metric
    }

    /// A source of its own, and the seconds for which an answer is waited for.
    fn source(&mut self, name: &str) -> (String, u64) {
        self.sources.push((name.to_owned(), timeline(self.rng)));
        (format!("http://{ADDRESS}/mood/{name}"), 1 + self.rng.below(20))
    }

    fn web(&mut self, name: &str, knows: bool) -> Value {
        let (url, timeout) = self.source(name);
        let mut web = json!({"url": url, "jsonPath": "{$.value}", "timeoutSeconds": timeout});
        if knows {
            web["url"] = format!("{url}?version={{{{args.version}}}}").into();
            web["headers"] = json!([{"key": "Token", "value": "{{args.token}}"}]);
            if one_in(self.rng, 3) {
                web["method"] = "POST".into();
                web["jsonBody"] = json!({"token": "{{args.token}}"});
            }
        }
        json!({ "web": web })
    }

    fn prometheus(&mut self, name: &str, knows: bool) -> Value {
        let (address, timeout) = self.source(name);
        let mut prometheus = json!({"address": address, "query": "up", "timeout": timeout});
        if knows {
            prometheus["query"] = "up{version=\"{{args.version}}\", token=\"{{args.token}}\"}".into();
        }
        json!({ "prometheus": prometheus })
    }

    fn action(&self, objects: &[Value]) -> Action {
        let rng = self.rng;
        match rng.below(4) {
            0 => Action::TerminateRun(rng.next_u64()),
            1 => Action::DeleteRun(rng.next_u64()),
            _ => Action::LoseTemplate(
                Box::new(objects[usize::try_from(rng.below(3)).unwrap_or_default()].clone()),
                Duration::from_secs(rng.below(60)),
            ),
        }
    }
}

/// Limits that go together, and how often it is measured.
fn limits(rng: &Rng, metric: &mut Value, is_finite: bool) {
    let (mut failures, inconclusives) = (i64::from(small(rng, 3)), i64::from(small(rng, 3)));
    let streak = if one_in(rng, 4) { 1 + i64::from(small(rng, 3)) } else { 0 };
    if streak > 0 {
        metric["consecutiveSuccessLimit"] = streak.into();
        if one_in(rng, 2) {
            failures = -1;
        }
    }
    metric["failureLimit"] = failures.into();
    metric["inconclusiveLimit"] = inconclusives.into();
    if one_in(rng, 2) {
        metric["consecutiveErrorLimit"] = small(rng, 6).into();
    }
    let count = (failures.max(0) + streak).max(inconclusives).max(1 + i64::from(small(rng, 4)));
    if is_finite && (count > 1 || one_in(rng, 2)) {
        metric["count"] = count.into();
    }
    if !is_finite || count > 1 {
        metric["interval"] = format!("{}s", 1 + rng.below(20)).into();
    }
}

fn small(rng: &Rng, n: u32) -> u32 {
    u32::try_from(rng.below(u64::from(n))).unwrap_or_default()
}

/// Jobs that succeed, fail, or take their time.
fn job(rng: &Rng) -> Value {
    let (seconds, code) = (*pick(rng, &[1, 5, 20, 3600]), u64::from(one_in(rng, 4)));
    let command = json!(["sh", "-c", format!("sleep {seconds}; exit {code}")]);
    let containers = json!([{"name": "main", "image": "tool:1", "command": command}]);
    let mut spec =
        json!({"backoffLimit": 0, "template": {"spec": {"containers": containers, "restartPolicy": "Never"}}});
    if one_in(rng, 3) {
        spec["activeDeadlineSeconds"] = 30.into();
    }
    json!({"job": {"spec": spec}})
}

/// Some sources are good, the others change their minds.
fn timeline(rng: &Rng) -> Timeline {
    if one_in(rng, 3) {
        return Timeline::new();
    }
    let mood = || match rng.below(20) {
        0..=7 => Mood::Good,
        8 | 9 => Mood::Bad,
        10 | 11 => Mood::Odd,
        12 => Mood::Empty,
        13 => Mood::Slow(1 + rng.below(30)),
        14 => Mood::Failing,
        15 => Mood::Garbage,
        16 => Mood::Huge,
        17 => Mood::Endless,
        18 => Mood::Hanging,
        _ => Mood::Refusing,
    };
    (0..1 + rng.below(5)).map(|_| (Duration::from_secs(1 + rng.below(MOOD_SECONDS_MAX)), mood())).collect()
}

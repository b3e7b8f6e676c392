//! A second opinion on AnalysisRuns: what the numbers in a status must come to. Written from the rules that users are
//! told, in none of the controller's words, so that both are not wrong in the same way.

use serde_json::Value;

/// How many measurements of a metric are kept when nobody says.
const KEPT: usize = 10;

/// Longest text of a measurement, in bytes.
const TEXT_MAX_BYTES: usize = 64 << 10;

/// Longest object, in bytes; API servers take little more.
const OBJECT_MAX_BYTES: usize = 1 << 20;

/// Whether a phase is the end.
pub fn is_end(phase: &str) -> bool {
    ["Successful", "Failed", "Error", "Inconclusive"].contains(&phase)
}

/// What does not fit together in a run, whatever its phase.
pub fn contradictions(run: &Value) -> Vec<String> {
    let mut found = sizes(run);
    for result in array(&run["status"]["metricResults"]) {
        found.extend(miscounted(result));
    }
    found.extend(misjudged(run));
    found
}

fn sizes(run: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for result in array(&run["status"]["metricResults"]) {
        let (name, measurements) = (text(&result["name"]), array(&result["measurements"]));
        let kept = kept(run, name);
        if measurements.len() > kept {
            found.push(format!("{name} keeps {} measurements, more than {kept}", measurements.len()));
        }
        let texts = measurements.iter().flat_map(|m| [text(&m["value"]), text(&m["message"])]);
        if let Some(long) = texts.map(str::len).find(|len| *len > TEXT_MAX_BYTES) {
            found.push(format!("{name} keeps a text of {long} bytes"));
        }
    }
    let whole = run.to_string().len();
    if whole > OBJECT_MAX_BYTES {
        found.push(format!("it weighs {whole} bytes"));
    }
    found
}

/// Measurements that are kept of `metric`. The rules of seeded runs are names without any special characters.
fn kept(run: &Value, metric: &str) -> usize {
    let rules = array(&run["spec"]["measurementRetention"]);
    let last = rules.iter().rfind(|rule| metric.contains(text(&rule["metricName"])));
    let limit = last.and_then(|rule| rule["limit"].as_u64()).filter(|limit| *limit > 0);
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(KEPT)
}

/// Counters that are not those of the measurements, as far as these are kept.
fn miscounted(result: &Value) -> Vec<String> {
    let name = text(&result["name"]);
    let measurements = array(&result["measurements"]);
    let finished: Vec<&Value> = measurements.iter().filter(|m| !m["finishedAt"].is_null()).collect();
    let of = |phase: &str| i64::try_from(finished.iter().filter(|m| m["phase"] == phase).count()).unwrap_or(i64::MAX);
    let number = |field: &str| result[field].as_i64().unwrap_or(0);
    let all = number("count") + number("error");
    let dropped = all - i64::try_from(finished.len()).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    if number("count") != number("successful") + number("failed") + number("inconclusive") {
        found.push(format!("{name}: count is not the sum of its parts: {result}"));
    }
    for (field, phase) in
        [("successful", "Successful"), ("failed", "Failed"), ("inconclusive", "Inconclusive"), ("error", "Error")]
    {
        let (counted, kept) = (number(field), of(phase));
        if counted < kept || counted - kept > dropped {
            found.push(format!("{name}: {field} is {counted}, {kept} are kept, {dropped} were dropped"));
        }
    }
    for (field, phase) in [("consecutiveSuccess", "Successful"), ("consecutiveError", "Error")] {
        let streak = finished.iter().rev().take_while(|m| m["phase"] == phase).count();
        let counted = usize::try_from(number(field)).unwrap_or(usize::MAX);
        // Nobody knows how the streak began if all that is kept belongs to it.
        if counted != streak && !(streak == finished.len() && counted > streak && dropped > 0) {
            found.push(format!("{name}: {field} is {counted}, not {streak}"));
        }
    }
    let unfinished = measurements.iter().filter(|m| m["finishedAt"].is_null()).count();
    if unfinished > 1 || (unfinished == 1 && is_end(text(&result["phase"]))) {
        found.push(format!("{name}: {unfinished} unfinished measurements at {}", result["phase"]));
    }
    found
}

/// Verdicts that do not follow from the counters.
fn misjudged(run: &Value) -> Vec<String> {
    let (status, message) = (&run["status"], text(&run["status"]["message"]));
    let phase = text(&status["phase"]);
    // It could not begin, or not go on.
    let is_unable = ["Unable to resolve metric arguments: ", "Analysis spec invalid: "];
    if phase == "Error" && is_unable.iter().any(|words| message.starts_with(words)) {
        return Vec::new();
    }
    let metrics: Vec<Metric<'_>> = array(&run["spec"]["metrics"]).iter().map(|m| Metric::of(run, m)).collect();
    let told = run["spec"]["terminate"] == true;
    let is_bad = |m: &Metric<'_>| !m.dry_run && is_end(m.phase) && m.phase != "Successful";
    let terminating = told || metrics.iter().any(is_bad);
    let mut found = Vec::new();
    for metric in metrics.iter().filter(|m| is_end(m.phase)) {
        let due = metric.due();
        let wanted = due.unwrap_or("Successful");
        if metric.phase != wanted || (due.is_none() && !terminating) {
            found.push(format!("{} is {}, not {due:?}: {}", metric.name, metric.phase, metric.result));
        }
    }
    if !is_end(phase) {
        return found;
    }
    if !terminating && let Some(open) = metrics.iter().find(|m| !is_end(m.phase)) {
        found.push(format!("it ends as {phase} although {} goes on", open.name));
    }
    let wanted = verdict(&metrics, told);
    if phase != wanted {
        found.push(format!("it is {phase}, not {wanted}: {status}"));
    }
    found
}

/// The run's verdict by those of its metrics.
fn verdict(metrics: &[Metric<'_>], told: bool) -> &'static str {
    let counting = || metrics.iter().filter(|m| !m.dry_run);
    for worst in ["Failed", "Error", "Inconclusive"] {
        if counting().any(|m| m.phase == worst) {
            return worst;
        }
    }
    let sum = |field: &str| counting().map(|m| m.number(field)).sum::<i64>();
    if sum("successful") > 0 || sum("failed") + sum("error") + sum("inconclusive") == 0 {
        return "Successful";
    }
    // Exceptions without a rule.
    match (told, sum("failed") > 0, sum("error") > 0) {
        (false, true, _) => "Failed",
        (true, false, false) => "Successful",
        _ => "Inconclusive",
    }
}

struct Metric<'a> {
    name: &'a str,
    phase: &'a str,
    dry_run: bool,
    spec: &'a Value,
    result: &'a Value,
}

impl<'a> Metric<'a> {
    fn of(run: &'a Value, spec: &'a Value) -> Self {
        let name = text(&spec["name"]);
        let result = array(&run["status"]["metricResults"]).iter().find(|r| r["name"] == name).unwrap_or(&Value::Null);
        let dry_run = array(&run["spec"]["dryRun"]).iter().any(|rule| name.contains(text(&rule["metricName"])));
        Metric { name, phase: text(&result["phase"]), dry_run, spec, result }
    }

    fn number(&self, field: &str) -> i64 {
        self.result[field].as_i64().unwrap_or(0)
    }

    /// The verdict that is due by now, be it that the run is told to end or not.
    fn due(&self) -> Option<&'static str> {
        let limit = |field: &str, otherwise: i64| self.spec[field].as_i64().unwrap_or(otherwise);
        let (failures, streak) = (limit("failureLimit", 0), limit("consecutiveSuccessLimit", 0));
        if self.number("consecutiveError") > limit("consecutiveErrorLimit", 4) {
            return Some("Error");
        }
        if failures >= 0 && self.number("failed") > failures {
            return Some("Failed");
        }
        if self.number("inconclusive") > limit("inconclusiveLimit", 0) {
            return Some("Inconclusive");
        }
        if streak > 0 && self.number("consecutiveSuccess") >= streak {
            return Some("Successful");
        }
        let once = if self.spec["interval"].is_null() { 1 } else { i64::MAX };
        let count = self.spec["count"].as_i64().filter(|count| *count > 0).unwrap_or(once);
        match (self.number("count") >= count, streak > 0, failures >= 0) {
            (false, ..) => None,
            (true, false, _) => Some("Successful"),
            (true, true, true) => Some("Inconclusive"),
            (true, true, false) => Some("Failed"),
        }
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(spec: Value, phase: &str, result: Value) -> Value {
        let mut metric = json!({"name": "m"});
        metric.as_object_mut().expect("an object").extend(spec.as_object().expect("an object").clone());
        json!({"spec": {"metrics": [metric]}, "status": {"phase": phase, "metricResults": [result]}})
    }

    fn measured(phase: &str, counters: Value, measurements: &[&str]) -> Value {
        let measurements: Vec<Value> =
            measurements.iter().map(|phase| json!({"phase": phase, "finishedAt": "t"})).collect();
        let mut result = json!({"name": "m", "phase": phase, "measurements": measurements});
        result.as_object_mut().expect("an object").extend(counters.as_object().expect("an object").clone());
        result
    }

    #[test]
    fn what_fits_is_not_told() {
        let good = json!({"count": 1, "successful": 1, "consecutiveSuccess": 1});
        let fits = [
            run(json!({}), "Successful", measured("Successful", good.clone(), &["Successful"])),
            run(json!({"interval": "1s"}), "Running", measured("Running", good, &["Successful"])),
            run(json!({}), "Failed", measured("Failed", json!({"count": 1, "failed": 1}), &["Failed"])),
            run(
                json!({"count": 1, "failureLimit": 1}),
                "Failed",
                measured("Successful", json!({"count": 1, "failed": 1}), &["Failed"]),
            ),
        ];
        for run in fits {
            assert_eq!(contradictions(&run), Vec::<String>::new(), "{run}");
        }
    }

    #[test]
    fn what_does_not_is() {
        let good = json!({"count": 1, "successful": 1, "consecutiveSuccess": 1});
        let table = [
            (run(json!({}), "Failed", measured("Successful", good.clone(), &["Successful"])), "it is Failed, not"),
            (run(json!({}), "Successful", measured("Running", good.clone(), &["Successful"])), "although m goes on"),
            (run(json!({}), "Successful", measured("Successful", good.clone(), &["Failed"])), "m: failed is 0, 1 are"),
            (run(json!({"count": 2}), "Successful", measured("Successful", good, &["Successful"])), "not None"),
            (
                run(json!({}), "Running", measured("Running", json!({"count": 1}), &[])),
                "count is not the sum of its parts",
            ),
            (
                run(
                    json!({"interval": "1s"}),
                    "Running",
                    measured(
                        "Running",
                        json!({"successful": 11, "count": 11, "consecutiveSuccess": 11}),
                        &["Successful"; 11],
                    ),
                ),
                "keeps 11 measurements",
            ),
        ];
        for (run, words) in table {
            let found = contradictions(&run);
            assert!(found.iter().any(|text| text.contains(words)), "{words}: {found:?}");
        }
    }
}

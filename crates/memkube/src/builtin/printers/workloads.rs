//! Kinds that make pods.

use super::format::{NONE, age, containers, has_condition, human, labels, name, number, or_none, selector, since};
use jiff::Timestamp;
use rollouts_api::pod_template::json::{get, int, is_true, list, text};
use serde_json::Value;

pub(super) fn pod_template(obj: &Value) -> Vec<Value> {
    let [names, images] = containers(&obj["template"]["spec"]);
    vec![name(obj), names, images, labels(&obj["template"]["metadata"], "labels").into()]
}

pub(super) fn replicas(obj: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&obj["spec"], &obj["status"]);
    let [names, images] = containers(&spec["template"]["spec"]);
    // A ReplicationController's selector is a bare map.
    let selector = match text(obj, "kind") {
        "ReplicationController" => labels(spec, "selector"),
        _ => selector(spec, "selector"),
    };
    vec![
        name(obj),
        number(spec, "replicas"),
        number(status, "replicas"),
        number(status, "readyReplicas"),
        age(obj, now),
        names,
        images,
        selector.into(),
    ]
}

/// `READY/DESIRED`.
fn ready(obj: &Value) -> Value {
    let [ready, desired] = [(&obj["status"], "readyReplicas"), (&obj["spec"], "replicas")];
    format!("{}/{}", number(ready.0, ready.1), number(desired.0, desired.1)).into()
}

pub(super) fn deployment(obj: &Value, now: Timestamp) -> Vec<Value> {
    let status = &obj["status"];
    let [names, images] = containers(&obj["spec"]["template"]["spec"]);
    let selector = match selector(&obj["spec"], "selector").as_str() {
        "<error>" => "<invalid>".to_string(),
        NONE => String::new(),
        selector => selector.to_string(),
    };
    vec![
        name(obj),
        ready(obj),
        number(status, "updatedReplicas"),
        number(status, "availableReplicas"),
        age(obj, now),
        names,
        images,
        selector.into(),
    ]
}

pub(super) fn stateful_set(obj: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = containers(&obj["spec"]["template"]["spec"]);
    vec![name(obj), ready(obj), age(obj, now), names, images]
}

pub(super) fn daemon_set(obj: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&obj["spec"], &obj["status"]);
    let [names, images] = containers(&spec["template"]["spec"]);
    vec![
        name(obj),
        number(status, "desiredNumberScheduled"),
        number(status, "currentNumberScheduled"),
        number(status, "numberReady"),
        number(status, "updatedNumberScheduled"),
        number(status, "numberAvailable"),
        labels(&spec["template"]["spec"], "nodeSelector").into(),
        age(obj, now),
        names,
        images,
        selector(spec, "selector").into(),
    ]
}

pub(super) fn revision(obj: &Value, now: Timestamp) -> Vec<Value> {
    let owner = list(&obj["metadata"], "ownerReferences").iter().find(|owner| is_true(owner, "controller"));
    let owner = owner.map_or_else(
        || NONE.to_string(),
        |owner| {
            let kind = text(owner, "kind").to_lowercase();
            match text(owner, "apiVersion").rsplit_once('/') {
                Some((group, _)) => format!("{kind}.{group}/{}", text(owner, "name")),
                None => format!("{kind}/{}", text(owner, "name")),
            }
        },
    );
    vec![name(obj), owner.into(), number(obj, "revision"), age(obj, now)]
}

pub(super) fn job(obj: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&obj["spec"], &obj["status"]);
    let [names, images] = containers(&spec["template"]["spec"]);
    let succeeded = number(status, "succeeded");
    let completions = match (int(spec, "completions"), int(spec, "parallelism").unwrap_or_default()) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{succeeded}/1 of {parallel}"),
        _ => format!("{succeeded}/1"),
    };
    let time = |key| text(status, key).parse::<Timestamp>().ok();
    let duration = time("startTime")
        .map_or_else(String::new, |start| human(time("completionTime").unwrap_or(now).as_second() - start.as_second()));
    vec![
        name(obj),
        job_status(obj).into(),
        completions.into(),
        duration.into(),
        age(obj, now),
        names,
        images,
        selector(spec, "selector").into(),
    ]
}

fn job_status(obj: &Value) -> &'static str {
    let is = |condition| has_condition(&obj["status"], condition);
    match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if get(&obj["metadata"], "deletionTimestamp").is_some() => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () if is("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

pub(super) fn cron_job(obj: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&obj["spec"], &obj["status"]);
    let template = &spec["jobTemplate"]["spec"];
    let [names, images] = containers(&template["template"]["spec"]);
    let suspend = match get(spec, "suspend") {
        Some(Value::Bool(true)) => "True",
        Some(_) => "False",
        None => "<unset>",
    };
    let last = match text(status, "lastScheduleTime") {
        "" => NONE.to_string(),
        time => since(time, now),
    };
    vec![
        name(obj),
        text(spec, "schedule").into(),
        or_none(text(spec, "timeZone")).into(),
        suspend.into(),
        list(status, "active").len().into(),
        last.into(),
        age(obj, now),
        names,
        images,
        selector(template, "selector").into(),
    ]
}

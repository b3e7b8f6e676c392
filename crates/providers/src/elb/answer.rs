//! What the service answers.

use crate::http::Response;
use crate::xml::Element;
use rollouts_traffic::{FoundGroup, LoadBalancer};
use std::collections::BTreeMap;

/// Codes of refusals that would not be there later.
const PASSING: [&str; 5] =
    ["Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestThrottled", "TooManyRequestsException"];

/// Why a call has no answer.
pub struct Problem {
    /// What was said. Numbers of requests are left out: it is the same problem every time.
    pub message: String,
    /// It may be another time.
    pub passes: bool,
}

/// The inside of an answer to `action`.
pub fn result(action: &str, response: &Response) -> Result<Element, Problem> {
    let document = Element::parse(&response.text());
    let status = response.status;
    if !response.is_success() {
        let error = document.as_ref().and_then(|document| document.child("Error"));
        let of_error = |name: &str| error.map_or("", |error| error.text_of(name));
        let (code, message) = (of_error("Code"), of_error("Message"));
        let passes = status >= 500 || status == 429 || PASSING.contains(&code);
        let said = if code.is_empty() { String::new() } else { format!(", {code}: {message}") };
        return Err(Problem { message: format!("StatusCode: {status}{said}"), passes });
    }
    let inside = document.and_then(|document| document.child(&format!("{action}Result")).cloned());
    inside.ok_or_else(|| Problem { message: "the answer is not what it should be".into(), passes: false })
}

pub fn load_balancer(member: &Element) -> LoadBalancer {
    let text = |name: &str| member.text_of(name).to_owned();
    LoadBalancer { name: text("LoadBalancerName"), arn: text("LoadBalancerArn"), ..LoadBalancer::default() }
}

pub fn group(member: &Element) -> FoundGroup {
    let text = |name: &str| member.text_of(name).to_owned();
    FoundGroup { name: text("TargetGroupName"), arn: text("TargetGroupArn"), resource: String::new() }
}

/// What a rule forwards to; nothing if it does something else.
pub fn forwards(rule: &Element) -> BTreeMap<String, i32> {
    let mut all = BTreeMap::new();
    for action in rule.list("Actions").filter(|action| action.text_of("Type") == "forward") {
        let groups = action.child("ForwardConfig").into_iter().flat_map(|config| config.list("TargetGroups"));
        for group in groups {
            let weight = group.text_of("Weight").parse().unwrap_or(1);
            all.insert(group.text_of("TargetGroupArn").to_owned(), weight);
        }
        if all.is_empty() {
            all.insert(action.text_of("TargetGroupArn").to_owned(), 1);
        }
    }
    all
}

/// Address and port of a target.
pub fn target(described: &Element) -> Option<(String, i64)> {
    let target = described.child("Target")?;
    Some((target.text_of("Id").to_owned(), target.text_of("Port").parse().ok()?))
}

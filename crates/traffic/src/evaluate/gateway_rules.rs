//! Which rule of a route of the Gateway API a request belongs to: the most special one.

use super::Request;
use super::texts::{all_matches, is_below};
use serde_json::Value;
use std::cmp::Reverse;

/// How special a match is, in the order of importance: a whole path, an expression for it, its length, a method, the
/// number of headers, the number of parameters.
pub type Rank = (u8, usize, bool, usize, usize);

/// The rank of the first of equally special matches of a rule; `None` when none matches. A rule without matches is for
/// all.
pub fn rank(rule: &Value, request: &Request, is_grpc: bool) -> Option<Rank> {
    let anything = Value::Null;
    let matches = rule["matches"].as_array().filter(|all| !all.is_empty());
    let matches: Vec<&Value> = matches.map_or_else(|| vec![&anything], |all| all.iter().collect());
    matches
        .into_iter()
        .filter_map(|m| if is_grpc { grpc(m, request) } else { http(m, request) })
        .min_by_key(|r| Reverse(*r))
}

fn http(m: &Value, request: &Request) -> Option<Rank> {
    let (path, length) = path_rank(&m["path"], &request.path)?;
    let method = match m["method"].as_str() {
        Some(method) if method != request.method => return None,
        method => method.is_some(),
    };
    let headers = named(&m["headers"], |name| request.header(name))?;
    let parameters = named(&m["queryParams"], |name| request.parameter(name).map(str::to_string))?;
    Some((path, length, method, headers, parameters))
}

/// The path of a call is `/service/method`.
fn grpc(m: &Value, request: &Request) -> Option<Rank> {
    let mut parts = request.path.trim_start_matches('/').splitn(2, '/');
    let (service, method) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let wanted = &m["method"];
    let is = |wanted: &Value, text: &str, is_regex: bool| match wanted.as_str() {
        Some(wanted) if is_regex => all_matches(wanted, text),
        Some(wanted) => wanted == text,
        None => true,
    };
    let is_regex = wanted["type"] == "RegularExpression";
    if !is(&wanted["service"], service, is_regex) || !is(&wanted["method"], method, is_regex) {
        return None;
    }
    let length = |field: &str| wanted[field].as_str().unwrap_or_default().len();
    let headers = named(&m["headers"], |name| request.header(name))?;
    Some((0, length("service"), length("method") > 0, headers, 0))
}

fn path_rank(path: &Value, text: &str) -> Option<(u8, usize)> {
    let value = path["value"].as_str().unwrap_or("/");
    let (rank, fits) = match path["type"].as_str().unwrap_or("PathPrefix") {
        "Exact" => (2, value == text),
        // How special it is every product says for itself; most agree on this.
        "RegularExpression" => (1, all_matches(value, text)),
        _ => (0, is_below(value, text)),
    };
    fits.then_some((rank, value.len()))
}

/// How many there are, if all of them hold.
fn named(list: &Value, text: impl Fn(&str) -> Option<String>) -> Option<usize> {
    let list = list.as_array().map_or(&[][..], |all| all);
    let holds = list.iter().all(|wanted| {
        let value = wanted["value"].as_str().unwrap_or_default();
        text(wanted["name"].as_str().unwrap_or_default()).is_some_and(|text| match wanted["type"].as_str() {
            Some("RegularExpression") => all_matches(value, &text),
            _ => text == value,
        })
    });
    holds.then_some(list.len())
}

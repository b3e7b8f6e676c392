//! Requests to make up: of anybody, and of those whom the steps of the Rollout tell apart.

use rollouts_api::rollout::CanaryStep;
use rollouts_traffic::evaluate::Request;
use rollouts_traffic::{Block, Managed, Matches, Objects, Pattern};
use serde_json::Value;

/// A request, and whose it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Sample {
    /// In words, such as `with the cookie tester=always`.
    pub whose: String,
    /// What is sent.
    pub request: Request,
}

/// Requests that may be for the Rollout: for every host and path that the objects name. One that they answer is for it.
pub fn entries(objects: &Objects) -> Vec<Request> {
    let (mut hosts, mut paths) = (vec![String::new()], vec!["/".to_owned()]);
    objects.iter().for_each(|(_, object)| collect(&object["spec"], &mut hosts, &mut paths));
    let with = |host: &String| paths.iter().map(|path| to(host, path)).collect::<Vec<_>>();
    hosts.iter().flat_map(with).collect()
}

fn to(host: &str, path: &str) -> Request {
    Request { method: "GET".into(), host: host.into(), path: path.into(), ..Request::default() }
}

/// Hosts and paths, wherever they stand in an object.
fn collect(value: &Value, hosts: &mut Vec<String>, paths: &mut Vec<String>) {
    let add = |list: &mut Vec<String>, text: &str| {
        if !text.is_empty() && !list.iter().any(|known| known == text) {
            list.push(text.to_owned());
        }
    };
    let texts = |value: &Value| -> Vec<String> {
        let many = value.as_array().into_iter().flatten();
        std::iter::once(value).chain(many).filter_map(Value::as_str).map(str::to_owned).collect()
    };
    for (key, value) in value.as_object().into_iter().flatten() {
        match key.as_str() {
            "host" | "hosts" | "hostname" | "hostnames" => {
                texts(value).iter().for_each(|host| add(hosts, &host.replacen("*.", "www.", 1)));
            }
            "path" | "paths" | "prefix" => texts(value).iter().for_each(|path| add(paths, path.trim_end_matches('*'))),
            // A rule of Traefik.
            "match" => {
                let quoted = value.as_str().into_iter().flat_map(|rule| rule.split("Host(`").skip(1));
                quoted.filter_map(|rest| rest.split_once('`')).for_each(|(host, _)| add(hosts, host));
            }
            _ => {}
        }
        collect(value, hosts, paths);
    }
    value.as_array().into_iter().flatten().for_each(|value| collect(value, hosts, paths));
}

/// Requests that are like `entry`, but for those whom steps tell apart. What a regular expression asks for is not made up.
pub fn samples(steps: &[CanaryStep], entry: &Request) -> Vec<Sample> {
    let header = steps.iter().filter_map(|step| Managed::header(step.set_header_route.as_ref()?));
    let mirror = steps.iter().filter_map(|step| Managed::mirror(step.set_mirror_route.as_ref()?));
    let mut samples: Vec<Sample> = Vec::new();
    for sample in header.chain(mirror).filter_map(|route| sample(&route.matches, entry)) {
        if !samples.contains(&sample) {
            samples.push(sample);
        }
    }
    samples
}

/// A request that matches.
fn sample(matches: &Matches, entry: &Request) -> Option<Sample> {
    let block = match matches {
        // Some routers ask for all of them.
        Matches::Headers(headers) => Block { headers: headers.clone(), ..Block::default() },
        Matches::AnyOf(blocks) => blocks.first()?.clone(),
    };
    let mut request = entry.clone();
    let mut words = Vec::new();
    if let Some(method) = &block.method {
        request.method = plain(method)?;
        words.push(request.method.clone());
    }
    if let Some(path) = &block.path {
        request.path = plain(path)?;
        words.push(format!("to {}", request.path));
    }
    let named = |list: &[(String, Pattern)]| -> Option<Vec<(String, String)>> {
        list.iter().map(|(name, pattern)| Some((name.clone(), plain(pattern)?))).collect()
    };
    request.headers = named(&block.headers)?;
    request.cookies = named(&block.cookies)?;
    request.query = named(&block.query_params)?;
    words.extend(request.headers.iter().map(|(name, value)| format!("with the header {name}: {value}")));
    words.extend(request.cookies.iter().map(|(name, value)| format!("with the cookie {name}={value}")));
    words.extend(request.query.iter().map(|(name, value)| format!("with the parameter {name}={value}")));
    Some(Sample { whose: words.join(", "), request })
}

/// A text that matches; none for a regular expression.
fn plain(pattern: &Pattern) -> Option<String> {
    match pattern {
        Pattern::Exact(text) | Pattern::Prefix(text) => Some(text.clone()),
        Pattern::Regex(_) => None,
    }
}

//! What a Mapping matches, made narrower.
//!
//! Of two Mappings the one with the longer prefix comes first, then the one that says more about headers; `precedence`
//! would come before both, and so before Mappings of others.

use crate::{Block, Pattern, regex};
use serde_json::{Map, Value};

/// Fields that say which requests a Mapping is for.
const MATCHING: [&str; 8] = [
    "prefix",
    "prefix_exact",
    "method",
    "method_regex",
    "headers",
    "regex_headers",
    "query_parameters",
    "regex_query_parameters",
];

pub type Spec = Map<String, Value>;

/// What no Mapping can say, in a sentence.
pub fn refuses(block: &Block) -> Option<String> {
    if matches!(block.path, Some(Pattern::Regex(_))) {
        return Some("Ambassador cannot match on a regular expression for the path besides a prefix".into());
    }
    if block.cookies.len() > regex::MAX_COOKIES {
        return Some(format!("Ambassador cannot match on more than {} cookies at once", regex::MAX_COOKIES));
    }
    let mut names: Vec<String> = block.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.extend((!block.cookies.is_empty()).then(|| "cookie".to_string()));
    let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
    twice.map(|(_, name)| format!("Ambassador cannot match twice on the header {name}"))
}

/// What a Mapping has in common with a block.
#[derive(Debug, PartialEq)]
pub enum Common {
    /// No request.
    Nothing,
    /// Those of this spec.
    Part(Spec),
    /// All of the Mapping's requests.
    Everything,
}

/// Those of its requests that the block is for.
///
/// # Errors
/// When it cannot be said.
pub fn narrowed(base: &Spec, block: &Block) -> Result<Common, String> {
    if let Some(error) = refuses(block) {
        return Err(error);
    }
    let mut spec = base.clone();
    for (name, pattern) in &block.headers {
        add(&mut spec, "headers", name, pattern)?;
    }
    if !block.cookies.is_empty() {
        put(&mut spec, "headers", "Cookie", Err(regex::cookies(&block.cookies)))?;
    }
    for (name, pattern) in &block.query_params {
        add(&mut spec, "query_parameters", name, pattern)?;
    }
    let is_possible = method(&mut spec, block.method.as_ref())? && path(&mut spec, block.path.as_ref())?;
    Ok(match is_possible {
        false => Common::Nothing,
        true if MATCHING.iter().all(|field| spec.get(*field) == base.get(*field)) => Common::Everything,
        true => Common::Part(spec),
    })
}

fn add(spec: &mut Spec, field: &str, name: &str, pattern: &Pattern) -> Result<(), String> {
    let value = match pattern {
        Pattern::Exact(value) => Ok(value.clone()),
        _ => Err(regex::of(pattern)),
    };
    put(spec, field, name, value)
}

/// Adds an exact value, or (`Err`) a regular expression, of what is not mentioned yet.
fn put(spec: &mut Spec, field: &str, name: &str, value: Result<String, String>) -> Result<(), String> {
    let regex_field = format!("regex_{field}");
    let is_same = |other: &str| match field {
        "headers" => other.eq_ignore_ascii_case(name),
        _ => other == name,
    };
    for field in [field, regex_field.as_str()] {
        match spec.get(field) {
            Some(Value::Object(there)) if there.keys().any(|other| is_same(other)) => {
                return Err(format!("{field} has {name} already"));
            }
            None | Some(Value::Null | Value::Object(_)) => {}
            Some(_) => return Err(format!("{field} is not a map")),
        }
    }
    let (field, value) = match value {
        Ok(value) => (field, value),
        Err(regex) => (regex_field.as_str(), regex),
    };
    let mut map = spec.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
    map.insert(name.into(), value.into());
    spec.insert(field.into(), map.into());
    Ok(())
}

/// Whether any method is left.
fn method(spec: &mut Spec, wanted: Option<&Pattern>) -> Result<bool, String> {
    let Some(pattern) = wanted else { return Ok(true) };
    match (spec.get("method").and_then(Value::as_str), pattern) {
        (None, Pattern::Exact(method)) => drop(spec.insert("method".into(), method.as_str().into())),
        (None, _) => {
            spec.insert("method".into(), regex::of(pattern).into());
            spec.insert("method_regex".into(), true.into());
        }
        (Some(_), _) if spec.get("method_regex") == Some(&true.into()) => {
            return Err("method is a regular expression already".into());
        }
        (Some(there), Pattern::Exact(method)) => return Ok(there == method),
        (Some(there), Pattern::Prefix(prefix)) => return Ok(there.starts_with(prefix.as_str())),
        (Some(_), Pattern::Regex(_)) => return Err("method is given already".into()),
    }
    Ok(true)
}

/// Whether any path is left.
fn path(spec: &mut Spec, wanted: Option<&Pattern>) -> Result<bool, String> {
    let Some(pattern) = wanted else { return Ok(true) };
    let (Pattern::Exact(wanted) | Pattern::Prefix(wanted) | Pattern::Regex(wanted)) = pattern;
    let is_exact = matches!(pattern, Pattern::Exact(_));
    if spec.get("prefix_regex") == Some(&true.into()) {
        return Err("prefix is a regular expression already".into());
    }
    let Some(there) = spec.get("prefix").and_then(Value::as_str).map(str::to_string) else {
        return Err("prefix is missing".into());
    };
    if spec.get("prefix_exact") == Some(&true.into()) {
        return Ok(if is_exact { there == *wanted } else { there.starts_with(wanted.as_str()) });
    }
    let Some(rest) = wanted.strip_prefix(there.as_str()) else {
        return Ok(!is_exact && there.starts_with(wanted.as_str()));
    };
    // What takes the place of the prefix, `/` if nothing is said, takes that of the longer one, with what it is longer by.
    let rewrite = match spec.get("rewrite") {
        None | Some(Value::Null) => "/",
        Some(rewrite) => rewrite.as_str().ok_or("rewrite is not a text")?,
    };
    if !rewrite.is_empty() && !spec.contains_key("regex_rewrite") && !rest.is_empty() {
        let rewrite = format!("{rewrite}{rest}");
        spec.insert("rewrite".into(), rewrite.into());
    }
    spec.insert("prefix".into(), wanted.as_str().into());
    if is_exact {
        spec.insert("prefix_exact".into(), true.into());
    }
    Ok(true)
}

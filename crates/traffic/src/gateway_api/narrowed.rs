//! The matches of several rules for fewer requests.

use super::routes::RouteKind;
use super::{grpc, matches};
use crate::Matches;
use serde_json::{Value, json};

/// How much a match asks for. Of two that fit, gateways take the one that asks for more: an exact path before a prefix, a
/// longer one before a shorter one, then a method, then more headers, then more parameters of the query.
type Rank = [usize; 6];

/// The matches of each rule for those requests that a managed route is for. A path takes the place of the rule's own, so
/// that the same may come of several rules: then it belongs to the one that had such requests.
///
/// # Errors
/// Which rule, and why it cannot be said.
pub fn narrowed(kind: RouteKind, rules: &[Value], wanted: &Matches) -> Result<Vec<Vec<Value>>, (usize, String)> {
    let of_rule = |(i, rule): (usize, &Value)| one(kind, rule, wanted).map_err(|error| (i, error));
    let all = rules.iter().enumerate().map(of_rule).collect::<Result<Vec<_>, _>>()?;
    let belongs = |new: &Value, rank: &Rank, i: usize| {
        all.iter().enumerate().filter(|(other, _)| *other != i).all(|(other, matches)| {
            let mut same = matches.iter().filter(|(theirs, _)| theirs == new);
            same.all(|(_, theirs)| theirs < rank || theirs == rank && i < other)
        })
    };
    let kept = |(i, matches): (usize, &Vec<(Value, Rank)>)| {
        matches.iter().filter(|(new, rank)| belongs(new, rank, i)).map(|(new, _)| new.clone()).collect()
    };
    Ok(all.iter().enumerate().map(kept).collect())
}

/// With the rank of what each was made of.
fn one(kind: RouteKind, rule: &Value, wanted: &Matches) -> Result<Vec<(Value, Rank)>, String> {
    let everything = [json!({})];
    let matches = rule["matches"].as_array().filter(|matches| !matches.is_empty());
    let matches = matches.map_or(&everything[..], Vec::as_slice);
    match kind {
        RouteKind::Grpc => each(matches, &grpc::alternatives(wanted)?, grpc::both),
        _ => each(matches, &matches::alternatives(wanted)?, matches::both),
    }
}

fn each<C>(
    matches: &[Value],
    alternatives: &[C],
    both: impl Fn(&Value, &C) -> Result<Option<Value>, String>,
) -> Result<Vec<(Value, Rank)>, String> {
    let mut all: Vec<(Value, Rank)> = Vec::new();
    for source in matches {
        for conditions in alternatives {
            let Some(new) = both(source, conditions)? else { continue };
            let rank = rank(source);
            match all.iter_mut().find(|(other, _)| *other == new) {
                Some((_, other)) => *other = rank.max(*other),
                None => all.push((new, rank)),
            }
        }
    }
    Ok(all)
}

fn rank(of: &Value) -> Rank {
    let text = |value: &Value| value.as_str().map_or(0, str::len);
    let many = |field: &str| of[field].as_array().map_or(0, Vec::len);
    let (path, method) = (&of["path"], &of["method"]);
    let kind = match path["type"].as_str() {
        Some("Exact") => 2,
        Some("RegularExpression") => 0,
        _ => 1,
    };
    let called = text(&method["service"]) + text(&method["method"]);
    [kind, text(&path["value"]), usize::from(method.is_string()), called, many("headers"), many("queryParams")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Pattern};

    #[test]
    fn what_comes_of_several_rules_belongs_to_the_one_that_had_it() {
        let path = |kind: &str, value: &str| json!({ "path": { "type": kind, "value": value } });
        let rules = [
            json!({ "matches": [path("PathPrefix", "/")] }),
            json!({ "matches": [path("PathPrefix", "/shop"), path("PathPrefix", "/shop/a")] }),
            json!({}),
        ];
        let block = Block { path: Some(Pattern::Exact("/shop/a".into())), ..Block::default() };
        let narrowed_by = |block| narrowed(RouteKind::Http, &rules, &Matches::AnyOf(vec![block]));
        let expected = [vec![], vec![path("Exact", "/shop/a")], vec![]];
        assert_eq!(narrowed_by(block), Ok(expected.to_vec()));
        let block = Block { headers: vec![("a".into(), Pattern::Exact("1".into()))], ..Block::default() };
        let counts = narrowed_by(block).map(|all| all.iter().map(Vec::len).collect::<Vec<_>>());
        assert_eq!(counts, Ok(vec![1, 2, 1]));
    }
}

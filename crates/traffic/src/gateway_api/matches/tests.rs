use super::*;

fn exact(text: &str) -> Pattern {
    Pattern::Exact(text.into())
}

fn any_of(block: Block) -> Matches {
    Matches::AnyOf(vec![block])
}

fn on(source: Value, block: Block) -> Vec<Result<Option<Value>, String>> {
    let alternatives = alternatives(&any_of(block)).expect("it can be expressed");
    alternatives.iter().map(|conditions| both(&source, conditions)).collect()
}

#[test]
fn everything_is_added() {
    let block = Block {
        method: Some(exact("GET")),
        path: Some(exact("/a")),
        headers: vec![("x".into(), Pattern::Prefix("1.".into()))],
        cookies: vec![("tester".into(), exact("yes"))],
        query_params: vec![("v".into(), Pattern::Regex("[12]".into()))],
    };
    let source = json!({
        "path": { "type": "PathPrefix", "value": "/" },
        "headers": [{ "name": "y", "value": "2" }],
    });
    let expected = json!({
        "method": "GET",
        "path": { "type": "Exact", "value": "/a" },
        "headers": [
            { "name": "y", "value": "2" },
            { "type": "RegularExpression", "name": "x", "value": r"^1\..*" },
            { "type": "RegularExpression", "name": "cookie", "value": "^(?:.*; *)?tester=yes *(?:;.*)?$" },
        ],
        "queryParams": [{ "type": "RegularExpression", "name": "v", "value": "^(?:[12])$" }],
    });
    assert_eq!(on(source, block), [Ok(Some(expected))]);
}

#[test]
fn a_prefix_of_methods_is_several_matches() {
    let block = Block { method: Some(Pattern::Prefix("P".into())), ..Block::default() };
    let methods = ["POST", "PUT", "PATCH"].map(|method| Ok(Some(json!({ "method": method }))));
    assert_eq!(on(json!({}), block.clone()), methods);
    let post = json!({ "method": "POST", "headers": [] });
    let same = "asks for all that the route does, so the one cannot come before the other";
    assert_eq!(on(post, block), [Err(same.into()), Ok(None), Ok(None)]);
}

#[test]
fn one_name_has_one_condition() {
    let block =
        |pattern| Block { headers: vec![("X-Vip".into(), pattern)], method: Some(exact("GET")), ..Block::default() };
    let source = json!({ "headers": [{ "name": "x-vip", "value": "1" }] });
    let same = json!({ "headers": [{ "name": "x-vip", "value": "1" }], "method": "GET" });
    assert_eq!(on(source.clone(), block(exact("1"))), [Ok(Some(same))]);
    assert_eq!(on(source.clone(), block(exact("2"))), [Ok(None)], "contradiction");
    let twice = "matches on X-Vip already, and a match can do so only once";
    assert_eq!(on(source, block(Pattern::Prefix("1".into()))), [Err(twice.into())]);
    let many: Vec<Value> = (0..16).map(|i| json!({ "name": format!("h{i}"), "value": "1" })).collect();
    let full = "would have 17 headers, and no more than 16 are allowed";
    assert_eq!(on(json!({ "headers": many }), block(exact("1"))), [Err(full.into())]);
}

#[test]
fn upstreams_form_asks_for_all_headers() {
    let headers = vec![("a".into(), exact("1")), ("b".into(), Pattern::Regex("x|y".into()))];
    let alternatives = alternatives(&Matches::Headers(headers)).expect("it can be expressed");
    let expected = json!({ "headers": [
        { "type": "Exact", "name": "a", "value": "1" },
        { "type": "RegularExpression", "name": "b", "value": "x|y" },
    ] });
    assert_eq!(alternatives.iter().map(|c| both(&json!({}), c)).collect::<Vec<_>>(), [Ok(Some(expected))]);
}

#[test]
fn what_cannot_be_expressed_is_refused() {
    let refused = |block: Block| alternatives(&any_of(block)).expect_err("refused");
    let cookies = |n: usize| (0..n).map(|i| (format!("c{i}"), exact("1"))).collect::<Vec<_>>();
    let method = Block { method: Some(Pattern::Regex("G".into())), ..Block::default() };
    assert_eq!(refused(method), "Gateway API cannot match methods by regular expression");
    let method = Block { method: Some(exact("get")), ..Block::default() };
    assert_eq!(refused(method), "Gateway API knows no method \"get\"");
    let twice = Block { headers: vec![("x".into(), exact("1")), ("X".into(), exact("2"))], ..Block::default() };
    assert_eq!(refused(twice), "Gateway API cannot match twice on the header X");
    let both = Block { headers: vec![("Cookie".into(), exact("1"))], cookies: cookies(1), ..Block::default() };
    assert_eq!(refused(both), "Gateway API cannot match on the header cookie and on a cookie at once");
    let many = Block { cookies: cookies(4), ..Block::default() };
    assert_eq!(refused(many), "Gateway API cannot match on more than 3 cookies at once");
    let header = Block { headers: vec![("a b".into(), exact("1"))], ..Block::default() };
    assert_eq!(refused(header), "Gateway API cannot match on a header with the name \"a b\"");
    let query = Block { query_params: vec![("a[]".into(), exact("1"))], ..Block::default() };
    assert_eq!(refused(query), "Gateway API cannot match on a parameter of the query with the name \"a[]\"");
    assert_eq!(refused(Block::default()), NOTHING);
    assert_eq!(alternatives(&Matches::Headers(Vec::new())), Err(NOTHING.into()));
}

//! Nothing that someone may write makes the evaluator panic, overflow its stack, or work without end.

use proptest::prelude::*;
use rollouts_api::Clock;
use rollouts_expr::{Evaluator, Expr, Value, limits, measure};
use std::collections::BTreeMap;

fn expr() -> Expr {
    Expr::new(Clock::new(|| "2026-01-02T03:04:05Z".parse().expect("a time")))
}

fn document() -> Value {
    let json = r#"{"a":1,"f":1.5,"s":"v1.2.3","b":true,"n":null,"arr":[3,1,2],"objs":[{"v":1},{"v":"x"}],"é":[[]]}"#;
    serde_json::from_str::<serde_json::Value>(json).expect("JSON").into()
}

fn why(source: &str, result: &Value) -> String {
    expr().condition(source, result).expect_err(source).to_string()
}

/// Pieces of the language, and pieces that are none.
const PIECES: &[&str] = &[
    "result",
    "result.a",
    "result.arr",
    "result.s",
    "result.n",
    "result.objs",
    ".v",
    "#",
    "#acc",
    "#index",
    "1",
    "0",
    "-1",
    "2.5",
    "1e308",
    "\"x\"",
    "'é'",
    "`r`",
    "b'\\xff'",
    "true",
    "false",
    "nil",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ";",
    "?",
    "?.",
    "??",
    ".",
    "..",
    "|",
    "||",
    "&&",
    "or",
    "and",
    "not",
    "!",
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "in",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "^",
    "let x =",
    "x",
    "if",
    "else",
    "all(",
    "map(",
    "filter(",
    "reduce(",
    "sortBy(",
    "groupBy(",
    "sum(",
    "count(",
    "find(",
    "len(",
    "max(",
    "median(",
    "sort(",
    "join(",
    "split(",
    "repeat(",
    "fromJSON(",
    "toJSON(",
    "date(",
    "duration(\"1h\")",
    "now()",
    "timezone(\"Asia/Tokyo\")",
    ".Year()",
    ".Format(",
    ".AddDate(",
    "asInt(",
    "asFloat(",
    "isNaN(",
    "default(",
    "get(",
    "take(",
    "flatten(",
    "uniq(",
    "fromPairs(",
    "bitshl(",
    "int(",
    "float(",
    "string(",
    "$env",
    "::",
    "=",
    "&",
    "@",
    "\\",
    "\"",
    "'",
    "/*",
    "*/",
    "//",
    "\n",
    "0x",
    "1_",
    "é",
    "\u{0}",
    "9223372036854775807",
    "\"(\"",
    "\"a{9}{9}\"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn soups_of_pieces(picks in proptest::collection::vec(0..PIECES.len(), 0..25), spaced: bool) {
        let pieces: Vec<&str> = picks.into_iter().map(|pick| PIECES[pick]).collect();
        let source = pieces.join(if spaced { " " } else { "" });
        for result in [document(), Value::Float(7.0), Value::Floats(vec![1.0, f64::NAN]), Value::Nil, Value::String("é".into())] {
            drop(measure(&expr(), &source, "", &result));
        }
    }

    #[test]
    fn any_text(source in "\\PC{0,40}") {
        drop(measure(&expr(), &source, "", &document()));
        drop(expr().time(&source, "2026-01-02T03:04:05Z".parse().expect("a time")));
    }

    #[test]
    fn patterns(pattern in "[a-z0-9(){}\\[\\]|*+?^$.,:=<>!#&~\\\\pPdDwQE é-]{0,20}") {
        let source = format!("result.s matches \"{}\"", pattern.replace('\\', "\\\\"));
        drop(expr().condition(&source, &document()));
    }

    #[test]
    fn layouts(layout in "[0-9A-Za-z_ :.,+-]{0,20}", text in "[0-9A-Za-z :.,+-]{0,20}") {
        drop(expr().condition(&format!("date(\"{text}\", \"{layout}\") == nil"), &Value::Nil));
        let printed = format!("date(\"2023-08-14T10:11:12.5Z\").Format(\"{layout}\") == nil");
        prop_assert_eq!(expr().condition(&printed, &Value::Nil), Ok(false));
    }
}

/// Every beginning of every recorded condition.
#[test]
fn truncations() {
    let conditions: std::collections::BTreeSet<&str> =
        include_str!("expressions.tsv").lines().skip(1).filter_map(|row| row.split('\t').nth(1)).collect();
    for condition in conditions {
        for (end, _) in condition.char_indices() {
            drop(expr().condition(&condition[..end], &document()));
        }
    }
}

#[test]
fn length_nodes_and_depth_are_bounded() {
    let seven = Value::Float(7.0);
    let long = " ".repeat(limits::MAX_SOURCE);
    assert_eq!(why(&format!("{long}1"), &seven), "expression exceeds maximum length of 65536 bytes");
    let many = format!("[{}]", "1,".repeat(limits::MAX_NODES));
    assert_eq!(why(&many, &seven), "compilation failed: expression exceeds maximum allowed nodes");
    // What stands for two is written once.
    for (open, close) in [("1 < (", ") < 2"), ("(", " ?: true)")] {
        let doubled = format!("{}true{}", open.repeat(16), close.repeat(16));
        assert_eq!(why(&doubled, &seven), "compilation failed: expression exceeds maximum allowed nodes", "{doubled}");
    }
    let deep = "expression is nested too deeply";
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{a: ", "}"), ("!", ""), ("-", ""), ("result[", "]"), ("abs(", ")"), ("1 + (", ")")]
    {
        for times in [limits::MAX_DEPTH, 5_000] {
            assert_eq!(why(&format!("{}1{}", open.repeat(times), close.repeat(times)), &seven), deep, "{open}");
        }
        // What is allowed fits a small stack.
        drop(expr().condition(&format!("{}1{}", open.repeat(35), close.repeat(35)), &seven));
    }
    for (first, more) in [
        ("1", " + 1"),
        ("true", " and true"),
        ("result", ".a"),
        ("result", "?.a"),
        ("result", "[0]"),
        ("1", " | abs()"),
        ("1", " < 1"),
        ("true", " ? 1 : 2"),
        ("1", " ?? 1"),
        ("2", " ** 2"),
    ] {
        assert_eq!(why(&format!("{first}{}", more.repeat(5_000)), &seven), deep, "{more}");
        drop(expr().condition(&format!("{first}{}", more.repeat(70)), &seven));
    }
    for nested in ["if true {", "let x = ", "map([1], {", "all([1], any([1], "] {
        assert!(expr().condition(&nested.repeat(5_000), &seven).is_err());
    }
}

#[test]
fn memory_is_bounded() {
    let nil = Value::Nil;
    for source in [
        "len(1..1000000000) > 0",
        "len(-9223372036854775807..9223372036854775807) > 0",
        "len(repeat('a', 1000000000)) > 0",
        "len(repeat(repeat('a', 900000), 900000)) > 0",
        "len(map(1..100000, 1..1000)) > 0",
        "len(reduce(1..1000000, concat(#acc, #acc), [1])) > 0",
        "len(reduce(1..900000, #acc + #acc, 'aaaa')) > 0",
        "len(reduce(1..100, replace(#acc, 'a', 'aaaa'), 'a')) > 0",
        "len(reduce(1..100, toJSON(#acc), 'a')) > 0",
        // Lists that share their elements are larger than they look.
        "string(reduce(1..60, [#acc, #acc], 1)) == ''",
        "toJSON(reduce(1..60, [#acc, #acc], 1)) == ''",
        "toJSON(reduce(1..150, [#acc, #acc], 1)) == ''",
    ] {
        assert_eq!(why(source, &nil), "memory budget exceeded", "{source}");
    }
}

#[test]
fn work_is_bounded() {
    let nil = Value::Nil;
    let steps = "expression takes more than 2000000 steps";
    for source in [
        "all(1..10000, all(1..10000, true))",
        "let x = 1..100000; all(x, -1 not in x)",
        "let x = 1..100000; len(uniq(x)) > 0",
        "let x = repeat('a', 900000); all(1..900000, x contains 'b')",
        "let x = repeat('a', 900000); all(1..900000, x matches '(a*)*b')",
        "let x = 1..400000; all(x, x == x)",
        "let x = reduce(1..60, [#acc, #acc], 1); let y = reduce(1..60, [#acc, #acc], 1); x == y",
        "max(reduce(1..60, [#acc, #acc], 1)) > 1",
        "len(flatten(reduce(1..60, [#acc, #acc], 1))) > 1",
    ] {
        let said = why(source, &nil);
        assert!(said == steps || said == "memory budget exceeded", "{source}: {said}");
    }
}

#[test]
fn messages_are_bounded() {
    for source in [
        "asInt(reduce(1..60, [#acc, #acc], 1)) > 1",
        "asInt(repeat('a', 900000)) > 1",
        "fromPairs([reduce(1..60, [#acc, #acc], 1)]) == nil",
    ] {
        let said = why(source, &Value::Nil);
        assert!(said.len() <= limits::MAX_MESSAGE, "{source}: {}", said.len());
    }
}

#[test]
fn patterns_are_bounded() {
    let large = "error parsing regexp: expression too large";
    let text = Value::String("x".to_owned());
    assert_eq!(why(r"result matches '((\\pL{100}){100}){100}'", &text), large);
    let many = "expression has more than 64 regular expressions";
    assert_eq!(why(&vec!["result matches 'a'"; 65].join(" or "), &text), many);
    assert_eq!(why("all(1..1000, not (result matches string(#)))", &text), many);
}

#[test]
fn nesting_of_values_is_bounded() {
    let nil = Value::Nil;
    let deep = "value is nested deeper than 200 levels";
    for source in [
        "reduce(1..100000, [#acc]) == nil",
        "reduce(1..100000, {{a: #acc}}) == nil",
        "string(reduce(1..100000, [#acc])) == nil",
        "reduce(1..100000, toPairs({a: #acc})) == nil",
        "reduce(1..100000, fromPairs([['a', #acc]])) == nil",
        "reduce(1..100000, groupBy([#acc], 1)) == nil",
    ] {
        assert_eq!(why(source, &nil), deep, "{source}");
    }
    // What a provider delivers may be nested as JSON may, and is compared, printed and flattened all the same.
    let nested = (0..120).fold(Value::Float(1.0), |inner, at| match at % 2 {
        0 => Value::List(vec![inner]),
        _ => Value::Map(BTreeMap::from([("a".to_owned(), inner)])),
    });
    for source in ["result == result", "string(result) != ''", "toJSON(result) != ''", "result in [result]"] {
        assert_eq!(expr().condition(source, &nested), Ok(true), "{source}");
    }
}

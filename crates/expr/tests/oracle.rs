//! Another implementation of the language must agree on random expressions that are well typed. What it reads or does
//! otherwise than Go is not written: `let` in parentheses, doubled signs, `\u` escapes, indices beyond the end, NaN,
//! texts made of floats, nil in comparisons.

use expr::{Context, Environment};
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use rollouts_api::Clock;
use rollouts_expr::{Evaluator, Expr, Value};
use std::collections::BTreeMap;

/// The same result for both: numbers are floats, as JSON delivers them.
const NUMBERS: &[(&str, f64)] = &[("a", 1.0), ("f", 1.5), ("z", 0.0)];
const LIST: [f64; 4] = [3.0, 1.0, 2.0, 2.0];
const TEXT: &str = "v1.2.3";

fn ours() -> Value {
    let mut map: BTreeMap<String, Value> =
        NUMBERS.iter().map(|(name, number)| ((*name).to_owned(), Value::Float(*number))).collect();
    map.insert("arr".to_owned(), Value::List(LIST.map(Value::Float).to_vec()));
    map.insert("s".to_owned(), Value::String(TEXT.to_owned()));
    map.insert("b".to_owned(), Value::Bool(true));
    Value::Map(map)
}

fn theirs() -> Context {
    let mut context = Context::default();
    let mut map: expr::Value = expr::Value::Map(Default::default());
    if let expr::Value::Map(map) = &mut map {
        for (name, number) in NUMBERS {
            map.insert((*name).to_owned(), (*number).into());
        }
        map.insert("arr".to_owned(), expr::Value::Array(LIST.map(expr::Value::Float).to_vec()));
        map.insert("s".to_owned(), TEXT.into());
        map.insert("b".to_owned(), true.into());
    }
    context.insert("result".to_owned(), map);
    context
}

fn choice(texts: &'static [&'static str]) -> BoxedStrategy<String> {
    proptest::sample::select(texts).prop_map(str::to_owned).boxed()
}

/// `parts` joined into `pattern`, in which each `$` stands for the next of them.
fn fill(pattern: &'static str, parts: Vec<BoxedStrategy<String>>) -> BoxedStrategy<String> {
    parts
        .prop_map(move |parts| {
            let mut pieces = pattern.split('$');
            let mut out = pieces.next().unwrap_or_default().to_owned();
            for (part, piece) in parts.iter().zip(pieces) {
                out.push_str(part);
                out.push_str(piece);
            }
            out
        })
        .boxed()
}

fn integer(depth: u32) -> BoxedStrategy<String> {
    let leaf = choice(&["0", "1", "2", "7", "-3", "0x1F", "100"]);
    if depth == 0 {
        return leaf;
    }
    let (n, l, t) = (|| integer(depth - 1), || list(depth - 1), || text(depth - 1));
    prop_oneof![
        leaf,
        fill("($ + $)", vec![n(), n()]),
        fill("($ - $)", vec![n(), n()]),
        fill("($ * $)", vec![n(), n()]),
        fill("($ % 5)", vec![n()]),
        fill("abs($)", vec![n()]),
        fill("len($)", vec![prop_oneof![l(), t()].boxed()]),
        fill("count($, # > 1)", vec![l()]),
        fill("indexOf($, $)", vec![t(), t()]),
        fill("bitand($, $)", vec![n(), n()]),
        fill("bitxor($, $)", vec![n(), n()]),
        fill("($ ? $ : $)", vec![condition(depth - 1), n(), n()]),
    ]
    .boxed()
}

fn number(depth: u32) -> BoxedStrategy<String> {
    let leaf = choice(&["0", "1", "2.5", "0.5", "1e3", "result.a", "result.f", "result.z", "result['f']"]);
    if depth == 0 {
        return leaf;
    }
    let (n, l) = (|| number(depth - 1), || list(depth - 1));
    prop_oneof![
        leaf,
        integer(depth),
        fill("($ + $)", vec![n(), n()]),
        fill("($ - $)", vec![n(), n()]),
        fill("($ * $)", vec![n(), n()]),
        fill("($ / 4)", vec![n()]),
        fill("-($)", vec![n()]),
        fill("floor($)", vec![n()]),
        fill("ceil($)", vec![n()]),
        fill("sum($)", vec![l()]),
        fill("max($, $)", vec![n(), n()]),
        fill("min($, $)", vec![n(), n()]),
        fill("reduce($, # + #acc, 0)", vec![l()]),
        fill("($ ?? $)", vec![n(), n()]),
    ]
    .boxed()
}

fn text(depth: u32) -> BoxedStrategy<String> {
    let leaf = choice(&["''", "\"a\"", "'v1'", "`.`", "result.s", "'éx'"]);
    if depth == 0 {
        return leaf;
    }
    let t = || text(depth - 1);
    prop_oneof![
        leaf,
        fill("($ + $)", vec![t(), t()]),
        fill("upper($)", vec![t()]),
        fill("lower($)", vec![t()]),
        fill("trim($)", vec![t()]),
        fill("trimPrefix($, $)", vec![t(), t()]),
        fill("replace($, 'v', $)", vec![t(), t()]),
        fill("repeat($, 2)", vec![t()]),
        fill("join(split($, '.'), $)", vec![t(), t()]),
        fill("string($)", vec![integer(depth - 1)]),
        fill("type($)", vec![number(0)]),
    ]
    .boxed()
}

fn list(depth: u32) -> BoxedStrategy<String> {
    let leaf = choice(&["[]", "[1, 2, 3]", "1..4", "result.arr", "[2.5, 1]"]);
    if depth == 0 {
        return leaf;
    }
    let l = || list(depth - 1);
    prop_oneof![
        leaf,
        fill("[$, $]", vec![number(depth - 1), number(depth - 1)]),
        fill("map($, # * 2)", vec![l()]),
        fill("map($, # + $)", vec![l(), number(depth - 1)]),
        fill("filter($, # > $)", vec![l(), number(depth - 1)]),
        fill("sort($)", vec![l()]),
        fill("reverse($)", vec![l()]),
        fill("uniq($)", vec![l()]),
        fill("concat($, $)", vec![l(), l()]),
        fill("flatten([$, $])", vec![l(), l()]),
        fill("take($, 2)", vec![l()]),
        fill("$[1:]", vec![fill("($)", vec![l()])]),
    ]
    .boxed()
}

fn condition(depth: u32) -> BoxedStrategy<String> {
    let leaf = choice(&["true", "false", "result.b", "1 < 2"]);
    if depth == 0 {
        return leaf;
    }
    let (c, n, t, l) = (|| condition(depth - 1), || number(depth - 1), || text(depth - 1), || list(depth - 1));
    prop_oneof![
        leaf,
        fill("($ == $)", vec![n(), n()]),
        fill("($ != $)", vec![n(), n()]),
        fill("($ < $)", vec![n(), n()]),
        fill("($ >= $)", vec![n(), n()]),
        fill("($ == $)", vec![t(), t()]),
        fill("($ < $)", vec![t(), t()]),
        fill("($ == $)", vec![l(), l()]),
        fill("($ and $)", vec![c(), c()]),
        fill("($ || $)", vec![c(), c()]),
        fill("not $", vec![fill("($)", vec![c()])]),
        fill("($ in $)", vec![n(), l()]),
        fill("($ not in $)", vec![n(), l()]),
        fill("($ contains $)", vec![t(), t()]),
        fill("($ startsWith $)", vec![t(), t()]),
        fill("($ endsWith $)", vec![t(), t()]),
        fill("($ matches '^[a-v0-9.]+$')", vec![t(), choice(&["$"])]),
        fill("all($, # >= $)", vec![l(), n()]),
        fill("any($, # == $)", vec![l(), n()]),
        fill("none($, {# < $})", vec![l(), n()]),
        fill("one($, # == $)", vec![l(), n()]),
        fill("($ ? $ : $)", vec![c(), c(), c()]),
        fill("hasPrefix($, $)", vec![t(), t()]),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn both_agree(source in condition(4)) {
        let expr = Expr::new(Clock::new(|| "2026-01-02T03:04:05Z".parse().expect("a time")));
        let ours = expr.condition(&source, &ours()).map_err(|why| why.to_string());
        let theirs = Environment::default().eval(&source, &theirs()).map_err(|why| why.to_string());
        prop_assert_eq!(ours, theirs.map(|value| value.as_bool() == Some(true)), "{}", source);
    }
}

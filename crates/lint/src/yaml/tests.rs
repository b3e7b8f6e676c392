use super::*;
use serde_json::{Value, json};

fn values(text: &str) -> Vec<Value> {
    documents(text).iter().map(|d| d.root.as_ref().map_or(Value::Null, Node::to_json)).collect()
}

fn problems(text: &str) -> Vec<String> {
    documents(text)
        .iter()
        .flat_map(|d| &d.problems)
        .map(|p| format!("{}:{} {}", p.at.line, p.at.column, p.go_text()))
        .collect()
}

#[test]
fn scalars_mean_what_they_mean_in_go() {
    let table = [
        ("on", json!(true)),
        ("n", json!(false)),
        ("'on'", json!("on")),
        ("~", json!(null)),
        ("x: ", json!({"x": null})),
        ("0x1F", json!(31)),
        ("010", json!(8)),
        ("0o10", json!(8)),
        ("1_000", json!(1000)),
        ("-5", json!(-5)),
        ("1.10", json!(1.1)),
        ("1e3", json!(1000.0)),
        (".5", json!(0.5)),
        ("1.2.3", json!("1.2.3")),
        ("10m", json!("10m")),
        ("-1s", json!("-1s")),
        ("-", json!([null])),
        ("2001-01-01", json!("2001-01-01")),
        (".nan", json!(".nan")),
        ("!!str 1", json!("1")),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("on: {1: a}", json!({"true": {"1": "a"}})),
        ("a: |\n  x\n  y\n", json!({"a": "x\ny\n"})),
    ];
    for (text, want) in table {
        assert_eq!(values(text), [want], "{text}");
    }
}

#[test]
fn streams() {
    assert_eq!(
        values("---\n---\n# nothing\n---\na: 1\n---\n"),
        [Value::Null, Value::Null, json!({"a": 1}), Value::Null]
    );
    assert_eq!(values("\u{feff}# Source: x\r\na: 1\r\nb: [1,\r\n 2]\r\n"), [json!({"a": 1, "b": [1, 2]})]);
    assert_eq!(
        values("{\n\t\"a\": [1, {\"b\": \"\\u00e9\\/\"}],\n\t\"c\": null\n}\n"),
        [json!({"a": [1, {"b": "é/"}], "c": null})]
    );
    assert!(values("").is_empty());
}

#[test]
fn anchors_and_merges() {
    let text = "base: &b {x: 1, w: 2}\none:\n  <<: *b\n  w: 3\nall: [*b, *b]\ntwo: {<<: [{z: 1}, *b]}\n";
    let base = json!({"x": 1, "w": 2});
    let want = json!({"base": base, "one": {"x": 1, "w": 3}, "all": [base, base], "two": {"z": 1, "x": 1, "w": 2}});
    assert_eq!(values(text), [want]);
    let mut laughs = "a0: &a0 [x, x]\n".to_string();
    for i in 1..40 {
        laughs.push_str(&format!("a{i}: &a{i} [*a{}, *a{}]\n", i - 1, i - 1));
    }
    assert!(problems(&laughs)[0].contains("document contains excessive aliasing"));
    let mut deep = "a0: &a0 [x]\n".to_string();
    for i in 1..1000 {
        deep.push_str(&format!("a{i}: &a{i} [*a{}]\n", i - 1));
    }
    assert!(problems(&deep)[0].contains("document contains excessive aliasing"));
}

#[test]
fn places() {
    let documents = documents("a:\n  b:\n  - c: 1\n    d: {e: 2}\n---\n{\"x\":\n  {\"y\": 3}}\n");
    let root = documents[0].root.as_ref().expect("a mapping");
    let item = &root.get("a").and_then(|a| a.get("b")).expect("a list").items()[0];
    let at = |line, column| Position { line, column };
    assert_eq!(item.entry("c").map(|e| (e.at, e.value.at)), Some((at(3, 5), at(3, 8))));
    let e = item.get("d").and_then(|d| d.entry("e")).map(|e| e.at);
    assert_eq!((item.at, e), (at(3, 5), Some(at(4, 9))));
    let y = documents[1].root.as_ref().and_then(|r| r.get("x")).and_then(|x| x.entry("y")).map(|e| e.at);
    assert_eq!(y, Some(at(7, 4)));
}

#[test]
fn broken_documents_do_not_hide_the_next() {
    assert_eq!(problems("a: b: c\n"), ["1:5 yaml: mapping values are not allowed in this context"]);
    let text = "a: [1\n---\nb: 1\nb: 2\n---\nc: *x\n---\nd: 4\n";
    let found = problems(text);
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(
        found[1],
        "4:1 error converting YAML to JSON: yaml: unmarshal errors:\n  line 4: key \"b\" already set in map"
    );
    assert_eq!(values(text).last(), Some(&json!({"d": 4})));
    assert_eq!(problems("a:\n\tb: 1\n").len(), 1);
    assert!(
        problems("a: {\n").first().is_some_and(|p| p.contains("did not find expected")),
        "{:?}",
        problems("a: {\n")
    );
}

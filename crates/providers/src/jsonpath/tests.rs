use super::*;
use serde_json::json;

fn data() -> Value {
    Value::from(json!({
        "a": 1, "b": {"c": "x<y>&", "d": [10, 20, 30]}, "d.e": 7, "empty": [], "nothing": null, "t": true, "neg": -0.5,
        "items": [{"n": "one", "ok": true, "v": 1}, {"n": "two", "ok": false, "v": 2.5}],
    }))
}

/// The first value as JSON, `(none)`, or `! ` and the error.
fn first(path: &str, data: &Value) -> String {
    match JsonPath::parse(path).and_then(|path| path.first(data)) {
        Ok(Some(value)) => crate::text::json(&value),
        Ok(None) => "(none)".to_owned(),
        Err(e) => format!("! {e}"),
    }
}

#[test]
fn paths() {
    let table = [
        ("{$.a}", "1"),
        ("{.a}", "1"),
        ("{ .a }", "1"),
        ("{$['b']['c']}", r#""x\u003cy\u003e\u0026""#),
        ("{$.b.d[1]}", "20"),
        ("{$.b.d[-1]}", "30"),
        ("{$.b.d[-1:]}", "30"),
        ("{$.b.d[1:3]}", "20"),
        ("{$.b.d[0:3:2]}", "10"),
        ("{$.b.d[0,2]}", "10"),
        ("{$.b.d[2,0]}", "30"),
        ("{$.items[*].n}", "\"one\""),
        ("{$..n}", "\"one\""),
        ("{..d}", "[10,20,30]"),
        ("{$.items[?(@.n==\"two\")].v}", "2.5"),
        ("{$.items[?(@.n=='two')].v}", "2.5"),
        ("{$.items[?(@.v>2.0)].n}", "\"two\""),
        ("{$.items[?(@.v<=1.0)].n}", "\"one\""),
        ("{$.items[?(@.ok==false)].n}", "\"two\""),
        ("{$.items[?(@.n)].n}", "\"one\""),
        ("{$.items[?(@.zzz)].n}", "(none)"),
        ("{$.items[?(@.n==\"three\")]}", "(none)"),
        ("{$.empty[*]}", "(none)"),
        ("{range .items[*]}{.v}{end}", "1"),
        ("{range .empty[*]}x{end}{.t}", "true"),
        ("{$.d\\.e}", "7"),
        ("{$.nothing}", "null"),
        ("{$.t}", "true"),
        ("is {$.a}", "\"is \""),
        ("$.a", "\"$.a\""),
        ("{$.empty[*]}{$.a}", "1"),
        ("{\"a\\tb\"}", "\"a\\tb\""),
        ("{5}", "5"),
        ("", "(none)"),
    ];
    for (path, want) in table {
        assert_eq!(first(path, &data()), want, "{path}");
    }
}

#[test]
fn what_is_not_there() {
    let table = [
        ("{$.zzz}", "zzz is not found"),
        ("{$.a.b}", "b is not found"),
        ("{$['d.e']}", "d is not found"),
        ("{$.nothing.x}", "x is not found"),
        ("{$.b.d[3]}", "array index out of bounds: index 3, length 3"),
        ("{$.b.d[-4]}", "array index out of bounds: index -1, length 3"),
        ("{$.b.d[1:9]}", "array index out of bounds: index 8, length 3"),
        ("{$.b.d[2:1]}", "starting index 2 is greater than ending index 1"),
        ("{$.b.d[0:2:0]}", "step must be > 0"),
        ("{$.b[0]}", "map[string]interface {} is not array or slice"),
        ("{$.a[0]}", "float64 is not array or slice"),
        ("{$.a[?(@.x==\"y\")]}", "1 is not array or slice and cannot be filtered"),
        ("{$.items[?(@.v>2)].n}", "incompatible types for comparison"),
        ("{$.items[?(@.ok>true)].n}", "invalid type for comparison"),
        ("{$.items[?(@.zzz==1.0)]}", "zzz is not found"),
        ("{$.items[?(@.v=1.0)]}", "unrecognized filter operator ="),
        ("{end}", "not in range, nothing to end"),
        ("{foo}", "unrecognized identifier foo"),
    ];
    for (path, want) in table {
        assert_eq!(first(path, &data()), format!("! {want}"), "{path}");
    }
}

#[test]
fn what_does_not_parse() {
    let table = [
        ("{$.a", "unclosed action"),
        ("{", "unclosed action"),
        ("{$.b.d[x]}", "invalid array index x"),
        ("{$.b.d[-]}", "array index - is not a number"),
        ("{$.b.d[1", "unterminated array"),
        ("{$.b[?(@.x", "unterminated filter"),
        ("{$.b[?(@.x)}", "unclosed array expect ]"),
        ("{\"x}", "unterminated quoted string"),
        ("{$....a}", "invalid multiple recursive descent"),
        ("{#}", "unrecognized character in action: U+0023 '#'"),
        ("{+}", "cannot parse number +"),
    ];
    for (path, want) in table {
        assert_eq!(first(path, &data()), format!("! {want}"), "{path}");
    }
}

#[test]
fn no_path_eats_the_memory() {
    let list = (0..40).fold(Value::Nil, |inner, _| Value::List(vec![inner]));
    let path = format!("{{${}}}", "[0,0]".repeat(40));
    assert_eq!(first(&path, &list), "! the path reaches more than 1000000 values");
    let path = format!("{{$.b{}}}", "..[*]".repeat(200));
    let _ = JsonPath::parse(&path).and_then(|p| p.first(&data()));
    let nested = "{range @}".repeat(10_000);
    assert!(JsonPath::parse(&nested).is_ok_and(|p| p.first(&data()).is_err()));
}

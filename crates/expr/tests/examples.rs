//! Conditions as documentation and users write them, and the times of range queries.

use rollouts_api::Clock;
use rollouts_expr::{Evaluator, Expr, Message, MetricData, Value};

const NOW: &str = "2026-01-02T03:04:05Z";

fn expr() -> Expr {
    Expr::new(Clock::new(|| NOW.parse().expect("a time")))
}

fn json(text: &str) -> Value {
    serde_json::from_str::<serde_json::Value>(text).expect("JSON").into()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn said(source: &str, result: &Value) -> Result<bool, String> {
    expr().condition(source, result).map_err(|why| why.to_string())
}

#[test]
fn conditions_that_hold_or_not() {
    let floats = |values: &[f64]| Value::Floats(values.to_vec());
    let apdex = json(r#"{"service_apdex":{"label":null,"values":{"values":[2,2]}}}"#);
    let table = [
        (Value::Bool(true), "result == true", true),
        (floats(&[2.0, 2.0]), "2 in result", true),
        (Value::Float(5.0), "result > 1", true),
        (text("1"), "asInt(result) == 1", true),
        (Value::Float(1.123), "asInt(result) == 1", true),
        (text("1.1"), "asFloat(result) >= 1.1", true),
        (Value::Int(1), "asFloat(result) == 1", true),
        (apdex, "all(result.service_apdex.values.values, {# > 1})", true),
        (
            json(r#"{"a":1,"b":true,"c":[1,2,3,4],"d":null}"#),
            "result.a > 0 && result.b && all(result.c, {# < 5}) && result.d == nil",
            true,
        ),
        (text("1"), "asInt(result) > 0", true),
        (text("1.2"), "asFloat(result) > 1.1", true),
        (text("true"), "result == \"true\"", true),
        (json("[1,2,3,4,5,6]"), "any(result, {# > 5})", true),
        (json("[1,2,3,4,5,6]"), "any(result, {# > 6})", false),
        (
            json(r#"{"num":1.2,"bool":true,"mapfield":{"foo":"bar"}}"#),
            "result.num > 1.1 && result.bool && result.mapfield.foo == \"bar\"",
            true,
        ),
        (text("test: notJson"), "result == 'test: notJson'", true),
        (text(""), "result == 'fail123'", false),
        (Value::Nil, "default(result, 0) < 0.05", true),
        (Value::Nil, "default(result, 1) < 0.05", false),
        (Value::Float(0.0061), "default(result, 0) < 0.05", true),
        (floats(&[0.01, 0.087, 0.04]), "max(result) < 0.05", false),
        (floats(&[0.01, 0.02, 0.03]), "all(result, # < 0.05)", true),
        (floats(&[11.0, 12.0, 13.0, 14.0]), "all(result, # > 10)", true),
        (floats(&[10.0]), "10 in result", true),
        (
            json(r#"{"count":10,"average.duration":12.0}"#),
            "result.count == 10 and result['average.duration'] < 15.0",
            true,
        ),
        (json(r#"[{"count":10},{"count":1},{"count":15}]"#), "result[2].count < 20", true),
        (Value::Float(f64::NAN), "isNaN(result) || result >= 0.95", true),
        (Value::Float(f64::INFINITY), "isInf(result)", true),
        (Value::Float(f64::INFINITY), "result >= 0.95", true),
        (floats(&[]), "len(result) == 0 || result[0] >= 0.95", true),
        (floats(&[]), "len(result) > 0 && result[0] >= 0.95", false),
        (json(r#"{"ok":true,"successPercent":0.95}"#), "result.ok && result.successPercent >= 0.90", true),
        (
            json(r#"{"service_apdex":{"values":{"values":[{"value":"9900"}]}}}"#),
            "all(result.service_apdex.values.values, {asFloat(.value) >= 9900})",
            true,
        ),
        (json(r#"["10"]"#), "10.000000 not in result", true),
        (floats(&[]), "all(result, # > 0.99)", true),
        (json(r#"{"a":1}"#), "result.b == nil", true),
        (json(r#"{"a":1}"#), "(result.b?.c ?? 0) == 0", true),
        (floats(&[1.0, 2.0]), "result[-1] == 2", true),
        (floats(&[3.0, 1.0, 2.0]), "mean(result) == 2 and median(result) == 2 and sum(result) == 6", true),
        (floats(&[1.0, 2.0, 3.0, 4.0]), "len(filter(result, # > 2)) == 2", true),
        (floats(&[1.0, 2.0, 3.0, 4.0]), "count(result, # > 2) / len(result) >= 0.5", true),
        (text("v1.2.3"), "result startsWith \"v1\" and result matches \"^v[0-9.]+$\"", true),
        (json(r#"{"status":"UP"}"#), "result.status in [\"UP\",\"OK\"]", true),
        (json(r#"{"a":1}"#), "\"a\" in result and \"z\" not in result", true),
        (Value::Float(7.0), "result > 5 ? true : false", true),
        (json(r#"[{"v":1},{"v":3}]"#), "max(map(result, .v)) == 3", true),
        (text(r#"{"n":2}"#), "fromJSON(result).n == 2", true),
        (Value::Float(7.0), "let x = result * 2; x == 14", true),
        (Value::Float(2.0), "int(result) % 2 == 0", true),
        (json(r#"{"at":"2026-01-02T02:30:00Z"}"#), "date(result.at) > now() - duration(\"1h\")", true),
        (json(r#"{"at":"2026-01-02T02:00:00Z"}"#), "date(result.at) > now() - duration(\"1h\")", false),
    ];
    for (result, source, holds) in table {
        assert_eq!(said(source, &result), Ok(holds), "{source} of {result:?}");
    }
}

#[test]
fn conditions_that_cannot_be_evaluated() {
    let floats = Value::Floats(vec![1.0, 2.0]);
    let table = [
        (Value::Bool(true), "1", "expected bool, but got int"),
        (Value::Bool(true), "invalidVariable", "unknown name invalidVariable"),
        (Value::Bool(true), "result.Name() == 'hi'", "type bool has no method Name"),
        (text("1.1"), "asInt(result) == 1.1", "strconv.ParseInt: parsing \"1.1\": invalid syntax"),
        (text("NotANum"), "asFloat(result) == 1.1", "strconv.ParseFloat: parsing \"NotANum\": invalid syntax"),
        (text("1.1"), "asFloat(result) == \"1.1\"", "invalid operation: == (mismatched types float64 and string)"),
        (json(r#"{"a":1}"#), "result.b > 1", "invalid operation: <nil> > int"),
        (json(r#"{"a":1}"#), "result.b.c == 1", "cannot fetch c from <nil>"),
        (floats, "result[5] > 1", "index out of range: 5 (array length is 2)"),
        (Value::Float(0.5), "result[0] > 0.1", "type float64[int] is undefined"),
        (Value::Floats(vec![0.5]), "result > 0.1", "invalid operation: > (mismatched types []float64 and float64)"),
        (Value::Float(2.0), "result % 2 == 0", "invalid operation: % (mismatched types float64 and int)"),
        (json(r#"{"a":{"b":1}}"#), "default(result.a.b, 0) < 5", "invalid operation: map[string]interface {} < int"),
        // What a builtin did not find is no integer, and a status that is a number is no text.
        (json("[1]"), "findIndex(result, # > 5) == 0", "interface conversion: interface {} is nil, not int"),
        (
            json(r#"{"status":200}"#),
            "result.status in [\"UP\",\"OK\"]",
            "reflect.Value.MapIndex: value of type float64 is not assignable to type string",
        ),
    ];
    for (result, source, why) in table {
        assert_eq!(said(source, &result), Err(why.to_owned()), "{source} of {result:?}");
    }
}

#[test]
fn cloudwatch_results_have_fields() {
    let result = Value::CloudWatch(vec![MetricData {
        id: Some("rate".to_owned()),
        label: None,
        messages: vec![Message { code: Some("c".to_owned()), value: Some("v".to_owned()) }],
        status_code: "Complete".to_owned(),
        timestamps: vec![NOW.parse().expect("a time")],
        values: vec![0.1, 0.2],
    }]);
    for source in [
        "result[0].Values[0] == 0.1",
        "len(result[0].Values) == 2 and all(result[0].Values, {# <= 0.2})",
        "result[0].Id == \"rate\" and result[0].Label == nil",
        "result[0].StatusCode == \"Complete\"",
        "result[0].Messages[0].Value == \"v\"",
        "result[0].Timestamps[0] == now()",
        "any(result, {.Id == \"rate\" and max(.Values) < 1})",
        "\"Values\" in result[0]",
    ] {
        assert_eq!(said(source, &result), Ok(true), "{source}");
    }
    for (source, why) in [
        ("result[0].values[0] > 1", "type types.MetricDataResult has no field values"),
        ("result[0].Values > 1", "invalid operation: > (mismatched types []float64 and int)"),
        ("result > 1", "invalid operation: > (mismatched types []types.MetricDataResult and int)"),
        ("result[1].Values[0] > 1", "index out of range: 1 (array length is 1)"),
    ] {
        assert_eq!(said(source, &result), Err(why.to_owned()), "{source}");
    }
}

#[test]
fn times_of_range_queries() {
    let time = |source: &str| {
        let at = expr().time(source, "2026-03-04T05:06:07Z".parse().expect("a time"));
        at.map(|at| at.to_string()).map_err(|why| why.to_string())
    };
    let table = [
        ("now()", Ok("2026-03-04T05:06:07Z")),
        ("now() - duration(\"1h\")", Ok("2026-03-04T04:06:07Z")),
        (
            "date(\"2023-08-14 00:00:00\", \"2006-01-02 15:04:05\", \"UTC\") - duration(\"1h\")",
            Ok("2023-08-13T23:00:00Z"),
        ),
        ("date(\"2023-08-14 10:00\", \"2006-01-02 15:04\", \"Europe/Zurich\")", Ok("2023-08-14T08:00:00Z")),
        ("isNaN(1.5) ? now() : now().Truncate(duration(\"24h\"))", Ok("2026-03-04T00:00:00Z")),
        ("\"now\"", Err("expected time.Time, but got string")),
        ("duration(\"1h\")", Err("expected time.Time, but got time.Duration")),
        ("result", Err("unknown name result")),
        ("asInt(1)", Err("unknown name asInt")),
        ("now() - duration(\"1 hour\")", Err("time: unknown unit \" hour\" in duration \"1 hour\"")),
        ("date(\"yesterday\")", Err("invalid date yesterday")),
    ];
    for (source, want) in table {
        assert_eq!(time(source), want.map(str::to_owned).map_err(str::to_owned), "{source}");
    }
}

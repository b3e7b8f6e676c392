use serde_json::{Value, json};

use crate::Schema;

fn schema(rules: Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "x-kubernetes-validations": rules,
                "properties": {
                    "min": {"type": "integer"}, "max": {"type": "integer"}, "ratio": {"type": "number"},
                    "name": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
                    "my-field": {"type": "string"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "port": {"x-kubernetes-int-or-string": true},
                    "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                        "items": {"type": "object", "required": ["name"],
                            "properties": {"name": {"type": "string"}, "value": {"type": "string",
                                "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "value is immutable"}]}}}},
                },
            },
        },
    })
}

fn run(rules: Value, spec: Value, old: Option<Value>) -> Vec<String> {
    let schema = Schema::parse(&schema(rules)).unwrap();
    let wrap = |spec: Value| json!({"spec": spec});
    schema.validate(&wrap(spec), old.map(wrap).as_ref()).iter().map(ToString::to_string).collect()
}

fn holds(rule: &str, spec: Value) {
    assert_eq!(run(json!([{"rule": rule}]), spec, None), [""; 0], "{rule}");
}

fn fails(rule: &str, spec: Value) {
    let want = format!(r#"spec: Invalid value: "object": failed rule: {rule}"#);
    assert_eq!(run(json!([{"rule": rule}]), spec, None), [want]);
}

#[test]
fn expressions() {
    holds("self.min <= self.max", json!({"min": 1, "max": 2}));
    fails("self.min <= self.max", json!({"min": 3, "max": 2}));
    holds("!has(self.min) || self.min > 0", json!({}));
    holds("self.ratio < 2.5 && self.ratio > 1.5", json!({"ratio": 2}));
    holds("self.name.matches('^[a-z]+$') && self.name.startsWith('a') && size(self.name) == 3", json!({"name": "abc"}));
    holds(
        "self.tags.all(t, t.size() < 3) && self.tags.exists(t, t == 'b') && self.tags.exists_one(t, t == 'a')",
        json!({"tags": ["a", "b"]}),
    );
    holds("self.tags.map(t, t + '!').filter(t, t != 'a!').size() == 1", json!({"tags": ["a", "b"]}));
    fails("self.tags.all(t1, self.tags.exists_one(t2, t1 == t2))", json!({"tags": ["a", "a"]}));
    holds(
        "'x' in self.labels && self.labels['x'] == 'y' && self.labels.all(k, k.size() == 1)",
        json!({"labels": {"x": "y"}}),
    );
    holds("self.my__dash__field == 'v'", json!({"my-field": "v"}));
    holds(
        "self.at > timestamp('2020-01-01T00:00:00Z') && self.at.getFullYear() == 2024",
        json!({"at": "2024-05-05T00:00:00Z"}),
    );
    holds("type(self.port) == int ? self.port > 0 : self.port.endsWith('%')", json!({"port": "5%"}));
    holds("self.?name.orValue('d') == 'd' && !self.?name.hasValue()", json!({}));
    holds("self.items.exists(i, has(i.value) && i.value == 'v')", json!({"items": [{"name": "a", "value": "v"}]}));
}

#[test]
fn extensions() {
    holds("self.name.lowerAscii() == 'ab' && self.name.split('').size() == 2", json!({"name": "AB"}));
    holds("self.name.find('[0-9]+') == '12' && self.name.findAll('[0-9]').size() == 3", json!({"name": "a12b3"}));
    holds("[1, 2, 3].isSorted() && [1, 2].sum() == 3 && [3, 1].min() == 1 && [3, 1].max() == 3", json!({}));
    holds("self.tags.indexOf('b') == 1 && self.tags.lastIndexOf('z') == -1", json!({"tags": ["a", "b"]}));
    holds("isURL('https://a/b') && isIP('::1') && isCIDR('10.0.0.0/8') && !isIP('x')", json!({}));
    holds("self.tags.join(',') == 'a,b'", json!({"tags": ["a", "b"]}));
    holds("math.abs(self.min) == 3 && math.greatest(1, 2) == 2", json!({"min": -3}));
}

#[test]
fn urls_and_quantities() {
    holds(
        "url(self.name).getScheme() == 'https' && url(self.name).getHostname() == 'h' && url(self.name).getPort() == '8' && url(self.name).getEscapedPath() == '/p'",
        json!({"name": "https://u@h:8/p?q"}),
    );
    holds("url('https://[::1]:80/').getHostname() == '::1' && url('/a/b').getEscapedPath() == '/a/b'", json!({}));
    holds(
        "quantity('1.5Gi').isGreaterThan(quantity('1G')) && quantity('100m').add(quantity('0.9')).asInteger() == 1",
        json!({}),
    );
    holds("isQuantity('1k') && !isQuantity('x') && quantity('1k').sub(1).compareTo(quantity('999')) == 0", json!({}));
}

#[test]
fn transition_rules_need_a_past() {
    let rules = json!([{"rule": "self.name == oldSelf.name", "message": ".spec.name is immutable"}]);
    assert!(run(rules.clone(), json!({"name": "a"}), None).is_empty());
    assert!(run(rules.clone(), json!({"name": "a", "min": 1}), Some(json!({"name": "a"}))).is_empty());
    assert_eq!(
        run(rules, json!({"name": "b"}), Some(json!({"name": "a"}))),
        [r#"spec: Invalid value: "object": .spec.name is immutable"#]
    );
    let rules = json!([{"rule": "!oldSelf.hasValue() || oldSelf.value().min <= self.min", "optionalOldSelf": true}]);
    assert!(run(rules.clone(), json!({"min": 1}), None).is_empty());
    assert_eq!(run(rules, json!({"min": 1}), Some(json!({"min": 2}))).len(), 1);
}

#[test]
fn items_of_keyed_lists_have_a_past() {
    let old = json!({"items": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]});
    let new = json!({"items": [{"name": "b", "value": "3"}, {"name": "a", "value": "1"}, {"name": "c", "value": "9"}]});
    assert_eq!(run(json!([]), new, Some(old)), [r#"spec.items[0].value: Invalid value: "string": value is immutable"#]);
}

#[test]
fn messages_reasons_and_paths() {
    let spec = json!({"min": 3, "max": 2});
    let rule = |more: Value| {
        let mut rule = json!({"rule": "self.min <= self.max", "message": "plain"});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([rule])
    };
    let cases = [
        (json!({}), r#"spec: Invalid value: "object": plain"#),
        (json!({"messageExpression": "'min is ' + string(self.min)"}), r#"spec: Invalid value: "object": min is 3"#),
        (json!({"messageExpression": "string(self.tags)"}), r#"spec: Invalid value: "object": plain"#),
        (json!({"reason": "FieldValueForbidden"}), "spec: Forbidden: plain"),
        (json!({"reason": "FieldValueRequired", "fieldPath": ".max"}), "spec.max: Required value: plain"),
        (json!({"fieldPath": ".labels['a.b']"}), r#"spec.labels[a.b]: Invalid value: "object": plain"#),
    ];
    for (more, want) in cases {
        assert_eq!(run(rule(more.clone()), spec.clone(), None), [want], "{more}");
    }
}

#[test]
fn evaluation_errors_are_told() {
    assert_eq!(
        run(json!([{"rule": "self.min > 0"}]), json!({}), None),
        [r#"spec: Invalid value: "object": no such key: min evaluating rule: self.min > 0"#]
    );
}

#[test]
fn broken_rules_are_schema_errors() {
    let broken = |rule: Value| -> String {
        Schema::parse(&schema(json!([rule]))).unwrap_err().first().map(ToString::to_string).unwrap()
    };
    let at = "properties[spec].x-kubernetes-validations[0]";
    let error = broken(json!({"rule": "self.min >"}));
    assert!(
        error.starts_with(&format!(
            "{at}.rule: Invalid value: {{\"rule\":\"self.min >\"}}: compilation failed: ERROR: <input>:1:"
        )),
        "{error}"
    );
    assert!(
        broken(json!({"rule": "1 < 2 && self.nothing > 1"}))
            .ends_with("compilation failed: ERROR: <input>:1:14: undefined field 'nothing'\n | 1 < 2 && self.nothing > 1\n | .............^")
    );
    assert!(broken(json!({"rule": "other > 1"})).contains("undeclared reference to 'other'"));
    assert!(broken(json!({"rule": "frobnicate(self)"})).contains("undeclared reference to 'frobnicate'"));
    assert_eq!(broken(json!({"rule": ""})), format!("{at}.rule: Required value: rule is not specified"));
    assert!(
        broken(json!({"rule": "true", "reason": "Bad"}))
            .starts_with(&format!("{at}.reason: Unsupported value: \"Bad\""))
    );
    assert!(broken(json!({"rule": "true", "fieldPath": ".zip"})).contains("must be a valid path"));
    assert!(
        broken(json!({"rule": "true", "optionalOldSelf": true}))
            .contains("may not be set if oldSelf is not used in rule")
    );
}

//! Arguments of an AnalysisRun: those of its template, with the values that the user gives.

use serde_json::{Value, json};

/// Takes `NAME=VALUE` apart, at the first `=`.
pub(super) fn parse(given: &[String]) -> Result<Vec<(String, String)>, String> {
    let pair = |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let pairs: Option<Vec<_>> = given.iter().map(pair).collect();
    pairs.ok_or_else(|| "arguments must be in the form NAME=VALUE".into())
}

/// The arguments of a run. Of a template without arguments, those that are given; else the template's own, of which each
/// must have a value in the end. A value that is given replaces one that would come from elsewhere; of several values for
/// a name the last one counts.
///
/// # Errors
/// An argument has no value.
pub(super) fn resolve(template: &Value, given: &[(String, String)]) -> Result<Value, String> {
    let last = |name: &str| given.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let own = template.as_array().filter(|own| !own.is_empty());
    let Some(own) = own else {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in given {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        return Ok(names.into_iter().map(|name| json!({"name": name, "value": last(name)})).collect());
    };
    let mut arguments = own.clone();
    for argument in &mut arguments {
        let name = argument["name"].as_str().unwrap_or("").to_owned();
        if let Some(value) = last(&name) {
            *argument = json!({"name": name, "value": value});
        }
        let has = |field: &str| argument.get(field).is_some_and(|v| !v.is_null());
        if !has("value") && !has("valueFrom") {
            return Err(format!("args.{name} was not resolved"));
        }
    }
    Ok(Value::Array(arguments))
}

/// The names that are given and that the template does not have, unless it has none at all.
pub(super) fn unknown(template: &Value, given: &[(String, String)]) -> Vec<String> {
    let own = template.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_known = |name: &str| own.is_empty() || own.iter().any(|argument| argument["name"] == name);
    given.iter().map(|(name, _)| name.clone()).filter(|name| !is_known(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[&str]) -> Vec<(String, String)> {
        parse(&pairs.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>()).expect("pairs")
    }

    #[test]
    fn values_are_split_at_the_first_sign() {
        assert_eq!(given(&["a=b=c", "d="]), [("a".into(), "b=c".into()), ("d".into(), String::new())]);
        assert_eq!(parse(&["a".into()]), Err("arguments must be in the form NAME=VALUE".into()));
    }

    #[test]
    fn the_templates_arguments_get_values() {
        let template = json!([
            {"name": "host"},
            {"name": "port", "value": "80"},
            {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ]);
        assert_eq!(resolve(&template, &[]), Err("args.host was not resolved".into()));
        assert_eq!(
            resolve(&template, &given(&["host=a", "token=t", "host=b"])),
            Ok(
                json!([{"name": "host", "value": "b"}, {"name": "port", "value": "80"}, {"name": "token", "value": "t"}])
            )
        );
        assert_eq!(
            resolve(&template, &given(&["host="])).map(|a| a[0].clone()),
            Ok(json!({"name": "host", "value": ""}))
        );
        assert_eq!(unknown(&template, &given(&["host=a", "hots=b"])), ["hots"]);
        assert!(unknown(&Value::Null, &given(&["host=a"])).is_empty());
        let none = json!([{"name": "a", "value": "2"}, {"name": "b", "value": "3"}]);
        assert_eq!(resolve(&Value::Null, &given(&["a=1", "b=3", "a=2"])), Ok(none));
    }
}

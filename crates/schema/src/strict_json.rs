//! A JSON parser that also reports duplicate keys, for `fieldValidation=Strict|Warn`.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::path::Path;

/// Parses a body. The second part lists the paths of duplicate fields, such as `spec.replicas`; the last value wins, as
/// in Go.
///
/// # Errors
/// The body is not JSON.
pub fn parse(bytes: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let duplicates = RefCell::new(Vec::new());
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Node { path: Path::Root, duplicates: &duplicates }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, duplicates.into_inner()))
}

/// The problems of `fieldValidation=Strict|Warn`, in the API server's words: one `duplicate field "a.b"` or
/// `unknown field "a.b"` each. As warnings they are sent one by one.
#[must_use]
pub fn strict_problems(duplicates: &[String], unknown: &[String]) -> Vec<String> {
    let mut problems: Vec<String> = Vec::with_capacity(duplicates.len() + unknown.len());
    for (word, paths) in [("duplicate", duplicates), ("unknown", unknown)] {
        for path in paths {
            let problem = format!("{word} field \"{path}\"");
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}

/// The error of `fieldValidation=Strict`: `strict decoding error: unknown field "spec.foo", unknown field "spec.bar"`;
/// `None` when there is nothing to complain about. The Status is 400 BadRequest, its message
/// `<Kind> in version "<version>" cannot be handled as a <Kind>: ` and this.
#[must_use]
pub fn strict_error(duplicates: &[String], unknown: &[String]) -> Option<String> {
    let problems = strict_problems(duplicates, unknown);
    (!problems.is_empty()).then(|| format!("strict decoding error: {}", problems.join(", ")))
}

/// One value to read, knowing where it is.
struct Node<'p> {
    path: Path<'p>,
    duplicates: &'p RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let node = Node { path: self.path.index(list.len()), duplicates: self.duplicates };
            match items.next_element_seed(node)? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let path = self.path.field(&name);
            let value = fields.next_value_seed(Node { path, duplicates: self.duplicates })?;
            if map.contains_key(&name) {
                self.duplicates.borrow_mut().push(path.to_string());
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn last_value_wins_and_duplicates_are_named() {
        let text =
            br#"{"spec":{"replicas":1,"replicas":2,"list":[{"a":1,"a":2}]},"f":1.5,"s":"x\n","n":null,"b":true}"#;
        let (value, duplicates) = parse(text).unwrap();
        assert_eq!(value["spec"]["replicas"], 2);
        assert_eq!(value, serde_json::from_slice::<Value>(text).unwrap());
        assert_eq!(duplicates, ["spec.replicas", "spec.list[0].a"]);
        assert_eq!(
            strict_error(&duplicates[..1], &["spec.foo".into()]).unwrap(),
            r#"strict decoding error: duplicate field "spec.replicas", unknown field "spec.foo""#
        );
        assert_eq!(strict_error(&[], &[]), None);
    }

    #[test]
    fn bad_json_is_an_error() {
        assert!(parse(b"{").is_err());
        assert!(parse(b"{} x").is_err());
        assert_eq!(parse(b"[1,-2]").unwrap().0, json!([1, -2]));
    }
}

//! JSON as CEL values, along its schema: numbers of type `number` are doubles, `date-time` strings timestamps.

use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt};
use cel::common::value::Val;
use serde_json::{Number, Value};

use crate::Schema;
use crate::schema::Type;

/// A JSON value as CEL sees it; strings are borrowed.
pub(super) fn to_cel<'v>(schema: Option<&Schema>, value: &'v Value) -> Box<dyn Val + 'v> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(b) => Box::new(CelBool::from(*b)),
        Value::Number(n) => number(schema, n),
        Value::String(s) => string(schema, s),
        Value::Array(items) => {
            let child = schema.and_then(|schema| schema.items.as_deref());
            let items: Vec<Box<dyn Val + 'v>> = items.iter().map(|item| to_cel(child, item)).collect();
            Box::new(CelList::from(items))
        }
        Value::Object(fields) => {
            let entries = fields.iter().map(|(name, value)| {
                let named = schema.is_some_and(|schema| schema.properties.contains_key(name.as_str()));
                let child = schema.and_then(|schema| schema.field(name)).map(|child| &**child);
                let key = if named { escape(name) } else { None };
                let key = key.map_or_else(|| CelString::from(name.as_str()), CelString::from);
                (CelMapKey::String(key), to_cel(child, value))
            });
            #[expect(
                clippy::disallowed_types,
                reason = "the interpreter's maps are hash maps; rules do not see their order"
            )]
            let map = CelMap::from(entries.collect::<std::collections::HashMap<_, _>>());
            Box::new(map)
        }
    }
}

fn number<'v>(schema: Option<&Schema>, number: &Number) -> Box<dyn Val + 'v> {
    let double = schema.is_some_and(|schema| schema.ty == Type::Number);
    let float = number.as_f64().unwrap_or_default();
    // Whole floats are integers where the schema wants integers.
    let whole = schema.is_some_and(|schema| schema.ty == Type::Integer) && float.fract() == 0.0;
    match (number.as_i64(), number.as_u64()) {
        (Some(n), _) if !double => Box::new(CelInt::from(n)),
        (None, Some(n)) if !double => Box::new(CelUInt::from(n)),
        _ if whole => Box::new(CelInt::from(float as i64)),
        _ => Box::new(CelDouble::from(float)),
    }
}

fn string<'v>(schema: Option<&Schema>, text: &'v str) -> Box<dyn Val + 'v> {
    let format = schema.and_then(|schema| schema.format.as_deref());
    let constructor = match format {
        Some("date-time" | "datetime") => "timestamp",
        Some("duration") => "duration",
        _ => return Box::new(CelString::from(text)),
    };
    // The interpreter's own conversion functions build these.
    let program = cel::Program::compile(&format!("{constructor}(text)"));
    let mut context = cel::Context::with_env(super::env::shared().clone());
    context.add_variable_from_value("text", text);
    let converted = program.ok().and_then(|program| program.execute(&context).ok());
    match converted.and_then(|value| Box::<dyn Val>::try_from(value).ok()) {
        Some(value) => value,
        None => Box::new(CelString::from(text)),
    }
}

/// Field names that are no CEL identifiers are spelled with escapes; `None` when the name is fine as it is.
fn escape(name: &str) -> Option<String> {
    const RESERVED: [&str; 18] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
    ];
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let plain = !name.contains("__") && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        return None;
    }
    let escaped = name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__");
    Some(escaped.replace('/', "__slash__"))
}

/// A field's name as rules spell it.
pub(super) fn cel_name(name: &str) -> String {
    escape(name).unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn names_are_escaped_as_kubernetes_does() {
        assert_eq!(escape("plain_1"), None);
        assert_eq!(escape("a-b.c/d").as_deref(), Some("a__dash__b__dot__c__slash__d"));
        assert_eq!(escape("a__b").as_deref(), Some("a__underscores__b"));
        assert_eq!(escape("namespace").as_deref(), Some("__namespace__"));
    }
}

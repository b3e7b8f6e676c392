//! Validation against a schema, with the API server's words.

use serde_json::Value;

use super::value_rules::Checks;
use super::{Additional, ListType, Schema, Type, same_deep};
use crate::path::Path;
use crate::{ErrorKind, FieldError};

const RULES_NOT_CHECKED: &str = "some validation rules were not checked because the object was invalid; \
                                 correct the existing errors to complete validation";

/// Errors after which rules could not be evaluated safely: what they look at may be missing or of another type.
fn blocks_rules(kind: ErrorKind) -> bool {
    use ErrorKind::{NotSupported, Required, TooLong, TooMany, TypeInvalid};
    matches!(kind, NotSupported | Required | TooLong | TooMany | TypeInvalid)
}

impl Schema {
    /// Checks types and value limits, then list keys, then CEL rules (with transition rules when `old` is given).
    /// `old` is the stored object on update, `None` on create. CEL rules run only when types and required fields hold,
    /// as in the API server, which says so. On update, a value that did not change is not an error even if it no longer fits the schema
    /// (the API server's ratcheting); limits on what holds it still apply.
    #[must_use]
    pub fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut checks = Checks::default();
        self.check(object, old, &Path::Root, &mut checks);
        let mut errors = checks.errors;
        duplicates(self, object, &Path::Root, &mut errors);
        if self.below.rules {
            match errors.iter().any(|e| blocks_rules(e.kind)) {
                true => errors.push(FieldError::invalid("", Value::Null, RULES_NOT_CHECKED)),
                false => crate::cel::validate(self, object, old, &Path::Root, &mut errors),
            }
        }
        errors
    }

    /// The complaint of an object whose rules cannot be checked because of `errors` found elsewhere; `None` when they
    /// are no hindrance, or there are no rules.
    #[must_use]
    pub fn rules_not_checked(&self, errors: &[FieldError]) -> Option<FieldError> {
        let blocked = self.below.rules && errors.iter().any(|e| blocks_rules(e.kind));
        blocked.then(|| FieldError::invalid("", Value::Null, RULES_NOT_CHECKED))
    }

    /// Types and value limits of this node and everything below; what is as `old` was is taken as it is.
    pub(super) fn check(&self, value: &Value, old: Option<&Value>, path: &Path<'_>, checks: &mut Checks) {
        if old.is_some_and(|old| same_deep(old, value)) {
            return;
        }
        self.check_type(value, path, checks);
        // A value of the wrong type is looked into all the same, as upstream does.
        if let Some(limits) = &self.limits {
            limits.check(value, path, checks);
        }
        match value {
            Value::Object(fields) => self.check_fields(fields, old, path, checks),
            Value::Array(items) => {
                if let Some(child) = &self.items {
                    for (index, item) in items.iter().enumerate() {
                        let old = old.and_then(|old| self.list_type.same_item(item, old));
                        child.check(item, old, &path.index(index), checks);
                    }
                }
            }
            _ => {}
        }
    }

    fn check_type(&self, value: &Value, path: &Path<'_>, checks: &mut Checks) {
        let found = match value {
            Value::Null => {
                if self.nullable || self.ty == Type::Any && !self.int_or_string {
                    checks.passed();
                } else {
                    checks.wrong_type(path, self.wanted(), "null");
                }
                return;
            }
            Value::Bool(_) => Type::Boolean,
            Value::String(_) => Type::String,
            Value::Array(_) => Type::Array,
            Value::Object(_) => Type::Object,
            Value::Number(n) if n.is_f64() => Type::Number,
            Value::Number(_) => Type::Integer,
        };
        let whole = || value.as_f64().is_some_and(|f| f.fract() == 0.0);
        let fits = match self.ty {
            Type::Any if self.int_or_string => {
                matches!(found, Type::Integer | Type::String) || found == Type::Number && whole()
            }
            Type::Any => true,
            Type::Number => matches!(found, Type::Number | Type::Integer),
            Type::Integer => found == Type::Integer || found == Type::Number && whole(),
            ty => ty == found,
        };
        if !fits {
            checks.wrong_type(path, self.wanted(), found.name());
            return;
        }
        checks.passed();
        if let (Type::String, Some(format), Some(text)) = (self.ty, &self.format, value.as_str()) {
            checks.format(format, text, path);
        }
    }

    fn wanted(&self) -> &'static str {
        if self.int_or_string { "integer,string" } else { self.ty.name() }
    }

    fn check_fields(
        &self,
        fields: &serde_json::Map<String, Value>,
        old: Option<&Value>,
        path: &Path<'_>,
        checks: &mut Checks,
    ) {
        for (name, value) in fields {
            let old = old.and_then(|old| old.get(name));
            match self.properties.get(name.as_str()) {
                Some(child) => child.check(value, old, &path.field(name), checks),
                None => match &self.additional {
                    Additional::Schema(child) => child.check(value, old, &path.field(name), checks),
                    Additional::None => checks.forbidden_property(path, name),
                    Additional::Any | Additional::Unsaid => {}
                },
            }
        }
        for name in &self.required {
            if fields.contains_key(name.as_ref()) {
                checks.passed();
            } else {
                checks.fail(FieldError::required(path.field(name).to_string(), ""));
            }
        }
    }
}

/// Items of sets and keys of list-maps must be unique.
fn duplicates(schema: &Schema, value: &Value, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if !(value.is_object() || value.is_array()) {
                    continue;
                }
                match schema.properties.get(name.as_str()) {
                    Some(child) => duplicates(child, value, &path.field(name), errors),
                    None => {
                        if let Additional::Schema(child) = &schema.additional {
                            duplicates(child, value, &path.key(name), errors);
                        }
                    }
                }
            }
        }
        Value::Array(items) => {
            match &schema.list_type {
                ListType::Atomic => {}
                ListType::Set => repeated(items.iter().cloned(), path, errors),
                ListType::Map(keys) => {
                    for (index, item) in items.iter().enumerate() {
                        if !item.is_object() && !item.is_null() {
                            let detail = "must be an object for an array of list-type map";
                            errors.push(FieldError::invalid(path.index(index).to_string(), item.clone(), detail));
                            return;
                        }
                    }
                    let key_of = |item: &Value| -> Value {
                        let found =
                            keys.iter().filter_map(|key| Some((key.to_string(), item.get(key.as_ref())?.clone())));
                        Value::Object(found.collect())
                    };
                    repeated(items.iter().map(key_of), path, errors);
                }
            }
            if let Some(child) = &schema.items {
                for (index, item) in items.iter().enumerate() {
                    if item.is_object() || item.is_array() {
                        duplicates(child, item, &path.index(index), errors);
                    }
                }
            }
        }
        _ => {}
    }
}

/// Reports the second appearance of each value; later ones are not repeated.
fn repeated(values: impl ExactSizeIterator<Item = Value>, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    if values.len() < 2 {
        return;
    }
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    for (index, value) in values.enumerate() {
        let times = seen.entry(value.to_string()).or_default();
        *times += 1;
        if *times == 2 {
            errors.push(FieldError::duplicate(path.index(index).to_string(), value));
        }
    }
}

#[cfg(test)]
mod tests;

//! Running rules on an object.

use cel::common::types::CelOptional;
use cel::{Context, ExecutionError, Value as CelValue};
use serde_json::Value;

use super::convert::to_cel;
use super::{Rule, env};
use crate::path::Path;
use crate::schema::{Additional, Type, same_deep};
use crate::{ErrorKind, FieldError, Schema};

/// Runs all rules at and below a node. What did not change is not looked at again.
pub(crate) fn validate(
    schema: &Schema,
    new: &Value,
    old: Option<&Value>,
    path: &Path<'_>,
    errors: &mut Vec<FieldError>,
) {
    if !schema.below.rules || new.is_null() || old.is_some_and(|old| same_deep(old, new)) {
        return;
    }
    if !schema.rules.is_empty() {
        run_rules(schema, new, old, path, errors);
    }
    match new {
        Value::Object(fields) => {
            for (name, value) in fields {
                let old = old.and_then(|old| old.get(name));
                match (schema.properties.get(name.as_str()), &schema.additional) {
                    (Some(child), _) => validate(child, value, old, &path.field(name), errors),
                    (None, Additional::Schema(child)) => validate(child, value, old, &path.key(name), errors),
                    _ => {}
                }
            }
        }
        Value::Array(items) => {
            let Some(child) = &schema.items else { return };
            for (index, item) in items.iter().enumerate() {
                let old = old.and_then(|old| schema.list_type.same_item(item, old));
                validate(child, item, old, &path.index(index), errors);
            }
        }
        _ => {}
    }
}

fn run_rules(schema: &Schema, new: &Value, old: Option<&Value>, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let mut context = Context::with_env(env::shared().clone());
    context.add_variable_as_val("self", to_cel(Some(schema), new));
    let transitions = schema.rules.iter().any(|rule| rule.uses_old && !rule.optional_old_self);
    if let (true, Some(old)) = (transitions, old) {
        context.add_variable_as_val("oldSelf", to_cel(Some(schema), old));
    }
    for rule in &schema.rules {
        if rule.optional_old_self {
            let mut context = Context::with_env(env::shared().clone());
            context.add_variable_as_val("self", to_cel(Some(schema), new));
            let old = old.map_or_else(CelOptional::none, |old| CelOptional::of(to_cel(Some(schema), old)));
            context.add_variable_as_val("oldSelf", Box::new(old));
            rule.run(schema, &context, path, errors);
        } else if !rule.uses_old || old.is_some() {
            rule.run(schema, &context, path, errors);
        }
    }
}

impl Rule {
    fn run(&self, schema: &Schema, context: &Context<'_, '_>, path: &Path<'_>, errors: &mut Vec<FieldError>) {
        let error = match self.program.execute(context) {
            Ok(CelValue::Bool(true)) => return,
            Ok(CelValue::Bool(false)) => {
                let mut field = path.to_string();
                if let Some(below) = &self.field_path {
                    let dot = if field.is_empty() || below.starts_with('[') { "" } else { "." };
                    field = format!("{field}{dot}{below}");
                }
                self.failure(field, schema, self.failure_message(context))
            }
            Ok(_) => {
                let detail = format!("rule does not evaluate to a boolean: {}", self.source);
                FieldError::invalid(path.to_string(), type_name(schema), detail)
            }
            Err(error) => FieldError::invalid(path.to_string(), type_name(schema), self.explain(&error)),
        };
        errors.push(error);
    }

    fn failure(&self, field: String, schema: &Schema, detail: String) -> FieldError {
        match self.reason {
            ErrorKind::Forbidden => FieldError::forbidden(field, detail),
            ErrorKind::Required => FieldError::required(field, detail),
            ErrorKind::Duplicate => FieldError::duplicate(field, type_name(schema)),
            _ => FieldError::invalid(field, type_name(schema), detail),
        }
    }

    /// The message expression's text when it has a usable one, then the message, then the rule.
    fn failure_message(&self, context: &Context<'_, '_>) -> String {
        let computed = self.message_expression.as_ref().and_then(|program| program.execute(context).ok());
        if let Some(CelValue::String(text)) = computed {
            let text = text.trim();
            if !text.is_empty() && !text.contains(['\n', '\r']) {
                return text.to_owned();
            }
        }
        self.message.clone().unwrap_or_else(|| format!("failed rule: {}", self.source))
    }

    /// What an evaluation that broke off is reported as.
    fn explain(&self, error: &ExecutionError) -> String {
        let about = self.message.as_deref().unwrap_or(&self.source);
        let words = words(error);
        if words == NO_SUCH_OVERLOAD {
            return format!(
                "'{words}': call arguments did not match a supported operator, function or macro signature for rule: {about}"
            );
        }
        format!("{words} evaluating rule: {about}")
    }
}

const NO_SUCH_OVERLOAD: &str = "no such overload";

/// An evaluation error as cel-go words it.
fn words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchOverload(_)
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::UnexpectedType { .. } => NO_SUCH_OVERLOAD.to_owned(),
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::Overflow(..) => "integer overflow".to_owned(),
        ExecutionError::IndexOutOfBounds(index) => match index {
            CelValue::Int(index) => format!("index out of bounds: {index}"),
            CelValue::UInt(index) => format!("index out of bounds: {index}"),
            _ => "index out of bounds".to_owned(),
        },
        ExecutionError::FunctionError { message, .. } => message.clone(),
        other => {
            let mut words = other.to_string();
            if let Some(first) = words.get_mut(0..1) {
                first.make_ascii_lowercase();
            }
            words
        }
    }
}

/// Rules report the type of what they looked at, not the value.
fn type_name(schema: &Schema) -> Value {
    Value::from(if schema.ty == Type::Any { "" } else { schema.ty.name() })
}

//! From a rule's JSON to [`Rule`], with everything that can be found wrong before it runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::Program;
use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use serde_json::Value;

use super::{Rule, env};
use crate::path::Path;
use crate::schema::{Additional, Type};
use crate::{ErrorKind, FieldError, Schema};

const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

impl Rule {
    /// Compiles one of `x-kubernetes-validations` of a schema.
    pub(crate) fn compile(json: &Value, schema: &Schema, path: &Path<'_>) -> Result<Self, FieldError> {
        let text = |key: &str| json.get(key).and_then(Value::as_str);
        let at = |key: &str| path.field(key).to_string();
        let source = text("rule").map(str::trim).unwrap_or_default();
        if source.is_empty() {
            return Err(FieldError::required(at("rule"), "rule is not specified"));
        }
        let message = text("message").map(str::trim).map(str::to_owned);
        match message.as_deref() {
            Some("") => {
                let bad = json["message"].clone();
                return Err(FieldError::invalid(at("message"), bad, "must be non-empty if specified"));
            }
            Some(message) if message.contains(['\n', '\r']) => {
                return Err(FieldError::invalid(at("message"), Value::from(message), "must not contain line breaks"));
            }
            None if source.contains(['\n', '\r']) && text("messageExpression").is_none() => {
                return Err(FieldError::required(
                    at("message"),
                    "message must be specified if rule contains line breaks",
                ));
            }
            _ => {}
        }
        let reason = match text("reason") {
            None => ErrorKind::Invalid,
            Some(reason) => ErrorKind::from_rule_reason(reason)
                .ok_or_else(|| FieldError::not_supported(at("reason"), Value::from(reason), REASONS))?,
        };
        let (program, uses_old) =
            program(source, schema).map_err(|problem| FieldError::invalid(at("rule"), json.clone(), problem))?;
        let message_expression = match text("messageExpression").map(str::trim) {
            None => None,
            Some("") => {
                let detail = "messageExpression must be non-empty if specified";
                return Err(FieldError::required(at("messageExpression"), detail));
            }
            Some(source) => Some(
                program_only(source, schema)
                    .map_err(|problem| FieldError::invalid(at("messageExpression"), json.clone(), problem))?,
            ),
        };
        let optional_old_self = json.get("optionalOldSelf").and_then(Value::as_bool).unwrap_or(false);
        if optional_old_self && !uses_old {
            let detail = "may not be set if oldSelf is not used in rule";
            return Err(FieldError::invalid(at("optionalOldSelf"), Value::Bool(true), detail));
        }
        let field_path = match text("fieldPath") {
            None => None,
            Some(path) => Some(
                normal_path(path, schema)
                    .ok_or_else(|| FieldError::invalid(at("fieldPath"), Value::from(path), "must be a valid path"))?,
            ),
        };
        let source = source.into();
        Ok(Self { source, program, message, message_expression, reason, field_path, uses_old, optional_old_self })
    }
}

fn program_only(source: &str, schema: &Schema) -> Result<Arc<Program>, String> {
    program(source, schema).map(|(program, _)| program)
}

/// Parses an expression and looks for names nobody declared. Also says whether it uses `oldSelf`.
fn program(source: &str, schema: &Schema) -> Result<(Arc<Program>, bool), String> {
    let program = env::shared().compile(source).map_err(|errors| format!("compilation failed: {errors}"))?;
    let mut names =
        Names { schema, program: &program, source, scope: Vec::new(), uses_old: false, problems: BTreeSet::new() };
    names.walk(program.expression());
    let uses_old = names.uses_old;
    match names.problems.into_iter().next() {
        None => Ok((Arc::new(program), uses_old)),
        Some((line, column, problem)) => {
            let text = source.lines().nth(line - 1).unwrap_or_default();
            let dots = ".".repeat(column - 1);
            Err(format!("compilation failed: ERROR: <input>:{line}:{column}: {problem}\n | {text}\n | {dots}^"))
        }
    }
}

/// Walks an expression, keeping the variables of comprehensions in scope.
struct Names<'a> {
    schema: &'a Schema,
    program: &'a Program,
    source: &'a str,
    scope: Vec<&'a str>,
    uses_old: bool,
    problems: BTreeSet<(usize, usize, String)>,
}

impl<'a> Names<'a> {
    fn problem(&mut self, at: &IdedExpr, problem: String) {
        let (offset, _) = self.program.source_info().offset_for(at.id).unwrap_or_default();
        let before: String = self.source.chars().take(offset as usize).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        self.problems.insert((line, column, problem));
    }

    fn walk(&mut self, node: &'a IdedExpr) {
        match &node.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => self.ident(node, name),
            Expr::Call(call) => {
                let mut name = call.func_name.clone();
                let namespace = match call.target.as_deref() {
                    Some(IdedExpr { expr: Expr::Ident(target), .. }) if is_namespace(target) => Some(target),
                    _ => None,
                };
                match (namespace, &call.target) {
                    (Some(namespace), _) => name = format!("{namespace}.{name}"),
                    (None, Some(target)) => self.walk(target),
                    (None, None) => {}
                }
                if !env::is_known(&name) {
                    self.problem(node, format!("undeclared reference to '{name}' (in container '')"));
                }
                call.args.iter().for_each(|arg| self.walk(arg));
            }
            Expr::Comprehension(loop_) => {
                self.walk(&loop_.iter_range);
                self.walk(&loop_.accu_init);
                let depth = self.scope.len();
                self.scope.push(&loop_.iter_var);
                self.scope.extend(loop_.iter_var2.as_deref());
                self.scope.push(&loop_.accu_var);
                self.walk(&loop_.loop_cond);
                self.walk(&loop_.loop_step);
                self.walk(&loop_.result);
                self.scope.truncate(depth);
            }
            Expr::List(list) => list.elements.iter().for_each(|item| self.walk(item)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    match &entry.expr {
                        EntryExpr::MapEntry(entry) => {
                            self.walk(&entry.key);
                            self.walk(&entry.value);
                        }
                        EntryExpr::StructField(field) => self.walk(&field.value),
                    }
                }
            }
            Expr::Struct(_) => self.problem(node, "messages cannot be built in rules".to_owned()),
            Expr::Select(select) => {
                self.walk(&select.operand);
                if let Some(schema) = self.schema_of(&select.operand)
                    && field(schema, &select.field).is_none()
                {
                    self.problem(node, format!("undefined field '{}'", select.field));
                }
            }
        }
    }

    fn ident(&mut self, node: &IdedExpr, name: &str) {
        const TYPES: [&str; 12] = [
            "int",
            "uint",
            "double",
            "bool",
            "string",
            "bytes",
            "list",
            "map",
            "null_type",
            "type",
            "dyn",
            "optional_type",
        ];
        if self.scope.contains(&name) || name.starts_with('@') {
            return;
        }
        match name {
            "self" => {}
            "oldSelf" => self.uses_old = true,
            name if TYPES.contains(&name) => {}
            name => self.problem(node, format!("undeclared reference to '{name}' (in container '')")),
        }
    }

    /// The schema of `self.a.b`, when it is known to be an object with declared fields only.
    fn schema_of(&self, node: &IdedExpr) -> Option<&'a Schema> {
        let schema = match &node.expr {
            Expr::Ident(name) if name == "self" && !self.scope.contains(&"self") => self.schema,
            Expr::Select(select) => field(self.schema_of(&select.operand)?, &select.field)?,
            _ => return None,
        };
        let closed = schema.ty == Type::Object
            && !schema.preserve_unknown
            && !schema.embedded_resource
            && !schema.properties.is_empty()
            && matches!(schema.additional, Additional::Unsaid | Additional::None);
        closed.then_some(schema)
    }
}

/// `optional.of(x)`, `math.abs(x)`: the part before the dot is no variable.
fn is_namespace(name: &str) -> bool {
    matches!(name, "optional" | "math" | "lists" | "strings")
}

/// A field by its CEL name.
fn field<'s>(schema: &'s Schema, name: &str) -> Option<&'s Schema> {
    if let Some(field) = schema.properties.get(name) {
        return Some(field);
    }
    schema.properties.iter().find(|(known, _)| super::convert::cel_name(known) == name).map(|(_, field)| &**field)
}

/// `.spec.items['a.b']` as a field path (`spec.items[a.b]`); `None` when it leads nowhere.
fn normal_path(path: &str, schema: &Schema) -> Option<String> {
    let mut normal = String::new();
    let mut rest = path;
    let mut at = Some(schema);
    while !rest.is_empty() {
        let name;
        if let Some(quoted) = rest.strip_prefix("['") {
            let (inside, after) = quoted.split_once("']")?;
            name = inside;
            rest = after;
            let known = at.is_some_and(|schema| schema.properties.contains_key(name));
            normal.push_str(&if known { format!(".{name}") } else { format!("[{name}]") });
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            name = &after[..end];
            rest = &after[end..];
            normal.push('.');
            normal.push_str(name);
        }
        if name.is_empty() {
            return None;
        }
        at = match at {
            Some(schema) if !schema.preserve_unknown => Some(schema.field(name)?),
            _ => None,
        };
    }
    let normal = normal.strip_prefix('.').unwrap_or(&normal);
    (!normal.is_empty()).then(|| normal.to_owned())
}

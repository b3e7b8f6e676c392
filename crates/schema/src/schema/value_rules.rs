//! Value limits (`minimum`, `pattern`, `anyOf`, ...) and how their failures are worded.

use serde_json::{Number, Value};

use super::{Limits, Schema};
use crate::FieldError;
use crate::go::{go_float, go_quote};
use crate::path::Path;

/// What a validation found so far.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) errors: Vec<FieldError>,
    /// How many checks held: of several failed alternatives the one with most is reported.
    passed: u32,
}

impl Checks {
    pub(super) fn passed(&mut self) {
        self.passed += 1;
    }

    pub(super) fn fail(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    pub(super) fn wrong_type(&mut self, path: &Path<'_>, wanted: &str, found: &str) {
        let field = path.to_string();
        let detail = format!("{field} in body must be of type {wanted}: {}", go_quote(found));
        self.fail(FieldError::type_invalid(field, Value::from(found), detail));
    }

    pub(super) fn forbidden_property(&mut self, path: &Path<'_>, name: &str) {
        let field = path.to_string();
        let detail = format!("{field}.{name} in body is a forbidden property");
        self.fail(FieldError::invalid(field, Value::from(name), detail));
    }

    /// Checks a string format; formats the API server does not know are ignored.
    pub(super) fn format(&mut self, format: &str, text: &str, path: &Path<'_>) {
        if super::format::holds(format, text) {
            self.passed();
            return;
        }
        let field = path.to_string();
        let detail = format!("{field} in body must be of type {format}: {}", go_quote(text));
        self.fail(FieldError::type_invalid(field, Value::from(text), detail));
    }

    fn expect(&mut self, holds: bool, path: &Path<'_>, bad: impl FnOnce() -> Value, should: impl FnOnce() -> String) {
        if holds {
            self.passed();
        } else {
            let field = path.to_string();
            let detail = format!("{field} in body {}", should());
            self.fail(FieldError::invalid(field, bad(), detail));
        }
    }

    fn about_whole(&mut self, path: &Path<'_>, message: &str) {
        let detail = format!("{} {message}", go_quote(&path.to_string()));
        self.fail(FieldError::invalid("", Value::from(""), detail));
    }
}

impl Limits {
    pub(super) fn check(&self, value: &Value, path: &Path<'_>, checks: &mut Checks) {
        if !value.is_null() {
            self.alternatives(value, path, checks);
        }
        match value {
            Value::String(text) => self.string(text, path, checks),
            Value::Number(number) => self.number(number, path, checks),
            Value::Array(items) => self.array(items, path, checks),
            Value::Object(fields) => self.object(fields.len() as u64, path, checks),
            Value::Null | Value::Bool(_) => {}
        }
        if let Some(allowed) = &self.one_of_values {
            if allowed.iter().any(|one| same(one, value)) {
                checks.passed();
            } else {
                let words = allowed.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned));
                checks.fail(FieldError::not_supported(path.to_string(), value.clone(), words));
            }
        }
    }

    fn string(&self, text: &str, path: &Path<'_>, checks: &mut Checks) {
        if let Some(max) = self.max_length {
            if text.chars().count() as u64 > max {
                checks.fail(FieldError::too_long(path.to_string(), max));
                return;
            }
            checks.passed();
        }
        let bad = || Value::from(text);
        if let Some(min) = self.min_length {
            let long_enough = text.chars().count() as u64 >= min;
            checks.expect(long_enough, path, bad, || format!("should be at least {min} chars long"));
            if !long_enough {
                return;
            }
        }
        if let Some(pattern) = &self.pattern {
            let matches = pattern.regex.is_match(text);
            checks.expect(matches, path, bad, || format!("should match '{}'", pattern.source));
        }
    }

    fn number(&self, number: &Number, path: &Path<'_>, checks: &mut Checks) {
        let bad = || Value::Number(number.clone());
        if let Some(factor) = &self.multiple_of {
            let holds = is_multiple(number, factor);
            checks.expect(holds, path, bad, || format!("should be a multiple of {}", print(factor, number)));
        }
        if let Some(max) = &self.maximum {
            let order = compare(number, max);
            let holds = if self.exclusive_maximum { order.is_lt() } else { order.is_le() };
            let words = if self.exclusive_maximum { "less than" } else { "less than or equal to" };
            checks.expect(holds, path, bad, || format!("should be {words} {}", print(max, number)));
        }
        if let Some(min) = &self.minimum {
            let order = compare(number, min);
            let holds = if self.exclusive_minimum { order.is_gt() } else { order.is_ge() };
            let words = if self.exclusive_minimum { "greater than" } else { "greater than or equal to" };
            checks.expect(holds, path, bad, || format!("should be {words} {}", print(min, number)));
        }
    }

    fn array(&self, items: &[Value], path: &Path<'_>, checks: &mut Checks) {
        let size = items.len() as u64;
        if let Some(min) = self.min_items {
            checks.expect(size >= min, path, || Value::from(size), || format!("should have at least {min} items"));
        }
        if let Some(max) = self.max_items {
            if size > max {
                checks.fail(FieldError::too_many(path.to_string(), size, max));
            } else {
                checks.passed();
            }
        }
        if self.unique_items {
            let unique = items.iter().enumerate().all(|(index, item)| !items[..index].contains(item));
            checks.expect(unique, path, || Value::from(""), || "shouldn't contain duplicates".to_owned());
        }
    }

    fn object(&self, size: u64, path: &Path<'_>, checks: &mut Checks) {
        if let Some(min) = self.min_properties {
            checks.expect(size >= min, path, || Value::from(size), || format!("should have at least {min} properties"));
        }
        if let Some(max) = self.max_properties {
            if size > max {
                checks.fail(FieldError::too_many(path.to_string(), size, max));
            } else {
                checks.passed();
            }
        }
    }

    fn alternatives(&self, value: &Value, path: &Path<'_>, checks: &mut Checks) {
        if !self.any_of.is_empty() {
            let tried = Tried::all(&self.any_of, value, path);
            if tried.held == 0 {
                checks.about_whole(path, "must validate at least one schema (anyOf)");
                checks.errors.extend(tried.closest);
            }
        }
        if !self.one_of.is_empty() {
            let tried = Tried::all(&self.one_of, value, path);
            if tried.held != 1 {
                let found = match tried.held {
                    0 => "Found none valid".to_owned(),
                    several => format!("Found {several} valid alternatives"),
                };
                checks.about_whole(path, &format!("must validate one and only one schema (oneOf). {found}"));
                checks.errors.extend(tried.closest);
            }
        }
        if !self.all_of.is_empty() {
            let mut held = 0;
            for schema in &self.all_of {
                let before = checks.errors.len();
                schema.check(value, None, path, checks);
                held += usize::from(checks.errors.len() == before);
            }
            if held != self.all_of.len() {
                let none = if held == 0 { ". None validated" } else { "" };
                checks.about_whole(path, &format!("must validate all the schemas (allOf){none}"));
            }
        }
        if let Some(schema) = &self.not {
            let mut inner = Checks::default();
            schema.check(value, None, path, &mut inner);
            if inner.errors.is_empty() {
                checks.about_whole(path, "must not validate the schema (not)");
            }
        }
    }
}

/// The outcome of trying alternatives.
struct Tried {
    held: usize,
    /// The errors of the failed alternative that passed most checks; none once one held.
    closest: Vec<FieldError>,
}

impl Tried {
    fn all(schemas: &[Schema], value: &Value, path: &Path<'_>) -> Self {
        let mut held = 0;
        let mut closest: Option<Checks> = None;
        for schema in schemas {
            let mut inner = Checks::default();
            schema.check(value, None, path, &mut inner);
            if inner.errors.is_empty() {
                held += 1;
            } else if closest.as_ref().is_none_or(|best| inner.passed > best.passed) {
                closest = Some(inner);
            }
        }
        let closest = if held == 0 { closest.map(|best| best.errors).unwrap_or_default() } else { Vec::new() };
        Self { held, closest }
    }
}

/// Equality where `1` and `1.0` are the same.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare(a, b).is_eq(),
        _ => a == b,
    }
}

/// [`same`] all the way down.
pub(crate) fn same_deep(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((name, a), (other, b))| name == other && same_deep(a, b))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_deep(a, b)),
        _ => same(a, b),
    }
}

fn compare(a: &Number, b: &Number) -> std::cmp::Ordering {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a.cmp(&b);
    }
    let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
    a.total_cmp(&b)
}

fn is_multiple(number: &Number, factor: &Number) -> bool {
    if let (Some(number), Some(factor)) = (number.as_i64(), factor.as_i64()) {
        return factor > 0 && number % factor == 0;
    }
    let (Some(number), Some(factor)) = (number.as_f64(), factor.as_f64()) else { return false };
    let quotient = if factor < 1.0 { 1.0 / factor * number } else { number / factor };
    (quotient - quotient.round()).abs() < 1e-9
}

/// A limit beside an integer prints as an integer, beside a float as Go's `%v` of a float.
fn print(limit: &Number, beside: &Number) -> String {
    match (beside.is_f64(), limit.as_f64()) {
        (true, Some(f)) => go_float(f),
        (false, Some(f)) if limit.is_f64() => format!("{}", f.trunc()),
        _ => limit.to_string(),
    }
}

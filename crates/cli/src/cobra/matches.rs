//! Flags and arguments as given.

use super::value::Value;
use rollouts_api::GoDuration;
use std::collections::{BTreeMap, BTreeSet};

/// What was given, with defaults for what was not. The getters panic when the command declares no such flag of that
/// kind: a mistake in the program, not of its user.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    pub(super) values: BTreeMap<&'static str, Value>,
    pub(super) changed: BTreeSet<&'static str>,
    pub(super) args: Vec<String>,
}

impl Matches {
    /// Positional arguments.
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// The n-th positional argument, or "".
    pub fn arg(&self, n: usize) -> &str {
        self.args.get(n).map_or("", String::as_str)
    }

    /// Whether the flag was given.
    pub fn changed(&self, flag: &str) -> bool {
        self.changed.contains(flag)
    }

    /// Value of a switch.
    pub fn bool(&self, flag: &str) -> bool {
        match self.values.get(flag) {
            Some(Value::Bool(b)) => *b,
            other => undeclared(flag, other),
        }
    }

    /// Value of a number.
    pub fn int(&self, flag: &str) -> i64 {
        match self.values.get(flag) {
            Some(Value::Int(n)) => *n,
            other => undeclared(flag, other),
        }
    }

    /// Value of a duration.
    pub fn duration(&self, flag: &str) -> GoDuration {
        match self.values.get(flag) {
            Some(Value::Duration(d)) => *d,
            other => undeclared(flag, other),
        }
    }

    /// Value of a text.
    pub fn text(&self, flag: &str) -> &str {
        match self.values.get(flag) {
            Some(Value::Text(text)) => text,
            other => undeclared(flag, other),
        }
    }

    /// Value of a text, unless it is empty.
    pub fn text_opt(&self, flag: &str) -> Option<&str> {
        Some(self.text(flag)).filter(|text| !text.is_empty())
    }

    /// Values of a repeated text.
    pub fn list(&self, flag: &str) -> &[String] {
        match self.values.get(flag) {
            Some(Value::List(list)) => list,
            other => undeclared(flag, other),
        }
    }

    /// Whether a text, or a repeated text, has no value.
    pub(super) fn is_empty(&self, flag: &str) -> bool {
        match self.values.get(flag) {
            Some(Value::Text(text)) => text.is_empty(),
            Some(Value::List(list)) => list.is_empty(),
            other => undeclared(flag, other),
        }
    }

    /// Whether such a flag is declared.
    pub fn declares(&self, flag: &str) -> bool {
        self.values.contains_key(flag)
    }
}

fn undeclared(flag: &str, found: Option<&Value>) -> ! {
    panic!("flag {flag} is not declared as read: {found:?}")
}

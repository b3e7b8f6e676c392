//! Arguments of a run: from their sources into its metrics (analysis.md §3.1).

mod json;

use super::tags::{self, TagError};
use rollouts_api::analysis::{Argument, Metric, SecretKeyRef};
use rollouts_api::go_json;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Stands for a secret wherever its value is not needed: what is validated, decided and told knows no secrets.
pub const SECRET_PLACEHOLDER: &str = "temp-for-secret";

/// Values of secrets.
pub type Secrets = BTreeMap<SecretKeyRef, String>;

/// Why the arguments of a metric could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentError {
    /// An argument has no value, whether anything uses it or not.
    NotSupplied(String),
    /// A tag is not an argument.
    Tag(TagError),
    /// What came out is no metric.
    Malformed(String),
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArgumentError::NotSupplied(name) => write!(f, "argument \"{name}\" was not supplied"),
            ArgumentError::Tag(e) => e.fmt(f),
            ArgumentError::Malformed(e) => f.write_str(e),
        }
    }
}

impl std::error::Error for ArgumentError {}

/// A secret that an argument refers to and that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingSecret {
    /// There is no such Secret.
    Secret(SecretKeyRef),
    /// The Secret has no such key.
    Key(SecretKeyRef),
}

impl fmt::Display for MissingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MissingSecret::Secret(SecretKeyRef { name, .. }) => write!(f, "secrets \"{name}\" not found"),
            MissingSecret::Key(SecretKeyRef { name, key }) => {
                write!(f, "key '{key}' does not exist in secret '{name}'")
            }
        }
    }
}

impl std::error::Error for MissingSecret {}

/// Message of a run that ends because of `error`.
pub fn unresolved(error: impl fmt::Display) -> String {
    format!("Unable to resolve metric arguments: {error}")
}

/// The secrets that a run with these arguments needs, used or not. Where an argument has a value besides, the secret
/// wins.
pub fn secrets(args: &[Argument]) -> BTreeSet<&SecretKeyRef> {
    args.iter().filter_map(secret).collect()
}

fn secret(arg: &Argument) -> Option<&SecretKeyRef> {
    arg.value_from.as_ref().and_then(|from| from.secret_key_ref.as_ref())
}

/// Values of all arguments of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments<'a> {
    values: BTreeMap<&'a str, &'a str>,
}

impl<'a> Arguments<'a> {
    /// With [`SECRET_PLACEHOLDER`] for every secret.
    pub fn without_secrets(args: &'a [Argument]) -> Result<Self, ArgumentError> {
        Self::new(args, |_| Some(SECRET_PLACEHOLDER))
    }

    /// With the values of all [`secrets`]. To be used where a measurement is taken, and nowhere else.
    pub fn with_secrets(args: &'a [Argument], secrets: &'a Secrets) -> Result<Self, ArgumentError> {
        Self::new(args, |reference| secrets.get(reference).map(String::as_str))
    }

    /// With the values of those [`secrets`] that could be had, and [`SECRET_PLACEHOLDER`] for the others: enough to
    /// look at a measurement that has begun, or to end it.
    pub fn with_known_secrets(args: &'a [Argument], secrets: &'a Secrets) -> Result<Self, ArgumentError> {
        Self::new(args, |reference| Some(secrets.get(reference).map_or(SECRET_PLACEHOLDER, String::as_str)))
    }

    fn new(
        args: &'a [Argument],
        secret_value: impl Fn(&'a SecretKeyRef) -> Option<&'a str>,
    ) -> Result<Self, ArgumentError> {
        let mut values = BTreeMap::new();
        for arg in args {
            let value = match secret(arg) {
                Some(reference) => secret_value(reference),
                None => arg.value.as_deref(),
            };
            let value = value.ok_or_else(|| ArgumentError::NotSupplied(arg.name.clone()))?;
            values.insert(arg.name.as_str(), value);
        }
        Ok(Arguments { values })
    }

    /// `metric` with its `{{args.NAME}}` filled in, wherever in its text they stand; itself when there are none.
    pub fn resolve<'m>(&self, metric: &'m Metric) -> Result<Cow<'m, Metric>, ArgumentError> {
        if !json::has_tags(metric) {
            return Ok(Cow::Borrowed(metric));
        }
        let malformed = |e: serde_json::Error| ArgumentError::Malformed(e.to_string());
        let text = json::text(metric).map_err(malformed)?;
        let text = tags::substitute(&text, |tag, out| self.write(tag, out)).map_err(ArgumentError::Tag)?;
        serde_json::from_str(&text).map(Cow::Owned).map_err(malformed)
    }

    /// Appends the value of a tag as the inside of a JSON string.
    fn write(&self, tag: &str, out: &mut String) -> bool {
        let Some(name) = tag.strip_prefix("args.") else {
            return false;
        };
        let Some(value) = self.values.get(&*json::unescaped(name)) else {
            return false;
        };
        let mut quoted = String::with_capacity(value.len() + 2);
        go_json::escape(value, &mut quoted);
        out.push_str(&quoted[1..quoted.len() - 1]);
        true
    }
}

#[cfg(test)]
mod tests;

//! Flags.

use super::value::Value;
use rollouts_api::GoDuration;

/// A flag as declared.
#[derive(Debug, Clone)]
pub struct Flag {
    pub(super) name: &'static str,
    pub(super) short: Option<char>,
    pub(super) usage: &'static str,
    pub(super) default: Value,
    pub(super) deprecated: Option<&'static str>,
    pub(super) values: Values,
}

/// What a shell offers as the value of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Names of files.
    Files,
    /// Names of directories.
    Directories,
    /// These words.
    Words(&'static [&'static str]),
    /// What the program finds when it is asked.
    Asked,
    /// Nothing: only the user can know it.
    Unknown,
}

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, or `=true` / `=false`.
    Bool,
    /// A 64-bit integer, also in Go's other notations (`0x1f`, `1_000`).
    Int,
    /// A Go duration (`1m30s`).
    Duration,
    /// Any text.
    Text,
    /// Any text; given again, one more.
    List,
}

impl Kind {
    /// What help calls a value of it, in pflag's words.
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Duration => "duration",
            Kind::Text => "string",
            Kind::List => "stringArray",
        }
    }
}

impl Flag {
    fn new(name: &'static str, default: Value, usage: &'static str) -> Self {
        let values = match default.kind() {
            Kind::Bool => Values::Words(&["true", "false"]),
            Kind::Int | Kind::Duration => Values::Unknown,
            Kind::Text | Kind::List => Values::Files,
        };
        Flag { name, short: None, usage, default, deprecated: None, values }
    }

    /// A switch, off unless given.
    pub fn switch(name: &'static str, usage: &'static str) -> Self {
        Flag::new(name, Value::Bool(false), usage)
    }

    /// A switch, on unless `=false` is given.
    pub fn switch_on(name: &'static str, usage: &'static str) -> Self {
        Flag::new(name, Value::Bool(true), usage)
    }

    /// A number.
    pub fn int(name: &'static str, default: i64, usage: &'static str) -> Self {
        Flag::new(name, Value::Int(default), usage)
    }

    /// A duration, zero unless given.
    pub fn duration(name: &'static str, usage: &'static str) -> Self {
        Flag::new(name, Value::Duration(GoDuration::default()), usage)
    }

    /// A duration of `seconds` unless given.
    pub fn duration_of(name: &'static str, seconds: i64, usage: &'static str) -> Self {
        Flag::new(name, Value::Duration(GoDuration::from_secs(seconds)), usage)
    }

    /// A text.
    pub fn text(name: &'static str, default: impl Into<String>, usage: &'static str) -> Self {
        Flag::new(name, Value::Text(default.into()), usage)
    }

    /// A text that may be given several times.
    pub fn list(name: &'static str, default: &[&str], usage: &'static str) -> Self {
        Flag::new(name, Value::List(default.iter().map(|s| (*s).to_string()).collect()), usage)
    }

    /// The one-letter form.
    #[must_use]
    pub fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    /// What shells offer as its value: files, unless it says otherwise, where the value is a text.
    #[must_use]
    pub fn values(mut self, values: Values) -> Self {
        self.values = values;
        self
    }

    /// Still accepted but no longer shown; `advice` is printed when it is used.
    #[must_use]
    pub fn deprecated(mut self, advice: &'static str) -> Self {
        self.deprecated = Some(advice);
        self
    }

    /// The long form, without dashes.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it takes.
    pub fn kind(&self) -> Kind {
        self.default.kind()
    }

    /// `-t, --timeout`, as errors name it.
    pub(super) fn both_forms(&self) -> String {
        match self.short {
            Some(letter) => format!("-{letter}, --{}", self.name),
            None => format!("--{}", self.name),
        }
    }
}

//! The words of the language.

use std::fmt;

/// What sort of word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name.
    Identifier,
    /// A number as it was written.
    Number,
    /// A text, without its quotes and with its escapes resolved.
    Text,
    /// Bytes, as hexadecimal digits.
    Bytes,
    /// `(`, `[`, `{` and their counterparts.
    Bracket,
    /// A sign or a word that is an operator.
    Operator,
    /// The end.
    Eof,
}

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Its sort.
    pub kind: Kind,
    /// What it says.
    pub value: String,
}

impl Token {
    /// Whether it is this very word.
    pub fn is(&self, kind: Kind, value: &str) -> bool {
        self.kind == kind && self.value == value
    }
}

impl fmt::Display for Token {
    /// As messages name it: `Operator("=")`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::Identifier => "Identifier",
            Kind::Number => "Number",
            Kind::Text => "String",
            Kind::Bytes => "Bytes",
            Kind::Bracket => "Bracket",
            Kind::Operator => "Operator",
            Kind::Eof => return f.write_str("EOF"),
        };
        write!(f, "{name}({})", rollouts_api::field::quote(&self.value))
    }
}

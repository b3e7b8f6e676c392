//! What is wrong with a text as YAML.

use super::Position;
use granit_parser::{ErrorKind, ScanError};

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub at: Position,
    /// In words.
    pub message: String,
    /// A key that stands twice in its mapping, rather than a text that cannot be read.
    pub is_repeated_key: bool,
}

impl Problem {
    pub(super) fn new(at: Position, message: impl Into<String>) -> Problem {
        Problem { at, message: message.into(), is_repeated_key: false }
    }

    pub(super) fn repeated_key(at: Position, key: &str) -> Problem {
        let message = format!("key {} already set in map", rollouts_api::field::quote(key));
        Problem { at, message, is_repeated_key: true }
    }

    pub(super) fn syntax(error: &ScanError) -> Problem {
        let marker = error.marker();
        let at = Position { line: marker.line().max(1), column: marker.col() + 1 };
        Problem::new(at, words(error.kind()))
    }

    /// As Go's parser says it, which leaves out the first line.
    pub fn go_text(&self) -> String {
        let line = self.at.line;
        if self.is_repeated_key {
            return format!("error converting YAML to JSON: yaml: unmarshal errors:\n  line {line}: {}", self.message);
        }
        if line > 1 { format!("yaml: line {line}: {}", self.message) } else { format!("yaml: {}", self.message) }
    }
}

/// Go's words where they differ: it leaves out what was being read.
fn words(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => "found a tab character where an indentation space is expected".into(),
        ErrorKind::UnclosedQuotedScalar => "found unexpected end of stream".into(),
        ErrorKind::UnclosedFlowCollection { open: '[' } => "did not find expected ',' or ']'".into(),
        ErrorKind::UnclosedFlowCollection { .. } => "did not find expected ',' or '}'".into(),
        ErrorKind::UnknownAnchor => "unknown anchor referenced".into(),
        other => {
            let text = other.to_string();
            match text.split_once(", ") {
                Some((context, problem)) if context.starts_with("while ") => problem.into(),
                _ => text,
            }
        }
    }
}

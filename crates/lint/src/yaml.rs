//! YAML, and JSON as a part of it, with the place of every key and value.
//!
//! Documents are read as Kubernetes' tools read them: as YAML 1.1 (`on` is a boolean, `0x10` a number), with merge keys,
//! and keys of any scalar type as text.

mod build;
mod node;
mod problem;
mod scalar;

pub use node::{Content, Entry, Node, Position};
pub use problem::Problem;

use build::Builder;
use granit_parser::{Event, Options, Parser};

/// Collections within each other, of each style. No manifest comes near.
const NESTING_MAX: usize = 100;

/// One document of a stream.
#[derive(Debug)]
pub struct Document {
    /// What it says; `None` when it is no YAML, which is a problem, or empty.
    pub root: Option<Node>,
    /// What is wrong with it as YAML.
    pub problems: Vec<Problem>,
}

/// The documents of `text`. What is wrong with one does not hide those behind it.
pub fn documents(text: &str) -> Vec<Document> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = NESTING_MAX;
    options.block_nesting_limit = NESTING_MAX;
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut documents = Vec::new();
    let mut builder = Builder::default();
    loop {
        match parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => return documents,
            Some(Ok((Event::StreamStart, _))) => {}
            Some(Ok((Event::DocumentStart(..), _))) => builder = Builder::default(),
            Some(Ok((Event::DocumentEnd, _))) => documents.push(std::mem::take(&mut builder).finish()),
            Some(Ok((event, span))) => builder.take(event, span.start),
            Some(Err(error)) => {
                let mut broken = std::mem::take(&mut builder).finish();
                broken.root = None;
                broken.problems.push(Problem::syntax(&error));
                documents.push(broken);
                // What comes next cannot be found: the rest is lost, and an error is told.
                if !parser.proceed_next_document().unwrap_or(false) {
                    return documents;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Findings as text, and in the forms that other programs read. docs/lint.md describes them.

mod github;
mod json;
mod sarif;
mod text;

pub use github::github;
pub use json::json;
pub use sarif::sarif;
pub use text::{Text, text};

#[cfg(test)]
mod tests;

//! From text to a tree.

pub mod ast;
pub mod escape;
pub mod lexer;
pub mod number;
pub mod operator;
pub mod parser;
pub mod token;

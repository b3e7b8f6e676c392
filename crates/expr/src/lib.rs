//! Go's expr language (expr-lang.org, 1.17) as conditions of metrics use it: the same values, the same refusals
//! before an expression runs, the same messages.
//!
//! ```
//! use rollouts_api::Clock;
//! use rollouts_expr::{Evaluator, Expr, Value};
//!
//! let expr = Expr::new(Clock::new(|| "2026-01-02T03:04:05Z".parse().expect("a time")));
//! let result = Value::Floats(vec![0.99, 0.97]);
//! assert_eq!(expr.condition("all(result, # > 0.95)", &result), Ok(true));
//! let why = expr.condition("result > 0.95", &result).expect_err("a list is no number");
//! assert_eq!(why.to_string(), "invalid operation: > (mismatched types []float64 and float64)");
//! ```
//!
//! An expression goes through what it goes through in Go: the parser makes a tree of its text, the checker refuses what
//! cannot work given the type of `result`, constants are computed (which one can see), and it runs within
//! [`limits`].
//!
//! The crate `expr-lang` evaluates most expressions alike, but its tree is private and it checks nothing before it
//! runs: a checker would have had to parse everything a second time, and an index out of range, printed floats and
//! messages would still have differed. So the engine is our own, and that crate is its oracle in tests.
//!
//! Differences, all on purpose or of no weight: texts are UTF-8 (a slice through a character leaves U+FFFD); `keys`,
//! `values` and `toPairs` follow the order of the keys, and NaN is sorted last (Go's order is random, or none); a zone
//! abbreviation in a date is forgotten once it is read, and `Local` is UTC; a fractional power may differ in its last
//! digit; a method that is not called is no value; and an expression has the bounds that [`limits`] names.

mod builtins;
mod check;
mod cloudwatch;
mod env;
mod error;
mod eval;
mod evaluator;
mod fold;
mod go;
pub mod limits;
mod measure;
#[cfg(test)]
mod recorded;
mod rewrite;
mod syntax;
mod types;
mod value;

pub use cloudwatch::{Message, MetricData};
pub use error::Error;
pub use evaluator::{Evaluator, Expr};
pub use measure::{Phase, measure};
pub use value::Value;

/// Why `source` is no expression, whatever `result` may be.
pub fn syntax_error(source: &str) -> Option<Error> {
    syntax::parser::parse(source).err()
}

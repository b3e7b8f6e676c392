//! The seam between those who have expressions and the language they are in.

use crate::check;
use crate::env::Environment;
use crate::error::{Result, fail};
use crate::eval;
use crate::eval::value::Val;
use crate::fold;
use crate::syntax::parser;
use crate::types::Type;
use crate::value::Value;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use rollouts_api::Clock;

/// What evaluates expressions.
pub trait Evaluator {
    /// Whether the condition `source` holds for `result`. The error's text is the bare message, to be wrapped.
    fn condition(&self, source: &str, result: &Value) -> Result<bool>;

    /// The time that `source` means at `now`: an end of a range query.
    fn time(&self, source: &str, now: Timestamp) -> Result<Timestamp>;
}

/// The language as this crate implements it.
#[derive(Debug, Clone)]
pub struct Expr {
    clock: Clock,
}

impl Expr {
    /// An evaluator whose `now()` in conditions is what `clock` says.
    pub fn new(clock: Clock) -> Self {
        Expr { clock }
    }
}

impl Evaluator for Expr {
    fn condition(&self, source: &str, result: &Value) -> Result<bool> {
        let result = Some((Type::of(result), Val::from(result)));
        match evaluate(source, &Environment { result, now: zoned(self.clock.now()) })? {
            Val::Bool(holds) => Ok(holds),
            other => fail!("expected bool, but got {}", other.type_name()),
        }
    }

    fn time(&self, source: &str, now: Timestamp) -> Result<Timestamp> {
        match evaluate(source, &Environment { result: None, now: zoned(now) })? {
            Val::Time(time) => Ok(time.timestamp()),
            other => fail!("expected time.Time, but got {}", other.type_name()),
        }
    }
}

fn zoned(time: Timestamp) -> Zoned {
    time.to_zoned(TimeZone::UTC)
}

/// The value of `source`.
pub(crate) fn evaluate(source: &str, environment: &Environment) -> Result<Val> {
    let mut tree = parser::parse(source)?;
    check::check(&mut tree, environment)?;
    fold::fold(&mut tree)?;
    eval::run(&tree, environment)
}

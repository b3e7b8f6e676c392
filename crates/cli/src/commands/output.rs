//! The flag `-o` of commands that print for people, or JSON for programs.

use crate::cobra::{Flag, Matches, Values};
use crate::context::Context;
use crate::failure::Result;
use serde_json::Value;

pub(super) fn flag() -> Flag {
    Flag::text("output", "", "What to print: nothing for people, or json").short('o').values(Values::Words(&["json"]))
}

/// Whether JSON is asked for.
pub(super) fn is_json(matches: &Matches) -> Result<bool> {
    match matches.text("output") {
        "" => Ok(false),
        "json" => Ok(true),
        other => Err(format!("output {other:?} is not supported; it is json, or none").into()),
    }
}

pub(super) fn print_json(context: &mut Context<'_>, value: &Value) -> Result {
    context.print(&format!("{value:#}\n"))
}

//! `-o` of the commands that show templates or triggers.

use super::fail;
use crate::context::Context;
use crate::failure::{Failure, Result};
use rollouts_api::yaml;
use rollouts_view::table;
use serde::Serialize;
use std::collections::BTreeMap;

/// Prints `entries`, the one called `name` alone if there is a name. `rows` gives the rows of an entry in the table.
pub(super) fn print<T: Serialize>(
    context: &mut Context<'_>,
    entries: &BTreeMap<String, T>,
    titles: &[&str],
    rows: impl Fn(&str, &T) -> Vec<Vec<String>>,
) -> Result {
    let wanted = context.matches.arg(0);
    let entries: BTreeMap<&str, &T> = entries
        .iter()
        .map(|(name, entry)| (name.as_str(), entry))
        .filter(|(name, _)| wanted.is_empty() || *name == wanted)
        .collect();
    let text = match context.matches.text("output") {
        "name" => entries.keys().map(|name| format!("{name}\n")).collect(),
        "json" => serde_json::to_string_pretty(&entries).map_err(|e| e.to_string())? + "\n",
        "yaml" => yaml::to_string(&serde_json::to_value(&entries).map_err(|e| e.to_string())?),
        "" | "wide" => {
            let mut table = vec![titles.iter().map(|title| (*title).to_owned()).collect()];
            table.extend(entries.iter().flat_map(|(name, entry)| rows(name, entry)));
            table::layout(&table)
        }
        other => return Err(format!("output '{other}' is not supported").into()),
    };
    context.print(&text)
}

/// The settings cannot be read.
pub(super) fn failed_to_get(context: &mut Context<'_>, problem: &str) -> Failure {
    fail(context, &format!("failed to get api: {problem}"))
}

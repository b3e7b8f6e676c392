//! Times.

use crate::error::{Error, Result, fail};
use crate::eval::ops;
use crate::eval::value::Val;
use crate::go::layout;
use jiff::tz::TimeZone;
use rollouts_api::GoDuration;
use std::sync::Arc;

/// What `date` tries when it is not told how its text is written.
const LAYOUTS: &[&str] = &[
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
];

/// `duration`.
pub fn duration(val: &Val) -> Result<Val> {
    GoDuration::parse(&ops::text(val)?).map(Val::Duration).map_err(|why| Error::new(why.to_string()))
}

/// `date(text)`, `date(text, layout)`, `date(text, layout, zone)`.
pub fn date(arguments: &[Val]) -> Result<Val> {
    let text = ops::text(arguments.first().unwrap_or(&Val::Nil))?;
    let layout = arguments.get(1).map(ops::text).transpose()?;
    let zone = match arguments.get(2) {
        Some(zone) => find_zone(&ops::text(zone)?)?,
        None => TimeZone::UTC,
    };
    if let Some(layout) = layout {
        return layout::parse(&layout, &text, &zone).map(Val::time).map_err(Error::new);
    }
    match LAYOUTS.iter().find_map(|layout| layout::parse(layout, &text, &zone).ok()) {
        Some(time) => Ok(Val::time(time)),
        None => fail!("invalid date {text}"),
    }
}

/// `timezone`.
pub fn timezone(name: &str) -> Result<Val> {
    find_zone(name).map(|zone| Val::Location(Arc::new(zone)))
}

/// A zone by its name in the database; `Local` is UTC, as it is where the controller runs.
fn find_zone(name: &str) -> Result<TimeZone> {
    if matches!(name, "" | "UTC" | "Local") {
        return Ok(TimeZone::UTC);
    }
    if name.contains("..") || name.starts_with(['/', '\\']) {
        return fail!("time: invalid location name");
    }
    TimeZone::get(name).map_or_else(|_| fail!("unknown time zone {name}"), Ok)
}

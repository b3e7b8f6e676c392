//! Methods of times, durations and their like.

use super::ops;
use super::value::{IntKind, Val};
use crate::error::{Result, fail};
use crate::go::{layout, print};
use jiff::Zoned;
use jiff::tz::TimeZone;
use rollouts_api::GoDuration;
use std::sync::Arc;

/// Whether `val` has a method `name`.
pub fn knows(val: &Val, name: &str) -> bool {
    const TIME: &[&str] = &[
        "Year",
        "Month",
        "Day",
        "Hour",
        "Minute",
        "Second",
        "Nanosecond",
        "YearDay",
        "Weekday",
        "Unix",
        "UnixMilli",
        "UnixMicro",
        "UnixNano",
        "UTC",
        "Local",
        "IsZero",
        "String",
        "Format",
        "Add",
        "AddDate",
        "Sub",
        "Before",
        "After",
        "Equal",
        "Compare",
        "In",
        "Location",
        "Truncate",
        "Round",
    ];
    const DURATION: &[&str] = &[
        "Hours",
        "Minutes",
        "Seconds",
        "Milliseconds",
        "Microseconds",
        "Nanoseconds",
        "String",
        "Abs",
        "Truncate",
        "Round",
    ];
    match val {
        Val::Time(_) => TIME.contains(&name),
        Val::Duration(_) => DURATION.contains(&name),
        Val::Location(_) | Val::Int(IntKind::Month | IntKind::Weekday, _) => name == "String",
        _ => false,
    }
}

/// Calls the method `name`, which `val` has.
pub fn call(val: &Val, name: &str, arguments: &[Val]) -> Result<Val> {
    match val {
        Val::Time(time) => of_time(time, name, arguments),
        Val::Duration(duration) => of_duration(*duration, name, arguments),
        other => Ok(Val::text(&print::plain(other))),
    }
}

fn of_time(time: &Arc<Zoned>, name: &str, arguments: &[Val]) -> Result<Val> {
    let int64 = |n: i64| Val::Int(IntKind::Int64, n);
    let stamp = time.timestamp();
    Ok(match (name, arguments) {
        ("Year", []) => Val::int(i64::from(time.year())),
        ("Month", []) => Val::Int(IntKind::Month, i64::from(time.month())),
        ("Day", []) => Val::int(i64::from(time.day())),
        ("Hour", []) => Val::int(i64::from(time.hour())),
        ("Minute", []) => Val::int(i64::from(time.minute())),
        ("Second", []) => Val::int(i64::from(time.second())),
        ("Nanosecond", []) => Val::int(i64::from(time.subsec_nanosecond())),
        ("YearDay", []) => Val::int(i64::from(time.day_of_year())),
        ("Weekday", []) => Val::Int(IntKind::Weekday, print::weekday_number(time.weekday())),
        ("Unix", []) => int64(stamp.as_nanosecond().div_euclid(1_000_000_000) as i64),
        ("UnixMilli", []) => int64(stamp.as_nanosecond().div_euclid(1_000_000) as i64),
        ("UnixMicro", []) => int64(stamp.as_nanosecond().div_euclid(1_000) as i64),
        // Go leaves open what comes of years that do not fit.
        ("UnixNano", []) => int64(stamp.as_nanosecond() as i64),
        ("UTC" | "Local", []) => Val::time(time.with_time_zone(TimeZone::UTC)),
        ("IsZero", []) => Val::Bool(stamp.as_second() == ZERO_TIME && stamp.subsec_nanosecond() == 0),
        ("String", []) => Val::text(&print::time(time)),
        ("Location", []) => Val::Location(Arc::new(time.time_zone().clone())),
        ("Format", [Val::Text(text)]) => Val::text(&layout::format(time, text)),
        ("Add", [Val::Duration(by)]) => ops::shifted(time, by.nanos())?,
        ("AddDate", [Val::Int(_, years), Val::Int(_, months), Val::Int(_, days)]) => {
            add_date(time, *years, *months, *days)?
        }
        ("Sub", [Val::Time(other)]) => Val::Duration(ops::between(other, time)),
        ("Before", [Val::Time(other)]) => Val::Bool(stamp < other.timestamp()),
        ("After", [Val::Time(other)]) => Val::Bool(stamp > other.timestamp()),
        ("Equal", [Val::Time(other)]) => Val::Bool(stamp == other.timestamp()),
        ("Compare", [Val::Time(other)]) => Val::int(stamp.cmp(&other.timestamp()) as i64),
        ("In", [Val::Location(zone)]) => Val::time(time.with_time_zone(TimeZone::clone(zone))),
        ("Truncate", [Val::Duration(to)]) => ops::shifted(time, -past(time, *to))?,
        ("Round", [Val::Duration(to)]) => {
            let past = past(time, *to);
            ops::shifted(time, if past * 2 < to.nanos() { -past } else { to.nanos() - past })?
        }
        _ => return mismatch(name, arguments),
    })
}

/// Seconds of Go's zero time, the first of January of the year 1, before 1970.
const ZERO_TIME: i64 = -62_135_596_800;

/// How many nanoseconds `time` is past a multiple of `to` since Go's zero time.
fn past(time: &Zoned, to: GoDuration) -> i64 {
    if to.nanos() <= 0 {
        return 0;
    }
    let since = time.timestamp().as_nanosecond() - i128::from(ZERO_TIME) * 1_000_000_000;
    i64::try_from(since.rem_euclid(i128::from(to.nanos()))).unwrap_or(0)
}

/// Days and months beyond their ends run into the next.
fn add_date(time: &Zoned, years: i64, months: i64, days: i64) -> Result<Val> {
    let all = i64::from(time.month()) - 1;
    let all = all.checked_add(months).and_then(|m| years.checked_mul(12).and_then(|y| m.checked_add(y)));
    let moved = all.and_then(|all| {
        let year = i16::try_from(i64::from(time.year()).checked_add(all.div_euclid(12))?).ok()?;
        let month = i8::try_from(all.rem_euclid(12) + 1).ok()?;
        let first = jiff::civil::Date::new(year, month, 1).ok()?;
        let days = days.checked_add(i64::from(time.day()) - 1)?;
        let span = jiff::Span::new().try_days(days).ok()?;
        let date = first.checked_add(span).ok()?;
        date.to_datetime(time.time()).to_zoned(time.time_zone().clone()).ok()
    });
    moved.map_or_else(|| fail!("time out of range"), |time| Ok(Val::time(time)))
}

fn of_duration(duration: GoDuration, name: &str, arguments: &[Val]) -> Result<Val> {
    let int64 = |n: i64| Val::Int(IntKind::Int64, n);
    let nanos = duration.nanos();
    let made = |nanos: i64| Val::Duration(GoDuration::from_nanos(nanos));
    // As Go divides: whole units first, so that they stay exact.
    let units = |unit: i64| Val::Float((nanos / unit) as f64 + (nanos % unit) as f64 / unit as f64);
    Ok(match (name, arguments) {
        ("Hours", []) => units(3_600_000_000_000),
        ("Minutes", []) => units(60_000_000_000),
        ("Seconds", []) => units(1_000_000_000),
        ("Milliseconds", []) => int64(nanos / 1_000_000),
        ("Microseconds", []) => int64(nanos / 1_000),
        ("Nanoseconds", []) => int64(nanos),
        ("String", []) => Val::text(&duration.to_string()),
        ("Abs", []) => made(nanos.saturating_abs()),
        ("Truncate", [Val::Duration(to)]) if to.nanos() <= 0 => made(nanos),
        ("Truncate", [Val::Duration(to)]) => made(nanos - nanos % to.nanos()),
        ("Round", [Val::Duration(to)]) if to.nanos() <= 0 => made(nanos),
        ("Round", [Val::Duration(to)]) => {
            let past = nanos % to.nanos();
            let away = past.saturating_abs() >= to.nanos() - past.saturating_abs();
            made(if away { (nanos - past).saturating_add(to.nanos() * past.signum()) } else { nanos - past })
        }
        _ => return mismatch(name, arguments),
    })
}

/// Arguments of a method that only became known now.
fn mismatch(name: &str, arguments: &[Val]) -> Result<Val> {
    let given: Vec<String> = arguments.iter().map(Val::type_name).collect();
    fail!("cannot use ({}) as arguments to call {name}", given.join(", "))
}

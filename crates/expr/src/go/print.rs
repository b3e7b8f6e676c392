//! Go's `%v`.

use crate::eval::value::{IntKind, Key, Val};
use crate::limits::MAX_SHOWN;
use jiff::Zoned;
use jiff::civil::Weekday;
use std::fmt::Write as _;

/// `val` as `%v` prints it, for messages: not more than [`MAX_SHOWN`] bytes of it and what they cut.
pub fn plain(val: &Val) -> String {
    let mut out = String::new();
    write(&mut out, val, MAX_SHOWN);
    out
}

/// Appends `val` as `%v` prints it, until `out` has `limit` bytes. Lists may share their elements: a short expression
/// can make one that would take years to print.
pub fn write(out: &mut String, val: &Val, limit: usize) {
    if out.len() >= limit {
        return;
    }
    match val {
        Val::Nil => out.push_str("<nil>"),
        Val::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Val::Int(kind, n) => out.push_str(&integer(*kind, *n)),
        Val::Float(f) => out.push_str(&float(*f)),
        Val::Text(text) => out.push_str(&text[..text.floor_char_boundary(limit - out.len())]),
        Val::List(list) => enclosed(out, ["[", "]"], list.items(), |out, item| write(out, item, limit)),
        Val::Map(map) => enclosed(out, ["map[", "]"], map.entries(), |out, (key, value): (&Key, &Val)| {
            write(out, &key.val(), limit);
            out.push(':');
            write(out, value, limit);
        }),
        Val::Time(time) => out.push_str(&self::time(time)),
        Val::Duration(duration) => write!(out, "{duration}").expect("writing to a String cannot fail"),
        Val::Location(zone) => out.push_str(zone.iana_name().unwrap_or("UTC")),
        Val::Struct(one) => enclosed(out, ["{", "}"], &one.fields, |out, field| write(out, field, limit)),
        // Go prints an address.
        Val::Function(function) => out.push_str(function.name()),
    }
}

fn enclosed<T>(out: &mut String, by: [&str; 2], items: impl IntoIterator<Item = T>, one: impl Fn(&mut String, T)) {
    out.push_str(by[0]);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        one(out, item);
    }
    out.push_str(by[1]);
}

fn integer(kind: IntKind, n: i64) -> String {
    match kind {
        IntKind::Month => month(n),
        IntKind::Weekday => weekday(n),
        IntKind::Int | IntKind::Int64 | IntKind::Byte => n.to_string(),
    }
}

/// `time.Month.String`.
pub fn month(n: i64) -> String {
    let name = usize::try_from(n - 1).ok().and_then(|at| super::layout::MONTHS.get(at));
    name.map_or_else(|| format!("%!Month({n})"), |name| (*name).to_owned())
}

/// `time.Weekday.String`.
pub fn weekday(n: i64) -> String {
    let name = usize::try_from(n).ok().and_then(|at| super::layout::WEEKDAYS.get(at));
    name.map_or_else(|| format!("%!Weekday({n})"), |name| (*name).to_owned())
}

/// Go's number of a weekday: Sunday is 0.
pub fn weekday_number(day: Weekday) -> i64 {
    i64::from(day.to_sunday_zero_offset())
}

/// A `float64`: the shortest digits that read back, with an exponent below -4 and from 6 on. Its exponent has
/// a sign and at least two digits.
pub fn float(f: f64) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{f:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if f != 0.0 && !(-4..EXPONENT).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
    f.to_string()
}

/// From this decimal exponent on, `%v` writes one.
const EXPONENT: i32 = 6;

/// `int64(f)` as amd64 does it: what does not fit is the least integer.
pub fn truncate(f: f64) -> i64 {
    // 2^63 itself is the first that does not fit; what is no number fits nowhere.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&f) { f as i64 } else { i64::MIN }
}

/// `time.Time.String`.
pub fn time(time: &Zoned) -> String {
    super::layout::format(time, "2006-01-02 15:04:05.999999999 -0700 MST")
}

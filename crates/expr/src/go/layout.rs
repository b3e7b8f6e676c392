//! Go's time layouts: texts in which the parts of a reference time stand for those of another.

mod parse;

use jiff::Zoned;
use jiff::tz::TimeZone;
use std::fmt::Write as _;

pub use parse::parse;

/// Names of the months.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Names of the days of a week.
pub const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// One part of a layout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// `2006`.
    Year,
    /// `06`.
    ShortYear,
    /// `January`.
    Month,
    /// `Jan`.
    ShortMonth,
    /// `01`, `1`: whether with a zero.
    NumberedMonth(bool),
    /// `Monday`.
    Weekday,
    /// `Mon`.
    ShortWeekday,
    /// `02`, `_2`, `2`: what fills.
    Day(Option<char>),
    /// `002`, `__2`: what fills.
    YearDay(char),
    /// `15`.
    Hour,
    /// `03`, `3`.
    Hour12(bool),
    /// `04`, `4`.
    Minute(bool),
    /// `05`, `5`.
    Second(bool),
    /// `PM`, `pm`: whether in capitals.
    Half(bool),
    /// `MST`.
    ZoneName,
    /// `Z07:00`, `-0700` and so on.
    Zone(ZoneStyle),
    /// `.000`, `,999`: how many digits, and whether they are all written.
    Fraction {
        /// Digits.
        digits: usize,
        /// Trailing zeros too.
        zeros: bool,
    },
}

/// How an offset is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZoneStyle {
    /// `Z` for no offset.
    pub z: bool,
    /// `:` between.
    pub colon: bool,
    /// With minutes.
    pub minutes: bool,
    /// With seconds.
    pub seconds: bool,
}

const fn zone(z: bool, colon: bool, minutes: bool, seconds: bool) -> Part {
    Part::Zone(ZoneStyle { z, colon, minutes, seconds })
}

/// What begins like another stands before it.
const PARTS: &[(&str, Part)] = &[
    ("January", Part::Month),
    ("Jan", Part::ShortMonth),
    ("Monday", Part::Weekday),
    ("Mon", Part::ShortWeekday),
    ("MST", Part::ZoneName),
    ("2006", Part::Year),
    ("002", Part::YearDay('0')),
    ("__2", Part::YearDay(' ')),
    ("01", Part::NumberedMonth(true)),
    ("02", Part::Day(Some('0'))),
    ("03", Part::Hour12(true)),
    ("04", Part::Minute(true)),
    ("05", Part::Second(true)),
    ("06", Part::ShortYear),
    ("15", Part::Hour),
    ("1", Part::NumberedMonth(false)),
    ("_2", Part::Day(Some(' '))),
    ("2", Part::Day(None)),
    ("3", Part::Hour12(false)),
    ("4", Part::Minute(false)),
    ("5", Part::Second(false)),
    ("PM", Part::Half(true)),
    ("pm", Part::Half(false)),
    ("-07:00:00", zone(false, true, true, true)),
    ("-070000", zone(false, false, true, true)),
    ("-07:00", zone(false, true, true, false)),
    ("-0700", zone(false, false, true, false)),
    ("-07", zone(false, false, false, false)),
    ("Z07:00:00", zone(true, true, true, true)),
    ("Z070000", zone(true, false, true, true)),
    ("Z07:00", zone(true, true, true, false)),
    ("Z0700", zone(true, false, true, false)),
    ("Z07", zone(true, false, false, false)),
];

/// The first part of a layout: the text before it, itself, the text of it, and what follows.
pub fn next_part(layout: &str) -> Option<(&str, Part, &str, &str)> {
    layout.char_indices().find_map(|(at, _)| {
        let (before, rest) = layout.split_at(at);
        let (len, part) = part_at(rest)?;
        Some((before, part, &rest[..len], &rest[len..]))
    })
}

fn part_at(rest: &str) -> Option<(usize, Part)> {
    // `_2006` is an underscore and a year.
    if rest.starts_with("_2006") {
        return None;
    }
    if let Some(digits) = rest.strip_prefix(['.', ',']) {
        let first = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
        let count = digits.chars().take_while(|c| *c == first).count();
        let ends = !digits[count..].starts_with(|c: char| c.is_ascii_digit());
        return ends.then_some((1 + count, Part::Fraction { digits: count, zeros: first == '0' }));
    }
    let (text, part) = PARTS.iter().find(|(text, _)| rest.starts_with(text))?;
    // `Jan` in `January` is no month of its own, but `Janet` is: Go looks for a lower-case letter behind it.
    let word = matches!(part, Part::ShortMonth | Part::ShortWeekday);
    if word && rest[text.len()..].starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    Some((text.len(), *part))
}

/// `time.Format(layout)`.
pub fn format(time: &Zoned, layout: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    while let Some((before, part, text, after)) = next_part(rest) {
        out.push_str(before);
        write_part(&mut out, time, part, text);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn write_part(out: &mut String, time: &Zoned, part: Part, text: &str) {
    let month = usize::from(time.month().unsigned_abs()) - 1;
    let weekday = WEEKDAYS[usize::from(time.weekday().to_sunday_zero_offset().unsigned_abs())];
    let year = i64::from(time.year());
    let hour12 = (i64::from(time.hour()) + 11) % 12 + 1;
    let written = match part {
        Part::Year => write!(out, "{}{:04}", if year < 0 { "-" } else { "" }, year.abs()),
        Part::ShortYear => write!(out, "{:02}", year.rem_euclid(100)),
        Part::Month => write!(out, "{}", MONTHS[month]),
        Part::ShortMonth => write!(out, "{}", &MONTHS[month][..3]),
        Part::Weekday => write!(out, "{weekday}"),
        Part::ShortWeekday => write!(out, "{}", &weekday[..3]),
        Part::NumberedMonth(zero) => number(out, i64::from(time.month()), zero),
        Part::Day(fill) => match fill {
            Some(' ') => write!(out, "{:2}", time.day()),
            fill => number(out, i64::from(time.day()), fill.is_some()),
        },
        Part::YearDay(' ') => write!(out, "{:3}", time.day_of_year()),
        Part::YearDay(_) => write!(out, "{:03}", time.day_of_year()),
        Part::Hour => number(out, i64::from(time.hour()), true),
        Part::Hour12(zero) => number(out, hour12, zero),
        Part::Minute(zero) => number(out, i64::from(time.minute()), zero),
        Part::Second(zero) => number(out, i64::from(time.second()), zero),
        Part::Half(capital) => {
            let half = if time.hour() >= 12 { "PM" } else { "AM" };
            write!(out, "{}", if capital { half.to_owned() } else { half.to_lowercase() })
        }
        Part::ZoneName => write!(out, "{}", zone_name(time)),
        Part::Zone(style) => {
            offset(out, time.offset().seconds(), style);
            Ok(())
        }
        Part::Fraction { digits, zeros } => {
            let all = format!("{:09}", time.subsec_nanosecond());
            let cut = all.get(..digits).unwrap_or(&all);
            let cut = if zeros { cut } else { cut.trim_end_matches('0') };
            if cut.is_empty() { Ok(()) } else { write!(out, "{}{cut}", &text[..1]) }
        }
    };
    written.expect("writing to a String cannot fail");
}

fn number(out: &mut String, n: i64, zero: bool) -> std::fmt::Result {
    if zero { write!(out, "{n:02}") } else { write!(out, "{n}") }
}

/// The abbreviation of the zone, or its offset when it has no name.
fn zone_name(time: &Zoned) -> String {
    let zone = time.time_zone();
    if zone.iana_name().is_some() && *zone != TimeZone::UTC {
        return zone.to_offset_info(time.timestamp()).abbreviation().to_owned();
    }
    let seconds = time.offset().seconds();
    if seconds == 0 {
        return "UTC".to_owned();
    }
    let mut name = String::new();
    let with_minutes = seconds % 3600 != 0;
    let style =
        ZoneStyle { z: false, colon: false, minutes: with_minutes || zone.iana_name().is_none(), seconds: false };
    offset(&mut name, seconds, style);
    name
}

fn offset(out: &mut String, seconds: i32, style: ZoneStyle) {
    if style.z && seconds == 0 {
        out.push('Z');
        return;
    }
    let (sign, size) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let colon = if style.colon { ":" } else { "" };
    write!(out, "{sign}{:02}", size / 3600).expect("writing to a String cannot fail");
    if style.minutes {
        write!(out, "{colon}{:02}", size / 60 % 60).expect("writing to a String cannot fail");
    }
    if style.seconds {
        write!(out, "{colon}{:02}", size % 60).expect("writing to a String cannot fail");
    }
}

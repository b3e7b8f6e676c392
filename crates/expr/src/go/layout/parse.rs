//! `time.ParseInLocation`.

use super::{MONTHS, Part, WEEKDAYS, ZoneStyle, next_part};
use jiff::Zoned;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use rollouts_api::field::quote;

/// The time that `value` names in `layout`; in `zone` when it says nothing of one. The error is Go's text.
pub fn parse(layout: &str, value: &str, zone: &TimeZone) -> Result<Zoned, String> {
    let mut parser = Parser { fields: Fields::default(), rest: value };
    let failed = |why: String| format!("parsing time {}{why}", quote(value));
    let no_such = |rest: &str, part: &str| {
        format!("parsing time {} as {}: cannot parse {} as {}", quote(value), quote(layout), quote(rest), quote(part))
    };
    let mut left = layout;
    loop {
        let (before, part) = match next_part(left) {
            Some((before, part, text, after)) => {
                left = after;
                (before, Some((part, text)))
            }
            None => (left, None),
        };
        parser.literal(before).map_err(|()| no_such(parser.rest, before))?;
        let Some((part, text)) = part else { break };
        let held = parser.rest;
        match parser.part(part, left) {
            Ok(()) => {}
            Err(Why::NoSuch) => return Err(no_such(held, text)),
            Err(Why::OutOfRange(what)) => return Err(failed(format!(": {what} out of range"))),
        }
    }
    if !parser.rest.is_empty() {
        return Err(failed(format!(": extra text: {}", quote(parser.rest))));
    }
    parser.fields.time(zone).map_err(|why| failed(format!(": {why}")))
}

enum Why {
    NoSuch,
    OutOfRange(&'static str),
}

#[derive(Default)]
struct Fields {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    offset: Option<i32>,
    /// It said `Z` or `UTC`, against which no offset counts.
    utc: bool,
}

impl Fields {
    /// The time; else what is wrong with it.
    fn time(&self, zone: &TimeZone) -> Result<Zoned, &'static str> {
        const NO_DAY: &str = "day out of range";
        let date = match self.year_day {
            Some(day) => {
                let first = Date::new(self.year, 1, 1).map_err(|_| NO_DAY)?;
                let date = first.checked_add(jiff::Span::new().days(i64::from(day) - 1));
                let date = date.ok().filter(|date| date.year() == self.year).ok_or("day-of-year out of range")?;
                if self.month.is_some_and(|month| month != date.month()) {
                    return Err("day-of-year does not match month");
                }
                if self.day.is_some_and(|day| day != date.day()) {
                    return Err("day-of-year does not match day");
                }
                date
            }
            None => Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).map_err(|_| NO_DAY)?,
        };
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let time = Time::new(hour, self.minute, self.second, self.nanosecond).map_err(|_| NO_DAY)?;
        let civil = date.to_datetime(time);
        let in_zone = |zone: TimeZone| civil.to_zoned(zone).map_err(|_| NO_DAY);
        match self.offset {
            _ if self.utc => in_zone(TimeZone::UTC),
            None => in_zone(zone.clone()),
            Some(seconds) => {
                let offset = Offset::from_seconds(seconds).map_err(|_| NO_DAY)?;
                let fixed = in_zone(offset.to_time_zone())?;
                let local = fixed.with_time_zone(zone.clone());
                // An offset that the zone has at that time means the zone.
                Ok(if local.offset() == offset { local } else { fixed })
            }
        }
    }
}

struct Parser<'v> {
    fields: Fields,
    rest: &'v str,
}

impl<'v> Parser<'v> {
    /// Skips `text`; a space in it stands for any number of them.
    fn literal(&mut self, text: &str) -> Result<(), ()> {
        let mut text = text;
        while let Some(first) = text.chars().next() {
            if first == ' ' {
                if !self.rest.is_empty() && !self.rest.starts_with(' ') {
                    return Err(());
                }
                text = text.trim_start_matches(' ');
                self.rest = self.rest.trim_start_matches(' ');
                continue;
            }
            self.rest = self.rest.strip_prefix(first).ok_or(())?;
            text = &text[first.len_utf8()..];
        }
        Ok(())
    }

    fn part(&mut self, part: Part, left: &str) -> Result<(), Why> {
        match part {
            Part::Year => {
                let year = self.rest.get(..4).filter(|y| y.bytes().all(|b| b.is_ascii_digit())).ok_or(Why::NoSuch)?;
                self.rest = &self.rest[4..];
                self.fields.year = year.parse().map_err(|_| Why::NoSuch)?;
            }
            Part::ShortYear => {
                let year = self.number(2, 2)?;
                self.fields.year = if year >= 69 { 1900 + year } else { 2000 + year };
            }
            Part::Month => self.fields.month = Some(self.named(&MONTHS, None)? + 1),
            Part::ShortMonth => self.fields.month = Some(self.named(&MONTHS, Some(3))? + 1),
            Part::Weekday => drop(self.named(&WEEKDAYS, None)?),
            Part::ShortWeekday => drop(self.named(&WEEKDAYS, Some(3))?),
            Part::NumberedMonth(zero) => {
                self.fields.month = Some(self.within(zero, 1, 12, "month")?);
            }
            Part::Day(fill) => {
                if fill == Some(' ') {
                    self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
                }
                // Whether the month has such a day is seen at the end.
                let day = self.number(if fill == Some('0') { 2 } else { 1 }, 2)?;
                self.fields.day = Some(i8::try_from(day).map_err(|_| Why::OutOfRange("day"))?);
            }
            Part::YearDay(fill) => {
                if fill == ' ' {
                    self.rest = self.rest.trim_start_matches(' ');
                }
                self.fields.year_day = Some(self.number(if fill == ' ' { 1 } else { 3 }, 3)?);
            }
            Part::Hour => self.fields.hour = self.within(false, 0, 23, "hour")?,
            Part::Hour12(zero) => self.fields.hour = self.within(zero, 0, 12, "hour")?,
            Part::Minute(zero) => self.fields.minute = self.within(zero, 0, 59, "minute")?,
            Part::Second(zero) => {
                self.fields.second = self.within(zero, 0, 59, "second")?;
                // A fraction may follow that the layout does not ask for.
                let asked = matches!(next_part(left), Some(("", Part::Fraction { .. }, ..)));
                let fraction = self.rest.strip_prefix(['.', ',']);
                if !asked && fraction.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit())) {
                    self.fraction()?;
                }
            }
            Part::Half(capital) => {
                let (am, pm) = if capital { ("AM", "PM") } else { ("am", "pm") };
                let half = self.rest.get(..2).filter(|half| *half == am || *half == pm).ok_or(Why::NoSuch)?;
                self.fields.afternoon = Some(half == pm);
                self.rest = &self.rest[2..];
            }
            Part::ZoneName => self.zone_name()?,
            Part::Zone(style) => self.zone(style)?,
            Part::Fraction { digits, zeros } => {
                let given = self.rest.strip_prefix(['.', ',']).map(run_of_digits);
                match given {
                    Some(given) if given > 0 && (!zeros || given >= digits) => self.fraction()?,
                    _ if zeros => return Err(Why::NoSuch),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn fraction(&mut self) -> Result<(), Why> {
        let count = run_of_digits(&self.rest[1..]);
        let digits: String = self.rest[1..=count].chars().chain("000000000".chars()).take(9).collect();
        self.fields.nanosecond = digits.parse().map_err(|_| Why::NoSuch)?;
        self.rest = &self.rest[1 + count..];
        Ok(())
    }

    /// A number of at least `least` and at most `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Result<i16, Why> {
        let count = run_of_digits(self.rest).min(most);
        if count < least {
            return Err(Why::NoSuch);
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits.parse().map_err(|_| Why::NoSuch)
    }

    fn within(&mut self, two: bool, least: i16, most: i16, what: &'static str) -> Result<i8, Why> {
        let number = self.number(if two { 2 } else { 1 }, 2)?;
        if !(least..=most).contains(&number) {
            return Err(Why::OutOfRange(what));
        }
        i8::try_from(number).map_err(|_| Why::OutOfRange(what))
    }

    /// Which of `names`, in any case; of each the first `len` bytes.
    fn named(&mut self, names: &[&str], len: Option<usize>) -> Result<i8, Why> {
        for (at, name) in names.iter().enumerate() {
            let name = &name[..len.unwrap_or(name.len())];
            if self.rest.get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name)) {
                self.rest = &self.rest[name.len()..];
                return i8::try_from(at).map_err(|_| Why::NoSuch);
            }
        }
        Err(Why::NoSuch)
    }

    /// `UTC`, `CEST`, `GMT+3`: whatever Go calls the time then, it takes it for one of UTC.
    fn zone_name(&mut self) -> Result<(), Why> {
        if let Some(rest) = self.rest.strip_prefix("UTC") {
            self.rest = rest;
            self.fields.utc = true;
            return Ok(());
        }
        let letters = self.rest.bytes().take_while(u8::is_ascii_uppercase).count();
        if !(3..=5).contains(&letters) {
            return Err(Why::NoSuch);
        }
        let name = &self.rest[..letters];
        self.rest = &self.rest[letters..];
        if name == "GMT" && self.rest.starts_with(['+', '-']) {
            self.rest = &self.rest[1..];
            self.number(1, 2)?;
        }
        self.fields.offset = Some(0);
        Ok(())
    }

    fn zone(&mut self, style: ZoneStyle) -> Result<(), Why> {
        if style.z && self.rest.starts_with('Z') {
            self.rest = &self.rest[1..];
            self.fields.utc = true;
            return Ok(());
        }
        let sign = match self.rest.chars().next() {
            Some('+') => 1,
            Some('-') => -1,
            _ => return Err(Why::NoSuch),
        };
        self.rest = &self.rest[1..];
        let mut seconds = 3600 * i32::from(self.number(2, 2)?);
        for (wanted, unit) in [(style.minutes, 60), (style.seconds, 1)] {
            if wanted {
                if style.colon {
                    self.rest = self.rest.strip_prefix(':').ok_or(Why::NoSuch)?;
                }
                seconds += unit * i32::from(self.number(2, 2)?);
            }
        }
        if seconds > 24 * 3600 {
            return Err(Why::OutOfRange("time zone offset hour"));
        }
        self.fields.offset = Some(sign * seconds);
        Ok(())
    }
}

fn run_of_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

//! Go's `time.Duration` as text: what `time.ParseDuration` accepts and what `Duration.String` prints.

use std::fmt;

const NANOSECOND: u64 = 1;
const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// A signed number of nanoseconds, at most about 292 years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoDuration {
    nanos: i64,
}

/// Why a text is no duration, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseDurationError {
    /// Not of the form, or out of range.
    #[error("time: invalid duration {}", quote(.0))]
    Invalid(String),
    /// A number without a unit.
    #[error("time: missing unit in duration {}", quote(.0))]
    MissingUnit(String),
    /// A unit other than ns, us, µs, μs, ms, s, m, h.
    #[error("time: unknown unit {} in duration {}", quote(.unit), quote(.duration))]
    UnknownUnit {
        /// The unit.
        unit: String,
        /// The whole text.
        duration: String,
    },
}

impl GoDuration {
    /// A duration of that many nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        GoDuration { nanos }
    }

    /// A duration of that many seconds; saturates.
    pub const fn from_secs(seconds: i64) -> Self {
        GoDuration { nanos: seconds.saturating_mul(SECOND as i64) }
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.nanos
    }

    /// Whole seconds, cut towards zero.
    pub const fn seconds(self) -> i64 {
        self.nanos / SECOND as i64
    }

    /// The same as an unsigned duration; a negative one is zero.
    pub fn unsigned(self) -> std::time::Duration {
        std::time::Duration::from_nanos(u64::try_from(self.nanos).unwrap_or(0))
    }

    /// `time.ParseDuration`: `[-+]` and then numbers with units such as `1h30m`, `1.5s`, or a bare `0`.
    pub fn parse(text: &str) -> Result<Self, ParseDurationError> {
        let invalid = || ParseDurationError::Invalid(text.to_string());
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(GoDuration::default());
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut sum: u64 = 0;
        while !rest.is_empty() {
            let whole_len = digits(rest);
            let whole = parse_whole(&rest[..whole_len]).ok_or_else(invalid)?;
            rest = &rest[whole_len..];
            let (mut fraction, mut scale, mut fraction_len) = (0, 1.0, 0);
            if let Some(after) = rest.strip_prefix('.') {
                fraction_len = digits(after);
                (fraction, scale) = parse_fraction(&after[..fraction_len]);
                rest = &after[fraction_len..];
            }
            if whole_len == 0 && fraction_len == 0 {
                return Err(invalid());
            }
            let unit_len = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
            let (name, after) = rest.split_at(unit_len);
            rest = after;
            let unit = match name {
                "" => return Err(ParseDurationError::MissingUnit(text.to_string())),
                "ns" => NANOSECOND,
                "us" | "µs" | "μs" => MICROSECOND,
                "ms" => MILLISECOND,
                "s" => SECOND,
                "m" => MINUTE,
                "h" => HOUR,
                _ => {
                    let (unit, duration) = (name.to_string(), text.to_string());
                    return Err(ParseDurationError::UnknownUnit { unit, duration });
                }
            };
            let mut term = whole.checked_mul(unit).filter(|n| *n <= LIMIT).ok_or_else(invalid)?;
            if fraction > 0 {
                // Go rounds through a float here and so do we.
                term += (fraction as f64 * (unit as f64 / scale)) as u64;
            }
            sum = sum.checked_add(term).filter(|n| *n <= LIMIT).ok_or_else(invalid)?;
        }
        // Only the negative range reaches 2^63.
        let nanos = if negative { Some((sum as i64).wrapping_neg()) } else { i64::try_from(sum).ok() };
        nanos.map(GoDuration::from_nanos).ok_or_else(invalid)
    }
}

/// Magnitude of the most negative duration.
const LIMIT: u64 = 1 << 63;

fn digits(s: &str) -> usize {
    s.bytes().take_while(u8::is_ascii_digit).count()
}

fn parse_whole(digits: &str) -> Option<u64> {
    if digits.is_empty() { Some(0) } else { digits.parse().ok().filter(|n| *n <= LIMIT) }
}

/// Value and scale of the digits after the point; digits beyond 63 bits do not count.
fn parse_fraction(digits: &str) -> (u64, f64) {
    let (mut value, mut scale) = (0_u64, 1.0);
    for digit in digits.bytes().map(|b| u64::from(b - b'0')) {
        let next = if value > (LIMIT - 1) / 10 { break } else { value * 10 + digit };
        if next > LIMIT {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    (value, scale)
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos < 0 {
            f.write_str("-")?;
        }
        let n = self.nanos.unsigned_abs();
        match n {
            0 => f.write_str("0s"),
            1..MICROSECOND => write!(f, "{n}ns"),
            MICROSECOND..MILLISECOND => write!(f, "{}µs", decimal(n, MICROSECOND)),
            MILLISECOND..SECOND => write!(f, "{}ms", decimal(n, MILLISECOND)),
            _ => {
                if n >= HOUR {
                    write!(f, "{}h", n / HOUR)?;
                }
                if n >= MINUTE {
                    write!(f, "{}m", n % HOUR / MINUTE)?;
                }
                write!(f, "{}s", decimal(n % MINUTE, SECOND))
            }
        }
    }
}

/// `n / unit` with the digits after the point that it needs.
fn decimal(n: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let fraction = format!("{:0width$}", n % unit);
    match fraction.trim_end_matches('0') {
        "" => (n / unit).to_string(),
        fraction => format!("{}.{fraction}", n / unit),
    }
}

/// Package time's own quoting: every byte outside printable ASCII as `\xNN`.
fn quote(s: &str) -> String {
    let mut out = String::from("\"");
    for b in s.bytes() {
        match b {
            b'"' | b'\\' => out.extend(['\\', char::from(b)]),
            b' '..0x80 => out.push(char::from(b)),
            _ => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(s: &str) -> i64 {
        GoDuration::parse(s).expect(s).nanos()
    }

    #[test]
    fn accepts_what_go_accepts() {
        let table: &[(&str, i64)] = &[
            ("0", 0),
            ("-0", 0),
            ("5s", 5_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("-1.5h", -5_400_000_000_000),
            ("+.5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("12µs", 12_000),
            ("12μs", 12_000),
            ("3ns", 3),
            ("0.100000000000000000000h", 360_000_000_000),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("39h9m14.425s", 140_954_425_000_000),
        ];
        for (text, want) in table {
            assert_eq!(nanos(text), *want, "{text}");
        }
    }

    #[test]
    fn refuses_in_go_words() {
        let table = [
            ("", r#"time: invalid duration """#),
            ("x", r#"time: invalid duration "x""#),
            ("-", r#"time: invalid duration "-""#),
            (".", r#"time: invalid duration ".""#),
            (".s", r#"time: invalid duration ".s""#),
            ("5", r#"time: missing unit in duration "5""#),
            ("1h5", r#"time: missing unit in duration "1h5""#),
            ("5 minutes", r#"time: unknown unit " minutes" in duration "5 minutes""#),
            ("1d", r#"time: unknown unit "d" in duration "1d""#),
            ("1é\"", r#"time: unknown unit "\xc3\xa9\"" in duration "1\xc3\xa9\"""#),
            ("9223372036854775808ns", r#"time: invalid duration "9223372036854775808ns""#),
            ("9223372036854775.808us1ns", r#"time: invalid duration "9223372036854775.808us1ns""#),
            ("3000000h", r#"time: invalid duration "3000000h""#),
        ];
        for (text, want) in table {
            assert_eq!(GoDuration::parse(text).expect_err(text).to_string(), want, "{text}");
        }
    }

    #[test]
    fn prints_like_go() {
        let table: &[(i64, &str)] = &[
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (60_000_000_000, "1m0s"),
            (-245_000_000_000, "-4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ];
        for (n, want) in table {
            assert_eq!(GoDuration::from_nanos(*n).to_string(), *want);
        }
    }

    proptest::proptest! {
        #[test]
        fn reads_back_what_it_prints(n: i64) {
            let d = GoDuration::from_nanos(n);
            // Fractions go through a float, as in Go, and may lose the last nanoseconds of long durations.
            let back = GoDuration::parse(&d.to_string()).expect("own print");
            proptest::prop_assert!(back.nanos().abs_diff(n) <= 1);
        }
    }
}

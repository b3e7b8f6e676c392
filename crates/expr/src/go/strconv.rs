//! Go's `strconv`: numbers from texts, and what is said when they are none.

use rollouts_api::field::quote;
use std::num::{IntErrorKind, ParseIntError};

/// `strconv.ParseInt(text, 10, 64)`.
pub fn parse_int(text: &str) -> Result<i64, String> {
    text.parse().map_err(|why| int_error(text, &why))
}

/// What Go says of a text that is no integer.
pub fn int_error(text: &str, why: &ParseIntError) -> String {
    let reason = match why.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
        _ => "invalid syntax",
    };
    format!("strconv.ParseInt: parsing {}: {reason}", quote(text))
}

/// `strconv.ParseFloat(text, 64)`: decimal or hexadecimal, `Inf`, `Infinity`, `NaN` in any case.
pub fn parse_float(text: &str) -> Result<f64, String> {
    let failed = |reason| format!("strconv.ParseFloat: parsing {}: {reason}", quote(text));
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (sign, lower) = (if text.starts_with('-') { -1.0 } else { 1.0 }, unsigned.to_ascii_lowercase());
    match lower.as_str() {
        "inf" | "infinity" => return Ok(sign * f64::INFINITY),
        "nan" if unsigned == text => return Ok(f64::NAN),
        _ => {}
    }
    if let Some(digits) = lower.strip_prefix("0x") {
        return hexadecimal(digits).map(|size| sign * size).ok_or_else(|| failed("invalid syntax"));
    }
    // Rust reads more words than Go does; digits are read alike.
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(failed("invalid syntax"));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_infinite() => Err(failed("value out of range")),
        Ok(number) => Ok(number),
        Err(_) => Err(failed("invalid syntax")),
    }
}

/// `1.8p3`: hexadecimal digits with a decimal power of two behind them, which must be there. Digits beyond 53 bits
/// are cut off rather than rounded.
fn hexadecimal(digits: &str) -> Option<f64> {
    let (mantissa, exponent) = digits.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let sum = whole
        .chars()
        .chain(fraction.chars())
        .try_fold(0.0, |sum, c| c.to_digit(16).map(|digit| sum * 16.0 + f64::from(digit)))?;
    let exponent: i32 = exponent.parse().ok()?;
    let shift = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    Some(sum * 2f64.powi(exponent.saturating_sub(shift)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        assert_eq!(parse_int("-7"), Ok(-7));
        assert_eq!(parse_int("+7"), Ok(7));
        for (text, why) in
            [("", "invalid syntax"), ("1.1", "invalid syntax"), ("9223372036854775808", "value out of range")]
        {
            assert_eq!(parse_int(text), Err(format!("strconv.ParseInt: parsing \"{text}\": {why}")));
        }
    }

    #[test]
    fn floats() {
        for (text, want) in [
            ("1e3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+Inf", f64::INFINITY),
            ("0x1.8p1", 3.0),
            ("-infinity", -f64::INFINITY),
        ] {
            assert_eq!(parse_float(text), Ok(want), "{text}");
        }
        assert!(parse_float("nAn").is_ok_and(f64::is_nan));
        for text in ["", ".", "1e", "infin", "+nan", "0x1", "1_0", " 1", "e5"] {
            assert_eq!(parse_float(text), Err(format!("strconv.ParseFloat: parsing \"{text}\": invalid syntax")));
        }
        assert_eq!(parse_float("1e999"), Err("strconv.ParseFloat: parsing \"1e999\": value out of range".to_owned()));
    }
}

//! `resource.Quantity`: amounts such as `500m`, `1.5Gi` and `2e3`.

use std::cmp::Ordering;
use std::fmt;

/// How a quantity was written, and so how it is written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `12e6`
    DecimalExponent,
    /// `12Mi`
    BinarySi,
    /// `12M`
    DecimalSi,
}

/// Why a text is no quantity; the words are Kubernetes' own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a number followed by letters.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// The digits are no number.
    #[error("unable to parse numeric part of quantity")]
    Numeric,
    /// The letters are no unit.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// A fixed-point number `mantissa · 10^scale` that remembers its [`Format`]. Equality and order compare amounts, so
/// `1` equals `1000m`.
#[derive(Debug, Clone)]
pub struct Quantity {
    mantissa: i128,
    scale: i32,
    format: Format,
    /// The text given, where Kubernetes takes it for canonical and repeats it (`1.500`, `+1Gi`).
    text: Option<String>,
}

/// Finest unit kept: 10⁻⁹.
const NANO: i32 = -9;
/// More digits than this do not fit the mantissa together with a binary unit.
const MAX_DIGITS: usize = 19;
const SUFFIXES: &[(&str, Format, i32)] = &[
    ("", Format::DecimalSi, 0),
    ("n", Format::DecimalSi, -9),
    ("u", Format::DecimalSi, -6),
    ("m", Format::DecimalSi, -3),
    ("k", Format::DecimalSi, 3),
    ("M", Format::DecimalSi, 6),
    ("G", Format::DecimalSi, 9),
    ("T", Format::DecimalSi, 12),
    ("P", Format::DecimalSi, 15),
    ("E", Format::DecimalSi, 18),
    ("Ki", Format::BinarySi, 10),
    ("Mi", Format::BinarySi, 20),
    ("Gi", Format::BinarySi, 30),
    ("Ti", Format::BinarySi, 40),
    ("Pi", Format::BinarySi, 50),
    ("Ei", Format::BinarySi, 60),
];

/// A quantity's text in parts: sign, digits before and after the point, unit.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

impl Parts<'_> {
    fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let digits = |s: &str| s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
        let rest = rest.trim_start_matches('0');
        let (whole, rest) = rest.split_at(digits(rest));
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(digits(rest)),
            None => ("", rest),
        };
        let after = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let after = after.strip_prefix(['-', '+']).unwrap_or(after);
        if digits(after) < after.len() {
            return Err(QuantityError::Format);
        }
        Ok(Parts { negative, whole, fraction, suffix })
    }
}

/// Format and exponent (of 10, or of 2 for binary) that a unit stands for.
fn interpret(suffix: &str) -> Option<(Format, i32)> {
    if let Some((_, format, exponent)) = SUFFIXES.iter().find(|(s, _, _)| *s == suffix) {
        return Some((*format, *exponent));
    }
    let exponent: i64 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Format::DecimalExponent, i32::try_from(exponent).ok()?))
}

impl Quantity {
    /// Zero.
    pub const ZERO: Quantity = Quantity { mantissa: 0, scale: 0, format: Format::DecimalSi, text: None };

    /// Parses every form that Kubernetes accepts. More precise than 10⁻⁹ is rounded away from zero.
    ///
    /// # Errors
    /// See [`QuantityError`]. Numbers of more than 36 digits are refused as `Numeric`.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let parts = Parts::split(text)?;
        let (format, exponent) = interpret(parts.suffix).ok_or(QuantityError::Suffix)?;
        let digits = format!("{}{}", if parts.whole.is_empty() { "0" } else { parts.whole }, parts.fraction);
        let unscaled: i128 = if digits.len() > 2 * MAX_DIGITS - 2 {
            return Err(QuantityError::Numeric);
        } else {
            digits.parse().map_err(|_| QuantityError::Numeric)?
        };
        let places = i32::try_from(parts.fraction.len()).unwrap_or(i32::MAX);
        let mut q = Quantity { mantissa: unscaled, scale: -places, format, text: None };
        if format == Format::BinarySi {
            q.multiply_binary(exponent);
        } else {
            q.scale = q.scale.saturating_add(exponent);
        }
        let tiny =
            format == Format::BinarySi && !parts.fraction.is_empty() && q > Quantity::ZERO && q < Quantity::int(1);
        if tiny {
            q.format = Format::DecimalSi;
        }
        q.round_up(NANO);
        if parts.negative {
            q.mantissa = -q.mantissa;
        }
        if looks_canonical(&parts, &digits, format, exponent) {
            q.text = Some(text.to_string());
        }
        Ok(q)
    }

    /// A plain number.
    pub fn int(value: i64) -> Self {
        Quantity { mantissa: value.into(), scale: 0, format: Format::DecimalSi, text: None }
    }

    fn multiply_binary(&mut self, exponent: i32) {
        const MAX: i128 = i64::MAX as i128;
        self.mantissa = self.mantissa.checked_mul(1i128 << exponent).unwrap_or(i128::MAX);
        if *self > Quantity::int(i64::MAX) {
            (self.mantissa, self.scale) = (MAX, 0);
        }
    }

    /// Rounds away from zero to a multiple of `10^scale`; amounts already that coarse are left alone.
    pub fn round_up(&mut self, scale: i32) {
        if self.scale >= scale {
            return;
        }
        self.text = None;
        let steps = scale.abs_diff(self.scale);
        let (negative, magnitude) = (self.mantissa < 0, self.mantissa.abs());
        let rounded = match 10i128.checked_pow(steps) {
            Some(power) => magnitude / power + i128::from(magnitude % power != 0),
            None => i128::from(magnitude != 0),
        };
        self.mantissa = if negative { -rounded } else { rounded };
        self.scale = scale;
    }

    /// Whether the amount is zero.
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// Whether the amount is below zero.
    pub fn is_negative(&self) -> bool {
        self.mantissa < 0
    }

    /// The amount in units, rounded away from zero, saturating.
    pub fn value(&self) -> i64 {
        self.scaled(0)
    }

    /// The amount in thousandths, rounded away from zero, saturating.
    pub fn milli_value(&self) -> i64 {
        self.scaled(-3)
    }

    fn scaled(&self, scale: i32) -> i64 {
        let mut q = self.clone();
        q.round_up(scale);
        let limit = if q.mantissa < 0 { i64::MIN } else { i64::MAX };
        let power = 10i128.checked_pow(q.scale.abs_diff(scale));
        let value = power.and_then(|power| q.mantissa.checked_mul(power));
        if q.is_zero() { 0 } else { value.and_then(|v| i64::try_from(v).ok()).unwrap_or(limit) }
    }

    /// The sum, in the format of `self` unless that is zero. Saturates where digits run out.
    pub fn plus(&self, other: &Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        let scale = self.scale.min(other.scale);
        let align = |q: &Quantity| {
            let power = 10i128.checked_pow(q.scale.abs_diff(scale)).unwrap_or(i128::MAX);
            q.mantissa.saturating_mul(power)
        };
        Quantity { mantissa: align(self).saturating_add(align(other)), scale, format, text: None }
    }

    /// The text Kubernetes writes.
    pub fn canonical(&self) -> String {
        if let Some(text) = &self.text {
            return text.clone();
        }
        if self.mantissa == 0 {
            return "0".to_string();
        }
        let (mut mantissa, mut exponent) = (self.mantissa, self.scale);
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        let integral = exponent >= 0;
        let small = *self > Quantity::int(-1024) && *self < Quantity::int(1024);
        if self.format == Format::BinarySi && integral && !small {
            return binary(mantissa * 10i128.pow(exponent.unsigned_abs().min(19)));
        }
        let shift = exponent.rem_euclid(3);
        mantissa = mantissa.saturating_mul(10i128.pow(shift.unsigned_abs()));
        exponent -= shift;
        if self.format == Format::DecimalExponent {
            return if exponent == 0 { mantissa.to_string() } else { format!("{mantissa}e{exponent}") };
        }
        let decimal = |(_, f, e): &&(&str, Format, i32)| *f == Format::DecimalSi && *e == exponent;
        let suffix = SUFFIXES.iter().find(decimal).map_or("", |(s, _, _)| s);
        format!("{mantissa}{suffix}")
    }

    /// Digits without trailing zeros and the power of ten behind the last of them.
    fn normal(&self) -> (String, i64) {
        let digits = self.mantissa.unsigned_abs().to_string();
        let trimmed = digits.trim_end_matches('0').len();
        let zeros = i64::try_from(digits.len() - trimmed).unwrap_or(0);
        (digits[..trimmed].to_string(), i64::from(self.scale) + zeros)
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        let ((a, a_scale), (b, b_scale)) = (self.normal(), other.normal());
        let size = |digits: &str, scale: i64| scale + i64::try_from(digits.len()).unwrap_or(i64::MAX);
        size(&a, a_scale).cmp(&size(&b, b_scale)).then_with(|| a.cmp(&b))
    }
}

/// Kubernetes keeps a text that passes this quick test instead of printing the amount anew.
fn looks_canonical(parts: &Parts<'_>, digits: &str, format: Format, exponent: i32) -> bool {
    let places = i32::try_from(parts.fraction.len()).unwrap_or(i32::MAX);
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if format == Format::BinarySi {
        let fits = parts.fraction.is_empty() && 15 - length - exponent * 3 / 10 > 0;
        return fits && digits.parse::<u64>().is_ok_and(|v| v & 7 != 0);
    }
    let scale = exponent.saturating_sub(places);
    length <= 18 && scale >= NANO && scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0')
}

fn binary(mut value: i128) -> String {
    let mut exponent = 0;
    while value % 1024 == 0 && exponent < 60 {
        value /= 1024;
        exponent += 10;
    }
    let unit = SUFFIXES.iter().find(|(_, f, e)| *f == Format::BinarySi && *e == exponent);
    format!("{value}{}", unit.map_or("", |(s, _, _)| s))
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        let signs = self.mantissa.signum().cmp(&other.mantissa.signum());
        signs.then_with(|| match self.mantissa.signum() {
            0 => Ordering::Equal,
            1 => self.cmp_magnitude(other),
            _ => other.cmp_magnitude(self),
        })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical())
    }
}

#[cfg(test)]
mod tests;

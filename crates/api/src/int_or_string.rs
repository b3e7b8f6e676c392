//! `intstr.IntOrString`.

use crate::GoDuration;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A JSON number or string, such as `maxSurge: 1` or `maxSurge: 25%`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// Any text; what it means is up to the field.
    String(String),
}

/// Which way a fraction of a pod goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// To the next greater integer.
    Up,
    /// To the next smaller integer.
    Down,
}

impl IntOrString {
    /// The number as it is, or the percentage of `total`. Every string is a percentage, with or without `%`
    /// (rollout.md §3.1: `"3"` is three percent, not three). Malformed text counts as 0.
    pub fn scaled(&self, total: i32, round: Round) -> i32 {
        let n = match self {
            IntOrString::Int(n) => *n,
            IntOrString::String(s) => {
                let percent: i64 = s.replace('%', "").parse::<i32>().unwrap_or(0).into();
                let hundredths = percent * i64::from(total);
                match round {
                    Round::Up => -(-hundredths).div_euclid(100),
                    Round::Down => hundredths.div_euclid(100),
                }
            }
        };
        saturate(n)
    }

    /// The number, or the text read as a decimal integer; malformed text counts as 0, as limits and counts of
    /// metrics do (analysis.md).
    pub fn int_value(&self) -> i32 {
        match self {
            IntOrString::Int(n) => saturate(*n),
            IntOrString::String(s) => s.parse().unwrap_or(0),
        }
    }

    /// Seconds of a pause: a number, a string with a number, or a Go duration cut to whole seconds. Anything
    /// else is -1, which validation refuses (rollout.md §4.2).
    pub fn pause_seconds(&self) -> i64 {
        match self {
            IntOrString::Int(n) => *n,
            IntOrString::String(s) => {
                let seconds = s.parse::<i32>().map(i64::from).ok();
                seconds.or_else(|| GoDuration::parse(s).ok().map(GoDuration::seconds)).unwrap_or(-1)
            }
        }
    }
}

fn saturate(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX })
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrString::Int(i) => i.fmt(f),
            IntOrString::String(s) => s.fmt(f),
        }
    }
}

impl From<i32> for IntOrString {
    fn from(n: i32) -> Self {
        IntOrString::Int(n.into())
    }
}

impl From<&str> for IntOrString {
    fn from(s: &str) -> Self {
        IntOrString::String(s.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_percentages_with_or_without_the_sign() {
        let scaled = |v: IntOrString, total, round| v.scaled(total, round);
        assert_eq!(scaled("25%".into(), 10, Round::Up), 3);
        assert_eq!(scaled("25%".into(), 10, Round::Down), 2);
        assert_eq!(scaled("25".into(), 10, Round::Up), 3);
        assert_eq!(scaled("3".into(), 10, Round::Down), 0);
        assert_eq!(scaled(3.into(), 10, Round::Down), 3);
        assert_eq!(scaled("many".into(), 10, Round::Up), 0);
        assert_eq!(scaled("200%".into(), 7, Round::Up), 14);
        assert_eq!(scaled("100%".into(), i32::MAX, Round::Up), i32::MAX);
    }

    #[test]
    fn pauses() {
        let table: &[(IntOrString, i64)] = &[
            (10.into(), 10),
            ((-5).into(), -5),
            ("10".into(), 10),
            ("1h30m".into(), 5400),
            ("1.9s".into(), 1),
            ("500ms".into(), 0),
            ("-1m".into(), -60),
            ("soon".into(), -1),
            ("".into(), -1),
            ("5 minutes".into(), -1),
        ];
        for (v, want) in table {
            assert_eq!(v.pause_seconds(), *want, "{v}");
        }
    }

    #[test]
    fn limits_that_do_not_parse_are_zero() {
        assert_eq!(IntOrString::from("5").int_value(), 5);
        assert_eq!(IntOrString::from("5%").int_value(), 0);
        assert_eq!(IntOrString::from("abc").int_value(), 0);
        assert_eq!(IntOrString::from(-1).int_value(), -1);
    }
}

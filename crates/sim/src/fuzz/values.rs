//! Values that an API server takes and that mean nothing good.

use rollouts_memkube::Rng;
use serde_json::{Value, json};

const INTEGERS: &[i64] = &[
    0,
    -1,
    1,
    2,
    3,
    99,
    100,
    101,
    -100,
    i32::MAX as i64,
    i32::MAX as i64 - 1,
    i32::MIN as i64,
    i32::MIN as i64 + 1,
    1 << 30,
    -(1 << 30),
    i32::MAX as i64 + 1,
    i64::MAX,
    i64::MIN,
];

const FLOATS: &[f64] = &[0.5, -0.0, 1e308, 1e-308, 20.0, 2_147_483_648.0, 1.8e19];

const TEXTS: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "1",
    "007",
    "+5",
    "1.5",
    "NaN",
    "Infinity",
    "1e1000",
    "null",
    "true",
    "2147483648",
    "-2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "0%",
    "100%",
    "1000000000%",
    "-1000000000%",
    "2147483647%",
    "%",
    "50%%",
    "1h",
    "-1h",
    "1ns",
    "2540400h",
    "9999999999999h",
    "1h1h1h",
    ".s",
    "9Ei",
    "1e999999999",
    "-8Ei",
    "0.000000000000000000001",
    "\u{0}",
    "a\u{0}b",
    "\u{feff}",
    "ß🦀\u{202e}",
    "../../etc",
    "{",
    "{}",
    "[]",
    "{\"labels\":{\"app\":\"x\",\"role\":\"y\"}}",
    "{\"labels\":null,\"annotations\":{\"\":\"\"}}",
    "{\"labels\":{\"a\":1}}",
    "True",
    "False",
    "Unknown",
    "RolloutAborted",
    "RolloutPaused",
    "ProgressDeadlineExceeded",
    "CanaryPauseStep",
    "BlueGreenPause",
    "InconclusiveAnalysisRun",
    "Progressing",
    "InvalidSpec",
    "Percent",
    "live",
    "next",
    "web",
    "1,2,3",
    ",",
];

const TIMES: &[&str] = &[
    "2026-01-01T00:00:00Z",
    "2025-12-31T23:59:59Z",
    "2026-01-01T00:00:30Z",
    "2026-01-01T14:00:00+14:00",
    "2026-01-01T00:00:00.999999999Z",
    "9999-12-31T23:59:59Z",
    "9999-12-30T22:00:00Z",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "2016-12-31T23:59:60Z",
    "-009999-01-02T02:00:00Z",
    "soon",
];

/// One of `items`.
pub(super) fn pick<'a, T>(rng: &Rng, items: &'a [T]) -> &'a T {
    &items[usize::try_from(rng.below(items.len() as u64)).unwrap_or_default()]
}

/// A whole number; mostly one that 32 bits hold, for others decode nowhere.
pub(super) fn integer(rng: &Rng) -> Value {
    match rng.below(8) {
        0 => json!(rng.below(12)),
        1 => json!(pick(rng, INTEGERS)),
        _ => json!(pick(rng, INTEGERS).clamp(&i32::MIN.into(), &i32::MAX.into())),
    }
}

/// A whole number that validation usually takes.
pub(super) fn count(rng: &Rng) -> Value {
    match rng.below(3) {
        0 => json!(rng.below(8)),
        1 => json!(pick(rng, &[0, 1, 1 << 30, i32::MAX, i32::MAX - 1])),
        _ => integer(rng),
    }
}

pub(super) fn boolean(rng: &Rng) -> Value {
    json!(rng.below(2) == 0)
}

pub(super) fn text(rng: &Rng) -> Value {
    match rng.below(40) {
        0 => json!("x".repeat(70)),
        1 => json!("9".repeat(3_000)),
        2 => json!("x,".repeat(2_000)),
        3..=8 => json!(pick(rng, TIMES)),
        _ => json!(pick(rng, TEXTS)),
    }
}

pub(super) fn time(rng: &Rng) -> Value {
    json!(pick(rng, TIMES))
}

/// A number or a percentage.
pub(super) fn amount(rng: &Rng) -> Value {
    match rng.below(2) {
        0 => integer(rng),
        _ => text(rng),
    }
}

/// Any scalar, mostly of the type of `like`.
pub(super) fn like(rng: &Rng, like: &Value) -> Value {
    match like {
        Value::Number(_) if rng.below(20) > 0 => integer(rng),
        Value::String(_) if rng.below(20) > 0 => text(rng),
        Value::Bool(b) if rng.below(20) > 0 => json!(!b),
        _ => match rng.below(6) {
            0 => Value::Null,
            1 => integer(rng),
            2 => json!(pick(rng, FLOATS)),
            3 => boolean(rng),
            4 => json!({}),
            _ => text(rng),
        },
    }
}

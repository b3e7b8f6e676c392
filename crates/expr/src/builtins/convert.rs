//! From one type to another.

use crate::error::{Error, Result, fail};
use crate::eval::budget::Budget;
use crate::eval::ops;
use crate::eval::value::{IntKind, Val};
use crate::go::{json, print, strconv};
use crate::limits::{BYTES_PER_CELL, MAX_CELLS};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::sync::Arc;

/// Bytes of the longest text there can be.
const MAX_TEXT: usize = (MAX_CELLS * BYTES_PER_CELL) as usize;

/// `type`.
pub fn type_name(val: &Val) -> Val {
    Val::text(match val {
        Val::Nil => "nil",
        Val::Bool(_) => "bool",
        Val::Int(IntKind::Byte, _) => "uint",
        Val::Int(IntKind::Month, _) => "time.Month",
        Val::Int(IntKind::Weekday, _) => "time.Weekday",
        Val::Int(..) => "int",
        Val::Float(_) => "float",
        Val::Text(_) => "string",
        Val::List(_) => "array",
        Val::Map(_) => "map",
        Val::Time(_) => "time.Time",
        Val::Duration(_) => "time.Duration",
        Val::Location(_) => "time.Location",
        Val::Struct(one) => one.of.name,
        Val::Function(_) => "func",
    })
}

/// `int`.
pub fn int(val: &Val) -> Result<Val> {
    Ok(Val::int(match val {
        Val::Int(_, n) => *n,
        Val::Float(f) => print::truncate(*f),
        Val::Duration(duration) => duration.nanos(),
        Val::Text(text) => match strconv::parse_int(text) {
            Ok(number) => number,
            Err(_) => return fail!("invalid operation: int({text})"),
        },
        Val::Nil => return fail!("reflect: call of reflect.Value.Type on zero Value"),
        other => return fail!("invalid operation: int({})", other.type_name()),
    }))
}

/// `float`.
pub fn float(val: &Val) -> Result<Val> {
    match val {
        Val::Text(text) => match strconv::parse_float(text) {
            Ok(number) => Ok(Val::Float(number)),
            Err(_) => fail!("invalid operation: float({text})"),
        },
        other => ops::to_float(other).map(Val::Float),
    }
}

/// `string`.
pub fn string(budget: &mut Budget, val: &Val) -> Result<Val> {
    let mut text = String::new();
    print::write(&mut text, val, MAX_TEXT);
    made(budget, text)
}

fn made(budget: &mut Budget, text: String) -> Result<Val> {
    budget.text(text.len())?;
    Ok(Val::Text(Arc::from(text)))
}

/// `toJSON`.
pub fn to_json(budget: &mut Budget, val: &Val) -> Result<Val> {
    made(budget, json::indented(val, MAX_TEXT)?)
}

/// `fromJSON`.
pub fn from_json(budget: &mut Budget, val: &Val) -> Result<Val> {
    let text = ops::text(val)?;
    // Every second byte may begin an element.
    budget.cells(text.len() / 2)?;
    json::parse(&text)
}

/// Bits behind the last byte do not matter to Go.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// `toBase64`.
pub fn to_base64(budget: &mut Budget, val: &Val) -> Result<Val> {
    let text = ops::text(val)?;
    made(budget, STANDARD.encode(text.as_bytes()))
}

/// `fromBase64`. What is no UTF-8 is replaced.
pub fn from_base64(budget: &mut Budget, val: &Val) -> Result<Val> {
    let text = ops::text(val)?;
    let clean: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    match STANDARD.decode(&clean) {
        Ok(bytes) => made(budget, String::from_utf8_lossy(&bytes).into_owned()),
        Err(why) => Err(Error::new(format!("illegal base64 data at input byte {}", offset(&clean, &why)))),
    }
}

/// Where Go stops reading.
fn offset(text: &str, why: &base64::DecodeError) -> usize {
    match why {
        base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => *at,
        // Go tells of the beginning of the group of four that is not complete.
        _ if text.ends_with('=') => text.len(),
        base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => text.len() / 4 * 4,
    }
}

//! What number literals mean.

use crate::error::{Result, fail};
use crate::eval::value::Val;

/// The value of a number as it was written: decimal, `0x`, `0o`, `0b`, with a point or an exponent, with `_` between.
pub fn number(written: &str) -> Result<Val> {
    let text = written.replace('_', "").to_lowercase();
    let radix = |name: &str, radix: u32| match text.get(2..).map(|digits| i64::from_str_radix(digits, radix)) {
        Some(Ok(number)) => Ok(Val::int(number)),
        Some(Err(why)) => fail!("invalid {name} literal: {}", crate::go::strconv::int_error(&shown(written), &why)),
        None => fail!("invalid {name} literal"),
    };
    match text.get(..2) {
        Some("0x") => radix("hex", 16),
        Some("0b") => radix("binary", 2),
        Some("0o") => radix("octal", 8),
        _ if text.contains(['.', 'e']) => match crate::go::strconv::parse_float(&shown(written)) {
            Ok(number) => Ok(Val::Float(number)),
            Err(why) => fail!("invalid float literal: {why}"),
        },
        _ => match text.parse() {
            Ok(number) => Ok(Val::int(number)),
            Err(why) => fail!("invalid integer literal: {}", crate::go::strconv::int_error(&shown(written), &why)),
        },
    }
}

fn shown(written: &str) -> String {
    written.replace('_', "")
}

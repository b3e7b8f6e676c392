//! Escapes in quoted texts.

use crate::error::{Error, Result};

/// The text between quotes, its escapes resolved: those of Go, and `\u{XXXXXX}`.
pub fn unescape(quoted: &str) -> Result<String> {
    let mut out = String::with_capacity(quoted.len());
    let mut rest = quoted.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let escape = rest.next().ok_or_else(bad)?;
        out.push(match escape {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '\'' | '"' | '`' | '?' => escape,
            'x' | 'X' => code(digits(&mut rest, 2, 16)?)?,
            'u' if rest.as_str().starts_with('{') => braced(&mut rest)?,
            // Halves of surrogate pairs stand for nothing.
            'u' => char::from_u32(digits(&mut rest, 4, 16)?).unwrap_or(char::REPLACEMENT_CHARACTER),
            'U' => code(digits(&mut rest, 8, 16)?)?,
            '0'..='3' => code(digits(&mut rest, 2, 8)? + (escape as u32 - '0' as u32) * 64)?,
            '4'..='7' => return Err(unable()),
            _ => return Err(bad()),
        });
    }
    Ok(out)
}

/// The bytes between quotes: texts as UTF-8, `\xNN` and `\NNN` as they are.
pub fn bytes(quoted: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(quoted.len());
    let mut rest = quoted.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = rest.next().ok_or_else(bad)?;
        let code = match escape {
            'x' | 'X' => digits(&mut rest, 2, 16)?,
            '0'..='3' => digits(&mut rest, 2, 8)? + (escape as u32 - '0' as u32) * 64,
            'u' | 'U' | '4'..='7' => return Err(unable()),
            _ => unescape(&format!("\\{escape}"))?.chars().next().map_or(0, u32::from),
        };
        out.push(u8::try_from(code).map_err(|_| bad())?);
    }
    Ok(out)
}

fn bad() -> Error {
    Error::new("invalid char escape")
}

fn unable() -> Error {
    Error::new("unable to unescape string")
}

fn digits(rest: &mut std::str::Chars<'_>, count: u32, radix: u32) -> Result<u32> {
    (0..count).try_fold(0_u32, |sum, _| {
        let digit = rest.next().and_then(|c| c.to_digit(radix)).ok_or_else(bad)?;
        sum.checked_mul(radix).map(|sum| sum + digit).ok_or_else(bad)
    })
}

fn code(code: u32) -> Result<char> {
    char::from_u32(code).ok_or_else(bad)
}

/// `{1F600}`: up to six digits in braces.
fn braced(rest: &mut std::str::Chars<'_>) -> Result<char> {
    let text = rest.as_str();
    let end = text.find('}').filter(|end| (2..=7).contains(end)).ok_or_else(bad)?;
    let number = u32::from_str_radix(&text[1..end], 16).map_err(|_| bad())?;
    *rest = text[end + 1..].chars();
    code(number)
}

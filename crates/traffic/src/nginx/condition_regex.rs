//! Regular expressions in annotations. ingress-nginx looks at the value of an annotation before it uses it, and drops one
//! that has other characters than these: then every request whose header says `always` would match instead.

use crate::Pattern;
use crate::regex::within_cookie;

/// Separates cookies; the character itself may not be in an annotation.
const SEMICOLON: &str = r"\x3B";

/// Whether names and exact values may look like this.
pub fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~/:".contains(c))
}

/// An expression that matches this alone.
pub fn literal(text: &str) -> String {
    let mut all = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'_' | b'~' | b'/' | b':' | b'&' | b'=' => all.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => all.push(char::from(byte)),
            b'.' | b'^' | b'$' | b'[' | b']' | b'(' | b')' | b'{' | b'}' | b'*' | b'+' | b'?' | b'|' | b'\\' => {
                all.extend(['\\', char::from(byte)]);
            }
            _ => all.push_str(&format!("\\x{byte:02X}")),
        }
    }
    all
}

/// An expression for the whole value.
///
/// # Errors
/// A character that cannot be in an annotation.
pub fn value(pattern: &Pattern) -> Result<String, String> {
    Ok(match pattern {
        Pattern::Exact(value) => literal(value),
        Pattern::Prefix(prefix) => format!("{}.*", literal(prefix)),
        Pattern::Regex(regex) => format!("(?:{})", allowed(regex)?),
    })
}

/// `name=value` in the header of cookies.
///
/// # Errors
/// A character that cannot be in an annotation.
pub fn cookie(name: &str, pattern: &Pattern) -> Result<String, String> {
    let value = match pattern {
        Pattern::Prefix(prefix) => format!("{}[^{SEMICOLON}]*", literal(prefix)),
        Pattern::Regex(regex) => format!("(?:{})", allowed(&within_cookie(regex))?),
        Pattern::Exact(value) => literal(value),
    };
    Ok(format!("{}={value}", literal(name)))
}

/// A header that is any of these.
pub fn header(values: &[String]) -> String {
    match values {
        [value] => format!("^{value}$"),
        _ => format!("^(?:{})$", values.join("|")),
    }
}

/// A header of cookies that holds any of these.
pub fn cookies(cookies: &[String]) -> String {
    format!(r"(?:^|{SEMICOLON}\s*)(?:{})\s*(?:{SEMICOLON}|$)", cookies.join("|"))
}

/// A user's expression, with characters written otherwise that may not stand there themselves.
fn allowed(regex: &str) -> Result<String, String> {
    let mut all = String::new();
    let mut is_escaped = false;
    for c in regex.chars() {
        match c {
            _ if c.is_ascii_alphanumeric() || r"-._~/:^$[](){}*+?|&=\".contains(c) => all.push(c),
            // These mean nothing but themselves, with a backslash before them or without.
            ' ' | ';' | '"' | '@' | '%' | '`' => {
                if is_escaped {
                    all.pop();
                }
                all.push_str(&format!("\\x{:02X}", u32::from(c)));
            }
            _ => return Err(format!("NGINX cannot have {c:?} in a regular expression of an annotation")),
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    Ok(all)
}

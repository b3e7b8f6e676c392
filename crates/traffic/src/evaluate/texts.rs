//! Comparing parts of requests.

use super::Request;
use regex_lite::Regex;

impl Request {
    /// A header; several of one name are one with commas.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        if name.eq_ignore_ascii_case("cookie") && !self.cookies.is_empty() {
            return Some(
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; "),
            );
        }
        let all: Vec<&str> = self
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!all.is_empty()).then(|| all.join(","))
    }

    /// The first parameter of this name.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The first cookie of this name.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Whether the expression matches all of the text. One that cannot be read matches nothing.
pub fn all_matches(regex: &str, text: &str) -> bool {
    part_matches(&format!("^(?:{regex})$"), text)
}

/// Whether the expression matches a part of the text. One that cannot be read matches nothing.
pub fn part_matches(regex: &str, text: &str) -> bool {
    Regex::new(regex).is_ok_and(|regex| regex.is_match(text))
}

/// Whether the host is meant: by its name, or as one below `*.name`; a star, or nothing, means all. How special that is: the
/// number of letters that count, and whether it is the whole name.
pub fn host_rank(pattern: &str, host: &str) -> Option<(bool, usize)> {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    match pattern.strip_prefix('*') {
        Some(end) => host.strip_suffix(end).filter(|rest| !rest.is_empty()).map(|_| (false, end.len())),
        None if pattern.is_empty() => Some((false, 0)),
        None => (pattern == host).then_some((true, pattern.len())),
    }
}

/// Whether `path` is `prefix` or below it, element by element.
pub fn is_below(prefix: &str, path: &str) -> bool {
    let stem = prefix.trim_end_matches('/');
    path.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether the text fits a pattern in which `*` stands for anything, `?` for any one character, and what follows a
/// backslash for itself.
pub fn fits(pattern: &str, text: &str) -> bool {
    let mut regex = String::from("(?s)^");
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '\\' => regex.extend(chars.next().map(|c| regex_lite::escape(c.encode_utf8(&mut [0; 4])))),
            c => regex.push_str(&regex_lite::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push('$');
    part_matches(&regex, text)
}

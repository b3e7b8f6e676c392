//! The part of a URL behind the question mark.

use std::fmt::Write as _;

/// Query parameters, kept in the order they were given.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Adds a parameter; an empty value leaves it out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.0.push((name, value));
        }
        self
    }

    /// Only objects whose labels match, in the syntax of `kubectl -l`.
    #[must_use]
    pub fn labels(self, selector: impl Into<String>) -> Self {
        self.with("labelSelector", selector)
    }

    /// Only objects whose fields match, such as `metadata.name=a`.
    #[must_use]
    pub fn fields(self, selector: impl Into<String>) -> Self {
        self.with("fieldSelector", selector)
    }

    /// `path` followed by the parameters.
    pub fn on(&self, path: &str) -> String {
        let mut url = path.to_owned();
        for (i, (name, value)) in self.0.iter().enumerate() {
            url.push(if i == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            encode(value, &mut url);
        }
        url
    }
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_and_leaves_out_the_empty() {
        let query = Query::default().labels("a in (b, c),!d").with("limit", "").with("watch", "true");
        assert_eq!(query.on("/x"), "/x?labelSelector=a%20in%20%28b%2C%20c%29%2C%21d&watch=true");
        assert_eq!(Query::default().on("/x"), "/x");
    }
}
